"""Packed tokens and a mixture in, a checkpoint and log.jsonl out: the training loop (LLaMA, section 2.3).

A run that is stopped anywhere goes on from its last checkpoint and ends with the same weights and log as one
that never stopped; on one kind of CPU bit for bit. Under torchrun it is data-parallel, on the same batches.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import torch
import torch.distributed as dist
from torch import nn

from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import content_of
from stages.core.manifest import MODEL, FileInfo
from stages.mix.schedule import Mixture, Schedule, read_mixture
from stages.tokenize.read import PackedTokens
from stages.train.checkpoint import (
    checkpoint_name,
    delete_old_checkpoints,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from stages.train.config import TrainConfig
from stages.train.guard import fault, stopped, write_batch
from stages.train.loader import Loader, MicroBatch
from stages.train.log import StepInfo, read_log, skipped_row, write_log
from stages.train.model import Llama
from stages.train.optimizer import learning_rate, make_optimizer, set_learning_rate
from stages.train.ranks import Place, torch_ranks, torch_settings
from stages.train.sharding import (
    give_up_weights,
    give_weights,
    make_forward,
    make_model,
    precision_on,
    sync_gradients,
    whole,
)
from stages.train.start import start_weights

PEAK_FLOPS = {"A100": 312e12, "H100": 989e12, "H200": 989e12, "L40S": 362e12, "B200": 2250e12}
"""Dense bfloat16 operations per second by a part of the device's name, for the model FLOPs utilisation."""


@dataclass(frozen=True)
class TrainResult:
    """What a finished, or stopped, training left: its files and figures. Losses in nats per token."""

    files: tuple[FileInfo, ...]
    steps: int
    tokens: int
    first_loss: float
    final_loss: float
    parameters: int


def train(
    config: TrainConfig,
    pack_folder: str,
    mix_folder: str,
    output: str,
    on_step: Callable[[StepInfo], None] | None = None,
    stop_step: int | None = None,
    fit_folder: str | None = None,
) -> TrainResult:
    """Train to the end, or to `stop_step`, from the last checkpoint in `output` when there is one."""
    tokens, mixture = PackedTokens.open(pack_folder, fit_folder), read_mixture(mix_folder)
    num_steps = steps_of(config, mixture)
    with torch_settings(config), torch_ranks(config) as place:
        loader = Loader(
            tokens,
            Schedule(mixture, config.seed, config.held_out_sequences),
            config.batch_sequences,
            config.micro_batch_sequences,
            place.rank,
            place.world_size,
            config.masks_documents,
        )
        model = make_model(config, tokens.vocab_size, place)
        give_weights(model, _first_weights(model, config), config.start or "the first weights")
        identity = _identity(config, mixture, num_steps, tokens.vocab_size)
        trainer = _Trainer(config, model, loader, place, num_steps, mixture.sequence_length, output, identity)
        trainer.resume()
        return trainer.run(min(stop_step or num_steps, num_steps), on_step)


def steps_of(config: TrainConfig, mixture: Mixture) -> int:
    """Steps of the run; a UserError when the mixture has too few sequences or the warm-up is too long."""
    available = mixture.num_steps(config.batch_sequences)
    num_steps = config.steps or available
    if available == 0:
        raise UserError(
            f"the mixture draws {mixture.total_sequences} sequences, fewer than one batch of"
            f" {config.batch_sequences}; lower batch_sequences or raise the mixture's budget"
        )
    if num_steps > available:
        raise UserError(
            f"steps {num_steps} need {num_steps * config.batch_sequences} sequences, but the mixture draws"
            f" {mixture.total_sequences}, enough for {available}; lower steps or raise the mixture's budget"
        )
    if config.warmup_steps >= num_steps:
        raise UserError(
            f"warmup_steps {config.warmup_steps} must be below the {num_steps} steps of the run; lower it"
        )
    return num_steps


def _first_weights(model: Llama, config: TrainConfig) -> Iterator[tuple[str, torch.Tensor]]:
    """What the model begins with: those of `start`, or weights drawn by the seed."""
    if config.start is None:
        return model.first_weights(config.seed)
    names = [name for name, _ in model.named_parameters()]
    return start_weights(config.start, config.sizes, model.vocab_size, names)


