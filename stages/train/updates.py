"""Micro-batches in, gradients, the update and losses out: what happens to the model in a step, whatever shares it out."""

from __future__ import annotations

import torch
import torch.distributed as dist

from stages.train.config import TrainConfig
from stages.train.loader import Loader, MicroBatch
from stages.train.model import Llama
from stages.train.optimizer import make_optimizer, set_learning_rate
from stages.train.ranks import Place
from stages.train.sharding import (
    clip_gradients,
    give_up_weights,
    make_forward,
    precision_on,
    sync_gradients,
)


class Updates:
    """The model and its optimizer, and what is done with them; all processes call it alike."""

    def __init__(self, config: TrainConfig, model: Llama, place: Place) -> None:
        self.model, self.optimizer = model, make_optimizer(model, config, place.device)
        self._max_grad_norm, self._place = config.max_grad_norm, place
        self._precision = precision_on(config, place.device)
        self._forward = make_forward(model, config, place)

    def gradients(self, batches: list[MicroBatch]) -> tuple[float, float]:
        """Loss of a batch, and the norm of its gradients before they are scaled down to the greatest that is allowed."""
        device = self._place.device
        # loss by position, and the share of positions that have a target
        total = torch.zeros(2, device=device)
        for number, batch in enumerate(batches):
            # Ranks exchange gradients once a step, after the last micro-batch.
            sync_gradients(self._forward, number == len(batches) - 1)
            minimised, loss = self._losses(batch.to(device)) * batch.fraction
            minimised.backward()
            total[0] += loss.detach()
            total[1] += batch.filled * batch.fraction
        if self._place.world_size > 1:
            dist.all_reduce(total)
            total /= self._place.world_size
        norm = clip_gradients(self.model, self._max_grad_norm, self._place)
        return float(total[0] / total[1]), float(norm)

    def update(self, rate: float) -> None:
        """Take the step of the gradients."""
        set_learning_rate(self.optimizer, rate)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    @torch.no_grad()
    def held_out(self, loader: Loader) -> dict[str, dict[str, float]]:
        """Loss on the held-out sequences of each source, in nats a token, and in bits a byte of text."""
        found = {}
        for source, batches in loader.held_out().items():
            sums = torch.zeros(2, dtype=torch.float64, device=self._place.device)
            for batch in batches:
                sums[0] += self._losses(batch.to(self._place.device))[1] * batch.targets.numel()
                sums[1] += batch.filled * batch.targets.numel()
            if self._place.world_size > 1:
                dist.all_reduce(sums)
            loss = float(sums[0] / sums[1])
            found[source] = {"loss": loss, "bits_per_byte": loader.source_bits_per_byte(source, loss)}
        give_up_weights(self._forward)
        return found

    @torch.no_grad()
    def sample(self, first: int, last: int, number: int, seed: int) -> list[int]:
        """At most `number` tokens after `first`, drawn by their probabilities, up to the token `last`."""
        generator = torch.Generator().manual_seed(seed)
        ids = [first]
        for _ in range(number):
            # Every process draws all of them, so that all put together the same weights.
            logits = self.model(torch.tensor([ids], device=self._place.device))[0, -1]
            chances = logits.double().cpu().softmax(-1)
            ids.append(int(torch.multinomial(chances, 1, generator=generator)))
        give_up_weights(self._forward)
        drawn = ids[1:]
        return drawn[: drawn.index(last)] if last in drawn else drawn

    def _losses(self, batch: MicroBatch) -> torch.Tensor:
        # A cast is used once and not kept: gradients of the parts of the loss must add up in float32.
        cast = torch.autocast(
            self._place.device.type,
            dtype=torch.bfloat16,
            enabled=self._precision == "autocast",
            cache_enabled=False,
        )
        with cast:
            losses: torch.Tensor = self._forward(batch.inputs, batch.segments, batch.positions, batch.targets)
        return losses
