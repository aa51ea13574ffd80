"""Packed tokens and a schedule in, the token ids of any slots out, with the documents in them: what every trainer reads.

The same slots that our own trainer trains on (`stages/train/loader.py`), as NumPy arrays; nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.mix.schedule import Mixture, Schedule, Slots
from stages.tokenize.read import PADDING, PackedTokens

READ_AHEAD_SLOTS = 4096
"""Slots whose blocks are on their way from a store while earlier ones are used."""

WINDOW_SLOTS = 4096


@dataclass(frozen=True)
class SequenceBatch:
    """int64 arrays, all of shape (sequences, L + 1): inputs are all but the last column, targets all but the first.

    `ids` is PADDING after the last token. `segments` numbers the documents of a sequence from 0 and `positions` counts tokens
    within them, padding being a document of its own; both are None unless asked for.
    """

    ids: Int64Array
    segments: Int64Array | None = None
    positions: Int64Array | None = None


class ScheduledSequences:
    """The sequences of a mixture in the order of its schedule: item i is slot i. It can be sent to other processes."""

    def __init__(
        self, tokens: PackedTokens, schedule: Schedule, read_ahead_slots: int = READ_AHEAD_SLOTS
    ) -> None:
        check_same_tokens(tokens, schedule.mixture)
        self.tokens, self.schedule = tokens, schedule
        self.length = schedule.mixture.sequence_length
        self._read_ahead_slots = read_ahead_slots
        self._ahead = (0, 0, os.getpid())
        self._window = (0, schedule.slots(0, 0))

    def __len__(self) -> int:
        """All slots."""
        return self.schedule.num_slots

    def __getitem__(self, slot: int) -> Int64Array:
        """The L + 1 tokens of one slot; an IndexError beyond the last."""
        ids: Int64Array = self.read(slot, slot + 1).ids[0]
        return ids

    def identity(self) -> dict[str, Any]:
        """What makes the order of sequences: equal where states of a reader can be exchanged."""
        encoded = orjson.dumps(self.schedule.mixture.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        held_out = self.schedule.held_out_sequences
        digest = hashlib.sha256(encoded).hexdigest()[:16]
        return {"mixture": digest, "seed": self.schedule.seed, "held_out_sequences": held_out}

    def read(self, start: int, stop: int, step: int = 1, documents: bool = False) -> SequenceBatch:
        """Slots start, start + step, ... below stop."""
        rows = [(source, index) for source, _, index in self._slots(start, stop).every(step).rows()]
        found = read_sequences(self.tokens, rows, self.length, documents)
        self._read_ahead(stop)
        return found

    def _slots(self, start: int, stop: int) -> Slots:
        """Out of a window of the schedule, which for one slot would count again from far before it."""
        first, window = self._window
        if not first <= start <= stop <= first + len(window):
            until = min(max(stop, start + WINDOW_SLOTS), len(self))
            first, window = self._window = start, self.schedule.slots(start, max(stop, until))
        return window.part(start - first, stop - first)

    def _read_ahead(self, slot: int) -> None:
        """Ask for the blocks of the slots behind `slot`, those that were not asked for yet."""
        if self.tokens.is_here:
            return
        first, last, pid = self._ahead
        if pid != os.getpid() or not first <= slot <= last:
            first = last = slot
        until = min(slot + self._read_ahead_slots, len(self))
        is_due = until - last >= self._read_ahead_slots // 4 or until == len(self)
        if is_due and until > last:
            rows = [(source, index) for source, _, index in self.schedule.slots(last, until).rows()]
            self.tokens.fetch(rows, self.length, wait=False)
            last = until
        self._ahead = (first, last, os.getpid())


def read_sequences(
    tokens: PackedTokens, rows: Sequence[tuple[str, int | None]], length: int, documents: bool = False
) -> SequenceBatch:
    """Sequences (source, index) of `length` tokens; one without an index is all padding."""
    tokens.fetch([(source, index) for source, index in rows if index is not None], length)
    ids = np.full((len(rows), length + 1), PADDING, np.int64)
    for number, (source, index) in enumerate(rows):
        if index is not None:
            tokens.read_sequence(source, index, length, ids[number])
    if not documents:
        return SequenceBatch(ids)
    segments, positions = np.zeros_like(ids), np.empty_like(ids)
    positions[:] = np.arange(length + 1)
    for number, (source, index) in enumerate(rows):
        if index is not None:
            segments[number], positions[number] = tokens.segments(source, index, length, length + 1)
    return SequenceBatch(ids, segments, positions)


def cu_seqlens(segments: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Where documents begin in a batch (sequences, L) of document numbers laid end to end, and its size at the end.

    int32, as variable-length attention kernels take it (FlashAttention's `cu_seqlens`); sequences begin a document too.
    """
    numbers = np.atleast_2d(np.asarray(segments))
    begins = np.ones(numbers.shape, np.bool_)
    begins[:, 1:] = numbers[:, 1:] != numbers[:, :-1]
    return np.append(np.flatnonzero(begins), numbers.size).astype(np.int32)


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
