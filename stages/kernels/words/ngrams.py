"""Texts in, hashes of their word shingles (n words in a row) out, rolled word by word in flat memory.

A text of fewer than n words has one shingle, all its words; a text without words has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import word_tables
from stages.kernels.words.words import mix64, next_word

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)


@kernel
def fill_shingles(data, at, stop, table, multiple, ring, state, out):  # type: ignore[no-untyped-def]
    """Write the next shingle hashes of data[at:stop] to `out`; (how many, the place to go on from).

    `ring` holds the last n word hashes and `state` (uint64) the number of words and the rolling sum; both
    start as zeros. `out` is full or the text has ended when this returns; a text has ended at `stop`.
    """
    width = np.uint64(len(ring))
    words, rolled = state[0], state[1]
    leaving = np.uint64(1)
    for _ in range(len(ring)):
        leaving *= _BASE
    count = 0
    while count < len(out):
        word, at, found = next_word(data, at, stop, table, multiple)
        if not found:
            if words and words < width:
                out[count] = mix64(rolled * _SPREAD)
                count += 1
                words = width  # said once
            break
        place = words % width
        rolled = rolled * _BASE + word - ring[place] * leaving
        ring[place] = word
        words += np.uint64(1)
        if words >= width:
            out[count] = mix64(rolled * _SPREAD)
            count += 1
    state[0], state[1] = words, rolled
    return count, at


def gram_hashes(words: npt.NDArray[np.uint64], num_words: int) -> npt.NDArray[np.uint64]:
    """The hash of every n-gram of word hashes, as `fill_shingles` makes it, shape (words - n + 1,)."""
    if len(words) < num_words:
        return np.empty(0, np.uint64)
    hashes: npt.NDArray[np.uint64] = _gram_hashes(words, num_words)
    return hashes


@kernel
def _gram_hashes(words, num_words):  # type: ignore[no-untyped-def]
    leaving = np.uint64(1)
    for _ in range(num_words):
        leaving *= _BASE
    out = np.empty(len(words) - num_words + 1, np.uint64)
    rolled = np.uint64(0)
    for i in range(len(words)):
        rolled = rolled * _BASE + words[i]
        if i >= num_words:
            rolled -= words[i - num_words] * leaving
        if i >= num_words - 1:
            out[i - num_words + 1] = mix64(rolled * _SPREAD)
    return out


@dataclass(frozen=True)
class Sketches:
    """Distinct shingle hashes of texts that lie below a limit.

    Text i has hashes[starts[i]:starts[i + 1]], sorted. `num_shingles` counts all, repeats too.
    """

    starts: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    num_shingles: npt.NDArray[np.int64]


def sketch_shingles(texts: pa.Array, num_words: int, scale: int, fold: bool) -> Sketches:
    """The fractional sketch of each text: shingle hashes below 2^64 / scale; scale 1 keeps all of them."""
    offsets, data = string_buffers(texts)
    table, multiple = word_tables(fold)
    limit = np.uint64((1 << 64) // scale - 1)
    parts: list[npt.NDArray[np.uint64]] = []
    words = np.zeros(len(texts), np.int64)
    for row in range(len(texts)):
        kept, words[row] = _kept(data, offsets[row], offsets[row + 1], table, multiple, num_words, limit)
        parts.append(np.unique(kept))
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    hashes = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    return Sketches(starts, hashes, words)


@kernel
def _kept(data, start, stop, table, multiple, num_words, limit):  # type: ignore[no-untyped-def]
    out = np.empty(1024, np.uint64)
    tile = np.empty(1024, np.uint64)
    ring = np.zeros(num_words, np.uint64)
    state = np.zeros(2, np.uint64)
    size = 0
    shingles = 0
    at = start
    while True:
        count, at = fill_shingles(data, at, stop, table, multiple, ring, state, tile)
        shingles += count
        if size + count > len(out):
            grown = np.empty(2 * len(out), np.uint64)
            grown[:size] = out[:size]
            out = grown
        for i in range(count):
            if tile[i] <= limit:
                out[size] = tile[i]
                size += 1
        if count < len(tile):
            break
    return out[:size], shingles
