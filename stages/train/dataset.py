"""Scheduled sequences in, PyTorch's datasets of them out, for anyone's trainer: by slot, or the stream of one rank.

All ranks and workers of a stream share one order, the schedule's: batch i of all ranks together is slots i*B to (i+1)*B
whatever the number of workers, and a state is a place in that order, so that it can be gone on from with other workers,
and between two batches with other ranks and another size of batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from stages.core.errors import UserError
from stages.mix.sequences import ScheduledSequences, SequenceBatch
from stages.tokenize.read import PADDING
from stages.train.loss import IGNORED

TensorColumns = dict[str, Tensor]
"""int64 tensors: `input_ids`, `labels` (IGNORED where there is no token), with documents `position_ids`, `segment_ids`."""


class PackedDataset(Dataset[TensorColumns]):
    """Slot i of the schedule as item i, for samplers in order: the schedule has shuffled already.

    Shifted, labels are the inputs' next tokens and columns have shape (L,); otherwise labels are the inputs themselves, as
    models of `transformers` take them, and columns have shape (L + 1,).
    """

    def __init__(
        self, sequences: ScheduledSequences, *, document_mask: bool = False, shifted: bool = True
    ) -> None:
        self.sequences, self.document_mask, self.shifted = sequences, document_mask, shifted

    def __len__(self) -> int:
        """All slots of the mixture."""
        return len(self.sequences)

    def __getitem__(self, slot: int) -> TensorColumns:
        """The columns of one slot."""
        return self.__getitems__([slot])[0]

    def __getitems__(self, slots: Sequence[int]) -> list[TensorColumns]:
        """The same of several, read at once where they are evenly spaced; a DataLoader asks for a batch so."""
        step = slots[1] - slots[0] if len(slots) > 1 else 1
        if step > 0 and list(slots) == list(range(slots[0], slots[-1] + 1, step)):
            found = self.sequences.read(slots[0], slots[-1] + 1, step, self.document_mask)
            return _rows(columns(found, self.shifted), len(slots))
        return [row for slot in slots for row in self.__getitems__([slot])]


class PackedIterable(IterableDataset[TensorColumns]):
    """What one rank reads of batches of `batch_sequences` over all ranks, in micro-batches, up to the last whole batch.

    Items are sequences, for a DataLoader with `batch_size=micro_batch_sequences`; `stacked`, they are micro-batches, for one
    with `batch_size=None`. Ranks are those of torch.distributed, or of torchrun, unless given; ranks of tensor or
    pipeline parallelism must be given the number of their data-parallel group.
    """

    def __init__(
        self,
        sequences: ScheduledSequences,
        batch_sequences: int,
        *,
        micro_batch_sequences: int | None = None,
        rank: int | None = None,
        world_size: int | None = None,
        document_mask: bool = False,
        shifted: bool = True,
        stacked: bool = False,
    ) -> None:
        self.sequences, self.batch_sequences = sequences, batch_sequences
        self.rank, self.world_size = _place(rank, world_size)
        if batch_sequences < 1 or batch_sequences % self.world_size:
            raise UserError(
                f"batch_sequences {batch_sequences} must be a multiple of the {self.world_size} ranks"
            )
        self._of_rank = batch_sequences // self.world_size
        self.micro_batch_sequences = micro_batch_sequences or self._of_rank
        if self._of_rank % self.micro_batch_sequences:
            raise UserError(
                f"micro_batch_sequences {self.micro_batch_sequences} must divide the {self._of_rank} sequences"
                f" that a rank reads of a batch ({batch_sequences} over {self.world_size} ranks)"
            )
        self.document_mask, self.shifted, self.stacked = document_mask, shifted, stacked
        self._first_slot, self._begin, self._next = 0, 0, 0
        self._stream: tuple[int, int] | None = None
        self._resumed: tuple[int, int] | None = None

    def __len__(self) -> int:
        """Items from where it begins."""
        left = self._end() - self._begin
        return left // self.micro_batch_sequences if self.stacked else left

    def __iter__(self) -> Iterator[TensorColumns]:
        """From the loaded state, or from the beginning; in a worker of a DataLoader every workers'-th micro-batch."""
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        micro = self.micro_batch_sequences
        place = self._begin
        if self._resumed is not None and self._resumed != (worker, workers):
            raise UserError(
                f"the state is worker {self._resumed[0]}'s of {self._resumed[1]}, but this is worker {worker} of"
                f" {workers}; resume with as many workers, or use PackedLoader, whose state fits any number"
            )
        if self._resumed is None:
            if workers > 1 and place % micro:
                raise UserError(
                    f"the state is in the middle of a micro-batch of {micro}; resume it without workers"
                )
            place += worker * micro
        self._stream = (worker, workers) if workers > 1 else None
        while place < self._end():
            until = place - place % micro + micro
            after = until + (workers - 1) * micro
            found = columns(self._read(place, until), self.shifted)
            if self.stacked:
                self._next = after
                yield found
            else:
                for number, row in enumerate(_rows(found, until - place), place + 1):
                    self._next = number if number < until else after
                    yield row
            place = after
        self._next = place

    def state_dict(self) -> dict[str, Any]:
        """Where the iteration that began last is; in a worker, where its part is."""
        stream = {} if self._stream is None else {"worker": self._stream[0], "workers": self._stream[1]}
        return self._state(self._next) | stream

    def state_after(self, micro_batches: int) -> dict[str, Any]:
        """Where a reader is who got so many micro-batches since the iteration began."""
        return self._state(self._begin + micro_batches * self.micro_batch_sequences)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Begin the next iteration at a state; a UserError when it is of another order of sequences."""
        _check_state(state, self._state(0))
        self._first_slot, self._begin = state["slot"], state["sequence"]
        self._next = self._begin
        self._resumed = (state["worker"], state["workers"]) if "workers" in state else None

    def _state(self, place: int) -> dict[str, Any]:
        steps, sequence = divmod(place, self._of_rank)
        return {
            "slot": self._first_slot + steps * self.batch_sequences,
            "sequence": sequence,
            "batch_sequences": self.batch_sequences,
            "world_size": self.world_size,
            **self.sequences.identity(),
        }

    def _end(self) -> int:
        """This rank's sequences in whole batches, counted from the first slot."""
        return (len(self.sequences) - self._first_slot) // self.batch_sequences * self._of_rank

    def _read(self, place: int, until: int) -> SequenceBatch:
        """This rank's sequences place..until, all of one batch."""
        step, number = divmod(place, self._of_rank)
        batch = self._first_slot + step * self.batch_sequences + self.rank
        first, last = (batch + self.world_size * n for n in (number, number + until - place - 1))
        return self.sequences.read(first, last + 1, self.world_size, self.document_mask)