class _Trainer:
    """The state of a run between two steps: model, optimizer, step and log."""

    def __init__(
        self,
        config: TrainConfig,
        model: Llama,
        loader: Loader,
        place: Place,
        num_steps: int,
        sequence_length: int,
        output: str,
        identity: dict[str, Any],
    ) -> None:
        self.config, self.model, self.loader, self.place = config, model, loader, place
        self.num_steps, self.output, self.identity = num_steps, output, identity
        self.step = 0
        self.log: list[dict[str, Any]] = []
        self.saved: dict[str, FileInfo] = {}
        self.optimizer = make_optimizer(model, config, place.device)
        self.step_tokens = config.batch_sequences * sequence_length
        self.step_flops = self.step_tokens * config.sizes.flops_per_token(model.vocab_size, sequence_length)
        self.precision = precision_on(config, place.device)
        self.forward = make_forward(model, config, place)

    def resume(self) -> None:
        """Go back to the last checkpoint, and to the log up to it."""
        found = list_checkpoints(self.output)
        if not found:
            return
        load_checkpoint(
            self.output, found[-1], self.model, self.optimizer, self._identity_at(found[-1]), self.place
        )
        self.step = found[-1]
        self.log = read_log(self.output, self.step)

    def run(self, stop_step: int, on_step: Callable[[StepInfo], None] | None) -> TrainResult:
        """Train up to `stop_step`, with a checkpoint there."""
        for step, batches in self.loader.steps(self.step, stop_step):
            self.step = step + 1
            info = None if self.step in self.config.skip_batches else self._trained(step, batches)
            self.log.append(skipped_row(self.step, self._tokens()) if info is None else info.log_row())
            if self.step % self.config.checkpoint_steps == 0 or self.step == stop_step:
                self._save()
            if info is not None and on_step is not None and self.place.rank == 0:
                on_step(info)
        losses = [row["loss"] for row in self.log if "loss" in row]
        if not losses:
            raise UserError(f"skip_batches leaves out all {self.step} steps; there is nothing to train on")
        return TrainResult(
            files=self._files(),
            steps=self.step,
            tokens=self._tokens(),
            first_loss=losses[0],
            final_loss=losses[-1],
            parameters=sum(weight.numel() for weight in self.model.parameters()),
        )

    def _tokens(self) -> int:
        """Tokens trained on so far."""
        return (self.step - len(self._skipped(self.step))) * self.step_tokens

    def _skipped(self, step: int) -> list[int]:
        """The batches left out up to `step`: part of what a checkpoint is one of."""
        return sorted({number for number in self.config.skip_batches if number <= step})

    def _identity_at(self, step: int) -> dict[str, Any]:
        return {**self.identity, "skip_batches": self._skipped(step)}

    def _trained(self, step: int, batches: list[MicroBatch]) -> StepInfo:
        """Train on one batch, and measure the held-out loss where it is due."""
        started = time.perf_counter()
        loss, rate, norm = self._one_step(step, batches)
        seconds = time.perf_counter() - started
        due = self.step % self.config.held_out_steps == 0 or self.step == self.num_steps
        return StepInfo(
            step=self.step,
            num_steps=self.num_steps,
            loss=loss,
            bits_per_byte=self.loader.bits_per_byte(step, loss),
            rate=rate,
            grad_norm=norm,
            tokens=self._tokens(),
            tokens_per_second=self.step_tokens / seconds,
            mfu=self._mfu(seconds),
            held_out=self._held_out() if due and self.config.held_out_sequences else None,
        )

    @torch.no_grad()
    def _held_out(self) -> dict[str, dict[str, float]]:
        """Loss on the held-out sequences of each source, in nats a token, and in bits a byte of text."""
        found = {}
        for source, batches in self.loader.held_out().items():
            sums = torch.zeros(2, dtype=torch.float64, device=self.place.device)
            for batch in batches:
                sums[0] += self._losses(batch.to(self.place.device))[1] * batch.targets.numel()
                sums[1] += batch.filled * batch.targets.numel()
            if self.place.world_size > 1:
                dist.all_reduce(sums)
            loss = float(sums[0] / sums[1])
            bits = self.loader.source_bits_per_byte(source, loss)
            found[source] = {"loss": loss, "bits_per_byte": bits}
        give_up_weights(self.forward)
        return found

    def _stop_at_fault(self, step: int, loss: float, norm: float) -> None:
        """Raise when the step must not be taken; all processes see the same figures and stop together."""
        wrong = fault(loss, norm, self.log, self.config)
        if wrong is None:
            return
        documents = self.loader.documents(step)
        if self.place.rank == 0:
            write_batch(self.output, step + 1, wrong, documents)
        before = list_checkpoints(self.output)
        checkpoint = checkpoint_name(before[-1]) if before else None
        raise stopped(self.output, step + 1, wrong, documents, checkpoint)

    def _one_step(self, step: int, batches: list[MicroBatch]) -> tuple[float, float, float]:
        """Forward, backward and update on one batch; its mean loss, the rate and the norm before clipping."""
        device = self.place.device
        total = torch.zeros(
            2, device=device
        )  # loss by position, and the share of positions that have a target
        for number, batch in enumerate(batches):
            # Ranks exchange gradients once a step, after the last micro-batch.
            sync_gradients(self.forward, number == len(batches) - 1)
            minimised, loss = self._losses(batch.to(device)) * batch.fraction
            minimised.backward()
            total[0] += loss.detach()
            total[1] += batch.filled * batch.fraction
        if self.place.world_size > 1:
            dist.all_reduce(total)
            total /= self.place.world_size
        norm = whole(
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm), self.place.device
        )
        loss = float(total[0] / total[1])
        self._stop_at_fault(step, loss, float(norm))
        rate = learning_rate(step, self.num_steps, self.config)
        set_learning_rate(self.optimizer, rate)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss, rate, float(norm)

    def _losses(self, batch: MicroBatch) -> torch.Tensor:
        # A cast is used once and not kept: gradients of the parts of the loss must add up in float32.
        cast = torch.autocast(
            self.place.device.type,
            dtype=torch.bfloat16,
            enabled=self.precision == "autocast",
            cache_enabled=False,
        )
        with cast:
            losses: torch.Tensor = self.forward(batch.inputs, batch.segments, batch.positions, batch.targets)
        return losses

    def _mfu(self, seconds: float) -> float | None:
        if self.place.device.type != "cuda":
            return None
        name = torch.cuda.get_device_name(self.place.device)
        peak = next((flops for part, flops in PEAK_FLOPS.items() if part in name), None)
        return None if peak is None else self.step_flops / seconds / (peak * self.place.world_size)

    def _save(self) -> None:
        """The log first, so that no checkpoint is ever ahead of it; then the checkpoint."""
        if self.place.rank == 0:
            write_log(self.output, self.log)
        checkpoint = save_checkpoint(
            self.output, self.step, self.model, self.optimizer, self._identity_at(self.step), self.place
        )
        if checkpoint is not None:
            self.saved[checkpoint.name] = checkpoint
            self._delete_old()

    def _delete_old(self) -> None:
        delete_old_checkpoints(self.output, self.config.keep_checkpoints, self.config.keep_steps)

    def _files(self) -> tuple[FileInfo, ...]:
        """The log, cut to the checkpoint that it ends with, and the checkpoints that are kept, the last one last."""
        if self.place.rank != 0:
            return ()
        self._delete_old()
        kept = list_checkpoints(self.output)
        return write_log(self.output, self.log), *map(self._checkpoint_file, kept)

    def _checkpoint_file(self, step: int) -> FileInfo:
        name = checkpoint_name(step)
        if name in self.saved:
            return self.saved[name]
        uri = storage.join(self.output, name)  # of an earlier attempt
        return FileInfo(
            name=name,
            kind=MODEL,
            rows=step,
            bytes=storage.size_bytes(uri),
            sha256=storage.sha256_file(uri),
        )


def _identity(config: TrainConfig, mixture: Mixture, num_steps: int, vocab_size: int) -> dict[str, Any]:
    """What a checkpoint is a checkpoint of, flat, so that a difference can be named."""
    described = {
        name: value
        for name, value in content_of(config).items()
        if name not in ("model", "steps", "peak_rate", "document_mask")
    }
    sizes = {f"model.{key}": value for key, value in config.sizes.model_dump(mode="json").items()}
    encoded = orjson.dumps(mixture.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return {
        **described,
        **sizes,
        "steps": num_steps,
        "peak_rate": config.peak,
        "document_mask": config.masks_documents,
        "vocab_size": vocab_size,
        "mixture": hashlib.sha256(encoded).hexdigest()[:16],
    }
