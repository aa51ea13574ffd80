"""(packed tokens, schedule, step) in, the micro-batches of one rank out. The only state is the step."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.core.errors import UserError
from stages.mix.schedule import Mixture, Schedule, Slots
from stages.tokenize.read import PADDING, PackedTokens
from stages.train.loss import IGNORED


@dataclass(frozen=True)
class MicroBatch:
    """int64 tensors, shape (sequences, length); `fraction` is its part of the rank's batch.

    Where a sequence has no token the target is IGNORED and the input 0; `filled` is the share of targets that are tokens.
    """

    inputs: Tensor
    targets: Tensor
    segments: Tensor | None
    positions: Tensor | None
    fraction: float
    filled: float = 1.0

    def to(self, device: torch.device) -> MicroBatch:
        """The same on `device`."""
        if device.type == "cpu":
            return self
        moved = [
            None if part is None else part.pin_memory().to(device, non_blocking=True)
            for part in (self.inputs, self.targets, self.segments, self.positions)
        ]
        assert moved[0] is not None and moved[1] is not None
        return MicroBatch(moved[0], moved[1], moved[2], moved[3], self.fraction, self.filled)


class Loader:
    """The batches of one rank: slots rank, rank + world_size, ... of each step's batch, in micro-batches."""

    def __init__(
        self,
        tokens: PackedTokens,
        schedule: Schedule,
        batch_sequences: int,
        micro_batch_sequences: int,
        rank: int = 0,
        world_size: int = 1,
        document_mask: bool = False,
    ) -> None:
        if batch_sequences % world_size:
            raise UserError(f"batch_sequences {batch_sequences} must be a multiple of the {world_size} ranks")
        check_same_tokens(tokens, schedule.mixture)
        self._tokens, self._schedule = tokens, schedule
        self._batch, self._micro = batch_sequences, micro_batch_sequences
        self._rank, self._world_size = rank, world_size
        self._document_mask = document_mask

    def slots(self, step: int) -> Slots:
        """What this rank reads at `step` (from 0)."""
        return self._schedule.batch(step, self._batch).of_rank(self._rank, self._world_size)

    def micro_batches(self, step: int) -> list[MicroBatch]:
        """The micro-batches of this rank at `step`."""
        slots = self.slots(step)
        starts = range(0, len(slots), self._micro)
        return [self._read(slots.part(start, start + self._micro), len(slots)) for start in starts]

    def steps(self, start: int, stop: int) -> Iterator[tuple[int, list[MicroBatch]]]:
        """Micro-batches of steps start..stop; the next step is read while this one is worked on."""
        if start >= stop:
            return
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="loader") as reader:
            ahead = reader.submit(self.micro_batches, start)
            for step in range(start, stop):
                batches = ahead.result()
                if step + 1 < stop:
                    ahead = reader.submit(self.micro_batches, step + 1)
                yield step, batches

    def _read(self, slots: Slots, rank_sequences: int) -> MicroBatch:
        length = self._schedule.mixture.sequence_length
        rows = slots.rows()
        ids = np.stack([self._tokens.sequence(source, sequence, length) for source, _, sequence in rows])
        segments = positions = None
        if self._document_mask:
            pairs = [self._tokens.segments(source, sequence, length) for source, _, sequence in rows]
            segments = torch.from_numpy(np.stack([pair[0] for pair in pairs]))
            positions = torch.from_numpy(np.stack([pair[1] for pair in pairs]))
        targets = np.where(ids[:, 1:] == PADDING, IGNORED, ids[:, 1:])
        inputs = torch.from_numpy(np.maximum(ids[:, :-1], 0))
        filled = float(np.count_nonzero(targets != IGNORED) / targets.size)
        fraction = len(rows) / rank_sequences
        return MicroBatch(inputs, torch.from_numpy(targets), segments, positions, fraction, filled)


def check_same_tokens(tokens: PackedTokens, mixture: Mixture) -> None:
    """A UserError when the mixture was made for other packed tokens."""
    if tokens.tokenizer_sha256 != mixture.tokenizer_sha256:
        raise UserError(
            f"the mixture was made for tokenizer {mixture.tokenizer_sha256[:12]}, but the packed tokens are"
            f" of {tokens.tokenizer_sha256[:12]}; run mix again"
        )
    if (mixture.packing == "best_fit") != (tokens.fitted is not None):
        raise UserError(
            f"the mixture is of {mixture.packing} sequences; give its fit stage too, or run mix again"
        )
    for source, part in mixture.sources.items():
        if not part.sequences:
            continue
        found = tokens.num_tokens(source)
        if found != part.tokens_available:
            raise UserError(
                f"the mixture was made for {part.tokens_available} tokens of {source}, but the shards hold"
                f" {found}; run mix again"
            )
