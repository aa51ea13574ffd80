"""(scheduled sequences, step) in, the micro-batches of one rank out. The only state is the step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.core.errors import UserError
from stages.mix.sequences import ScheduledSequences, SequenceBatch, read_sequences
from stages.tokenize.read import PADDING
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
        sequences: ScheduledSequences,
        batch_sequences: int,
        micro_batch_sequences: int,
        rank: int = 0,
        world_size: int = 1,
        document_mask: bool = False,
    ) -> None:
        if batch_sequences % world_size:
            raise UserError(f"batch_sequences {batch_sequences} must be a multiple of the {world_size} ranks")
        self._sequences = sequences
        self._tokens, self._schedule = sequences.tokens, sequences.schedule
        self._batch_sequences, self._micro = batch_sequences, micro_batch_sequences
        self._length = sequences.length
        self._rank, self._world_size = rank, world_size
        self._document_mask = document_mask

    def micro_batches(self, step: int) -> list[MicroBatch]:
        """The micro-batches of this rank at `step` (from 0); shards of a store are copied here ahead of it."""
        places = range(
            step * self._batch_sequences + self._rank, (step + 1) * self._batch_sequences, self._world_size
        )
        parts = [places[start : start + self._micro] for start in range(0, len(places), self._micro)]
        return [
            self._made(
                self._sequences.read(part.start, part[-1] + 1, self._world_size, self._document_mask),
                len(part) / len(places),
            )
            for part in parts
        ]

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

    def held_out(self) -> dict[str, list[MicroBatch]]:
        """This rank's part of the held-out sequences by source; every rank has as many micro-batches, padded at the end."""
        batches = {}
        for source in self._schedule.sources:
            held = self._schedule.held_out(source)
            if not held:
                continue
            mine = [(source, held[n] if n < len(held) else None) for n in self._places(len(held))]
            starts = range(0, len(mine), self._micro)
            batches[source] = [self._held_out(mine[at : at + self._micro], len(mine)) for at in starts]
        return batches

    def _held_out(self, rows: list[tuple[str, int | None]], rank_sequences: int) -> MicroBatch:
        read = read_sequences(self._tokens, rows, self._length, self._document_mask)
        return self._made(read, len(rows) / rank_sequences)

    def _places(self, number: int) -> range:
        """This rank's places among `number`, and beyond them as many as make ranks equal."""
        return range(self._rank, -(-number // self._world_size) * self._world_size, self._world_size)

    def bits_per_byte(self, step: int, loss: float) -> float:
        """Bits of a byte of text at `loss` nats a token, for the sources of a step's batch."""
        number = self._schedule.batch(step, self._batch_sequences).rows()
        bytes_per_token = sum(self._tokens.bytes_per_token(source) for source, _, _ in number) / len(number)
        return loss / math.log(2) / bytes_per_token

    def source_bits_per_byte(self, source: str, loss: float) -> float:
        """Bits of a byte of text at `loss` nats a token of one source; equal for tokenizers that model text equally well."""
        return loss / math.log(2) / self._tokens.bytes_per_token(source)

    def documents(self, step: int) -> dict[str, list[str]]:
        """Ids of the documents in the batch of `step` (from 0) over all ranks, by source, in order and once."""
        found: dict[str, dict[str, None]] = {}
        for source, _, sequence in self._schedule.batch(step, self._batch_sequences).rows():
            for start, stop in self._tokens.spans(source, sequence, self._length):
                ids, _ = self._tokens.documents_of(source, start, stop)
                found.setdefault(source, {}).update(dict.fromkeys(ids))
        return {source: list(ids) for source, ids in sorted(found.items())}

    def _made(self, read: SequenceBatch, fraction: float) -> MicroBatch:
        segments, positions = (
            None if column is None else torch.from_numpy(np.ascontiguousarray(column[:, :-1]))
            for column in (read.segments, read.positions)
        )
        targets = np.where(read.ids[:, 1:] == PADDING, IGNORED, read.ids[:, 1:])
        inputs = torch.from_numpy(np.maximum(read.ids[:, :-1], 0))
        filled = float(np.count_nonzero(targets != IGNORED) / targets.size)
        return MicroBatch(inputs, torch.from_numpy(targets), segments, positions, fraction, filled)
