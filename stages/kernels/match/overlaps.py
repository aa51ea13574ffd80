"""Texts and a set of n-gram hashes in, where texts hold these n-grams out; words are those of `words.next_word`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import find_place, spread
from stages.kernels.unicode.code_points import LETTER, SINGLE, WORD_KIND_SHIFT, word_tables
from stages.kernels.unicode.utf8 import decode
from stages.kernels.words.ngrams import fill_shingles
from stages.kernels.words.words import next_word

TILE_GRAMS = 1024


@dataclass(frozen=True)
class WordPlaces:
    """The words of one text: word i is the bytes starts[i]:ends[i] of its UTF-8, and hashes to hashes[i]."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]


def word_places(text: str) -> WordPlaces:
    """The words of a text, folded as for books."""
    offsets, data = string_buffers(pa.array([text], pa.large_string()))
    table, multiple = word_tables(True)
    return WordPlaces(*_word_places(data, offsets[0], offsets[1], table, multiple))


@kernel
def _word_places(data, begin, stop, table, multiple):  # type: ignore[no-untyped-def]
    starts = np.empty(256, np.int64)
    ends = np.empty(256, np.int64)
    hashes = np.empty(256, np.uint64)
    count = 0
    at = begin
    while True:
        value, after, found = next_word(data, at, stop, table, multiple)
        if not found:
            break
        if count == len(starts):
            starts = np.concatenate((starts, np.empty_like(starts)))
            ends = np.concatenate((ends, np.empty_like(ends)))
            hashes = np.concatenate((hashes, np.empty_like(hashes)))
        starts[count], ends[count] = _solid(data, at, after, table)
        hashes[count] = value
        count += 1
        at = after
    return starts[:count] - begin, ends[:count] - begin, hashes[:count]


@kernel
def _solid(data, at, stop, table):  # type: ignore[no-untyped-def]
    """From the first to the end of the last character of data[at:stop] that is part of a word."""
    first = np.int64(-1)
    last = np.int64(at)
    while at < stop:
        code, width = decode(data, at)
        kind = (table[code] >> WORD_KIND_SHIFT) & 3
        if kind in (LETTER, SINGLE):
            if first < 0:
                first = at
            last = at + width
        at += width
    return first, last


def find_grams(
    texts: pa.Array, num_words: int, keys: npt.NDArray[np.uint64], slots: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(row, index in `keys`) of every n-gram of the texts that is in the set `key_set.build(keys)`, in order."""
    offsets, data = string_buffers(texts)
    table, multiple = word_tables(True)
    rows, found = _find_grams(offsets, data, table, multiple, num_words, keys, slots)
    return rows, found


@kernel
def _find_grams(offsets, data, table, multiple, num_words, keys, slots):  # type: ignore[no-untyped-def]
    tile = np.empty(TILE_GRAMS, np.uint64)
    ring = np.zeros(num_words, np.uint64)
    state = np.zeros(2, np.uint64)
    rows = np.empty(256, np.int64)
    found = np.empty(256, np.int64)
    size = 0
    for row in range(len(offsets) - 1):
        ring[:] = 0
        state[:] = 0
        at = offsets[row]
        while True:
            count, at = fill_shingles(data, at, offsets[row + 1], table, multiple, ring, state, tile)
            for i in range(count):
                place = slots[find_place(slots, spread(tile[i]), keys, tile[i])]
                if place > 0:
                    if size == len(rows):
                        rows = np.concatenate((rows, np.empty_like(rows)))
                        found = np.concatenate((found, np.empty_like(found)))
                    rows[size], found[size] = row, place - 1
                    size += 1
            if count < len(tile):
                break
    return rows[:size], found[:size]
