"""Texts in, ids out of a table of words, where only unknown words are given to whoever encodes them (LLaMA, 2.1).

Who uses it says between which bytes no word ends; a word's ids are its own, whatever stands around it. SentencePiece's BPE
models (`stages/tokenize`) and the unigram models before KenLM (`unigram_words`) both have such words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import Offsets, large_strings, string_buffers
from stages.kernels.words import word_cache as cache
from stages.kernels.words import word_table as table

MIN_SLOTS = 1 << 14
MAX_SLOTS = 1 << 21
"""Slots of the table, 32 bytes each; when half of them are filled, the words that were not found again go."""

MAX_KEPT_BYTES = 16 << 20
"""Bytes of words longer than 16 bytes, at most."""

MAX_KEPT_IDS = 4 << 20
"""Ids of words whose ids have no room in their slot, about."""

MAX_UNKNOWN = 1 << 15
"""Unknown words that SentencePiece encodes in one call, at most."""

MAX_AHEAD_BYTES = 1 << 20
"""How far past the first unknown word others are looked for."""

EncodeWords = Callable[[pa.Array], tuple[npt.NDArray[np.uint32], Offsets]]
"""Words to their ids, end to end, and offsets (words + 1,)."""


def flatten(rows: Sequence[Sequence[int]], dtype: npt.DTypeLike) -> tuple[npt.NDArray[Any], Offsets]:
    """Lists of ids end to end, and the offsets (rows + 1,) of each list."""
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=offsets[1:])
    return np.fromiter(chain.from_iterable(rows), dtype, int(offsets[-1])), offsets


def framed(flat: npt.NDArray[Any], offsets: Offsets, bos: int, eos: int) -> tuple[npt.NDArray[Any], Offsets]:
    """The same rows, each between `bos` and `eos`."""
    rows = np.arange(len(offsets), dtype=np.int64)
    ends = offsets + 2 * rows
    out = np.empty(int(ends[-1]), flat.dtype)
    inner = np.ones(len(out), np.bool_)
    inner[ends[:-1]] = inner[ends[1:] - 1] = False
    out[ends[:-1]] = bos
    out[ends[1:] - 1] = eos
    out[inner] = flat
    return out, ends


class WordEncoder:
    """Encodes texts by words; `encode_words` is asked once for each word as long as the cache holds it.

    What is kept has no effect on the ids. Memory is bounded by the constants above: about 100 MB, twice that for a moment.
    """

    def __init__(
        self,
        joins: npt.NDArray[np.bool_],
        encode_words: EncodeWords,
        dtype: np.dtype[Any],
        ends: tuple[int, int],
        prefix: bool,
        max_slots: int = MAX_SLOTS,
    ) -> None:
        """`joins` (65536,): the pairs of bytes that no word ends between; `prefix`: a space before each text."""
        self._encode_words = encode_words
        self._dtype = dtype
        self._ends = ends
        self._prefix = prefix
        self._joins = joins
        self._max_slots = max_slots
        self._unknown = np.empty((MAX_UNKNOWN, len(table.Unknown)), np.int64)
        self._slots = table.empty_table(min(MIN_SLOTS, max_slots))
        self._kept = np.zeros(1 << 16, np.uint8)
        self._ids = np.zeros(1 << 16, np.uint32)
        self._num_words = self._num_bytes = self._num_ids = 0

    def encode(self, texts: pa.Array) -> tuple[npt.NDArray[Any], Offsets]:
        """The ids of each text between the two ends, one text after another, and offsets (rows + 1,) of each text."""
        offsets, data = cache.frame(*string_buffers(texts), self._prefix)
        out = np.empty(len(data) + 2 * len(offsets) + table.MAX_WORD_BYTES, self._dtype)
        out_offsets = np.zeros(len(offsets), np.int64)
        place = np.zeros(cache.END + 1, np.int64)
        while True:
            tables = (self._joins, self._slots, self._kept, self._ids)
            status = cache.write_ids(data, offsets, *tables, place, out, out_offsets, *self._ends)
            if status == cache.DONE:
                return out[: place[cache.FILLED]], out_offsets
            if status == cache.LONG:
                self._write_long_word(data, place, out)
            elif not self._learn(data, int(place[cache.AT])):
                self._make_room()

    def _learn(self, data: npt.NDArray[np.uint8], at: int) -> bool:
        """Learn the unknown words of data[at:] as far as MAX_AHEAD_BYTES; False when there is room for none."""
        room = 0 if self._num_ids > MAX_KEPT_IDS else len(self._slots) // 2 - self._num_words
        stop = min(at + MAX_AHEAD_BYTES, len(data) - table.PADDING_BYTES)
        tables = (self._joins, self._slots, self._kept, self._num_bytes)
        count, self._num_bytes = cache.enter_unknown(data, at, stop, *tables, room, self._unknown)
        if not count:
            return False
        unknown = self._unknown[:count]
        try:
            ids, offsets = self._encode_words(large_strings(*cache.gather(data, unknown)))
        except BaseException:
            self._forget()  # the words have no ids yet
            raise
        start, self._num_ids = self._num_ids, self._num_ids + len(ids)
        if self._num_ids > len(self._ids):
            self._ids = np.concatenate([self._ids[:start], np.zeros(2 * self._num_ids, np.uint32)])
        self._ids[start : self._num_ids] = ids
        table.learn(self._slots, unknown, self._ids, start, offsets, 8 // self._dtype.itemsize)
        self._num_words += count
        return True

    def _make_room(self) -> None:
        """Twice the room for what is full; where that is too much, only words found again since the last time stay."""
        words_full = self._num_words >= len(self._slots) // 2
        bytes_full = not words_full and self._num_ids <= MAX_KEPT_IDS
        num_slots, num_bytes = len(self._slots) << words_full, len(self._kept) << bytes_full
        if num_slots <= self._max_slots and num_bytes <= MAX_KEPT_BYTES and self._num_ids <= MAX_KEPT_IDS:
            self._rehash(num_slots, num_bytes, only_used=False)
            return
        self._rehash(len(self._slots), len(self._kept), only_used=True)
        filled = (self._num_words, self._num_bytes, self._num_ids)
        most = (len(self._slots) // 4, len(self._kept) // 2, MAX_KEPT_IDS // 2)
        if any(some > limit for some, limit in zip(filled, most, strict=True)):
            self._forget()

    def _forget(self) -> None:
        self._slots[:] = 0
        self._num_words = self._num_bytes = self._num_ids = 0

    def _rehash(self, num_slots: int, num_bytes: int, only_used: bool) -> None:
        slots, kept, ids = (
            table.empty_table(num_slots),
            np.zeros(num_bytes, np.uint8),
            np.zeros_like(self._ids),
        )
        counts = table.rehash(self._slots, self._kept, self._ids, slots, kept, ids, only_used)
        self._num_words, self._num_bytes, self._num_ids = counts
        self._slots, self._kept, self._ids = slots, kept, ids

    def _write_long_word(
        self,
        data: npt.NDArray[np.uint8],
        place: npt.NDArray[np.int64],
        out: npt.NDArray[np.unsignedinteger[Any]],
    ) -> None:
        """Write the ids of one word that is too long for the table."""
        start, end, filled = (int(place[i]) for i in (cache.AT, cache.END, cache.FILLED))
        ids, _ = self._encode_words(pa.array([data[start:end].tobytes().decode()], pa.large_string()))
        out[filled : filled + len(ids)] = ids
        place[cache.AT], place[cache.FILLED] = end, filled + len(ids)