class PackedLoader(DataLoader[TensorColumns]):
    """A DataLoader of a PackedIterable whose state is that of the batches handed out, with any number of workers."""

    def __init__(self, dataset: PackedIterable, num_workers: int = 0, **options: Any) -> None:
        if num_workers and dataset.sequences.tokens.is_remote:
            options.setdefault("multiprocessing_context", "spawn")  # clients of stores do not survive a fork
        size = None if dataset.stacked else dataset.micro_batch_sequences
        super().__init__(dataset, batch_size=size, num_workers=num_workers, **options)
        self._packed = dataset
        self._given = 0

    def __iter__(self) -> Iterator[TensorColumns]:  # type: ignore[override]
        """Micro-batches of this rank."""
        self._given = 0
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where the reader is: behind the last micro-batch that it was given."""
        return self._packed.state_after(self._given)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Begin the next iteration at a state; a UserError when it is of another order of sequences."""
        self._packed.load_state_dict(state)
        self._given = 0


def columns(batch: SequenceBatch, shifted: bool = True) -> TensorColumns:
    """The tensors of a batch, each of shape (sequences, L), or (sequences, L + 1) where labels are not shifted."""
    inputs = np.s_[:, :-1] if shifted else np.s_[:, :]
    labels = np.s_[:, 1:] if shifted else np.s_[:, :]
    found = {
        "input_ids": np.maximum(batch.ids[inputs], 0),
        "labels": np.where(batch.ids[labels] == PADDING, IGNORED, batch.ids[labels]),
    }
    if batch.positions is not None and batch.segments is not None:
        found["position_ids"] = np.ascontiguousarray(batch.positions[inputs])
        found["segment_ids"] = np.ascontiguousarray(batch.segments[inputs])
    return {name: torch.from_numpy(column) for name, column in found.items()}


def _rows(found: TensorColumns, number: int) -> list[TensorColumns]:
    return [{name: column[row] for name, column in found.items()} for row in range(number)]


def _place(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """The rank given, or that of torch.distributed, or that of torchrun's variables, or the only one."""
    if (rank is None) != (world_size is None):
        raise UserError("give both rank and world_size, or neither")
    if rank is None or world_size is None:
        if dist.is_available() and dist.is_initialized():
            return dist.get_rank(), dist.get_world_size()
        rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if not 0 <= rank < world_size:
        raise UserError(f"rank {rank} of {world_size}: ranks are 0 to {world_size - 1}")
    return rank, world_size


def _check_state(state: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    if missing := sorted(own.keys() - state.keys()):
        raise UserError(f"this is no state of packed sequences (it has no {missing[0]!r})")
    between = ("slot", "sequence", *(() if state["sequence"] else ("batch_sequences", "world_size")))
    for name in sorted(own.keys() - set(between)):
        if state[name] != own[name]:
            raise UserError(
                f"the state was saved with {name} {state[name]}, but here it is {own[name]};"
                + (
                    " save between two batches to change it"
                    if name in ("batch_sequences", "world_size")
                    else " begin anew, or give what it was saved with"
                )
            )
