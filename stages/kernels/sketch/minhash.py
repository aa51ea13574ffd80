"""Texts in, MinHash signatures, LSH band keys and sketches out (Broder 1997; banding as in Leskovec et al., chapter 3).

Bands find candidates; sketches say how similar two of them are. A sketch is made by one permutation (Li, Owen and
Zhang 2012): shingle hashes fall into bins by their upper bits, and each bin keeps two bits of its least hash. That
costs a hundredth of the signature's time, and an estimate from 512 bins errs half as much as one from 112 hashes.

The permutations are those of `datasketch.MinHash(scheme="affine32")`, bit for bit: the low 32 bits of a
shingle's hash, mixed once by MurmurHash3's finalizer, then a * h + b modulo 2^32 with odd a, and the least
value of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import word_tables
from stages.kernels.words.ngrams import fill_shingles
from stages.kernels.words.words import mix64

EMPTY = np.uint32(0xFFFF_FFFF)
TILE_SHINGLES = 2048
BAND_BINS = 256
"""Bins of the sketch that travels with every band: 64 bytes, enough to tell which candidates to look at."""

DOCUMENT_BINS = 512
"""Bins of the sketch of a document, by which it is decided: 128 bytes."""

_BINS_PER_WORD = 32
_BIN_SHIFT = np.uint64(64 - 9)  # 512 bins
_NO_HASH = np.uint32(0xFFFF_FFFF)
_PAIRS = np.uint64(0x5555_5555_5555_5555)


@dataclass(frozen=True)
class Signatures:
    """values[i, k]: least value of permutation k over the shingles of text i; texts without words have
    `any` False. `bands` and `documents` are the packed sketches, shape (texts, words), uint64."""

    values: npt.NDArray[np.uint32]
    any: npt.NDArray[np.bool_]
    bands: npt.NDArray[np.uint64]
    documents: npt.NDArray[np.uint64]


def permutations(num_hashes: int, seed: int = 1) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """The factors (odd) and terms of datasketch's affine32 permutations for `seed`, shape (num_hashes,)
    each."""
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, num_hashes, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, num_hashes, dtype=np.uint32)


def sign(texts: pa.Array, shingle_words: int, num_hashes: int, seed: int = 1) -> Signatures:
    """The signature of the word shingles of each text."""
    offsets, data = string_buffers(texts)
    factors, terms = permutations(num_hashes, seed)
    table, multiple = word_tables(False)
    values = np.full((len(texts), num_hashes), EMPTY, np.uint32)
    found = np.zeros(len(texts), np.bool_)
    bands = np.zeros((len(texts), BAND_BINS // _BINS_PER_WORD), np.uint64)
    documents = np.zeros((len(texts), DOCUMENT_BINS // _BINS_PER_WORD), np.uint64)
    _sign(offsets, data, table, multiple, shingle_words, factors, terms, values, found, bands, documents)
    return Signatures(values, found, bands, documents)


@kernel
def _sign(  # type: ignore[no-untyped-def]
    offsets, data, table, multiple, shingle_words, factors, terms, values, found, bands, documents
):
    tile = np.empty(TILE_SHINGLES, np.uint64)
    mixed = np.empty(TILE_SHINGLES, np.uint32)
    ring = np.zeros(shingle_words, np.uint64)
    state = np.zeros(2, np.uint64)
    bins = np.empty(DOCUMENT_BINS, np.uint32)
    for row in range(len(offsets) - 1):
        ring[:] = 0
        state[:] = 0
        bins[:] = _NO_HASH
        at = offsets[row]
        while True:
            count, at = fill_shingles(data, at, offsets[row + 1], table, multiple, ring, state, tile)
            if count:
                found[row] = True
                add_shingles(tile, count, mixed, factors, terms, values[row])
                _add_to_bins(tile, count, bins)
            if count < TILE_SHINGLES:
                break
        _pack_bins(bins, documents[row])
        for i in range(BAND_BINS):
            bins[i] = min(bins[2 * i], bins[2 * i + 1])
        _pack_bins(bins[:BAND_BINS], bands[row])


@kernel
def _add_to_bins(shingles, count, bins):  # type: ignore[no-untyped-def]
    """Lower each bin by the hashes that fall into it: the 31 bits below those that name the bin."""
    for i in range(count):
        place = shingles[i] >> _BIN_SHIFT
        value = np.uint32((shingles[i] >> np.uint64(24)) & np.uint64(0x7FFF_FFFF))
        bins[place] = min(bins[place], value)


@kernel
def _pack_bins(bins, words):  # type: ignore[no-untyped-def]
    """Two bits a bin: 0 where it is empty, else 1 to 3 by the lower 16 bits of its least hash."""
    for word in range(len(words)):
        packed = np.uint64(0)
        for i in range(_BINS_PER_WORD):
            value = bins[word * _BINS_PER_WORD + i]
            code = np.uint64(1) + (np.uint64(value & np.uint32(0xFFFF)) * np.uint64(3) >> np.uint64(16))
            packed |= (code if value != _NO_HASH else np.uint64(0)) << np.uint64(2 * i)
        words[word] = packed


@kernel
def add_shingles(shingles, count, mixed, factors, terms, signature):  # type: ignore[no-untyped-def]
    """Lower `signature` by the low 32 bits of shingles[:count]; `mixed` is scratch of that length."""
    for i in range(count):
        value = np.uint32(shingles[i])
        value ^= value >> np.uint32(16)
        value = np.uint32(value * np.uint32(0x85EBCA6B))
        value ^= value >> np.uint32(13)
        value = np.uint32(value * np.uint32(0xC2B2AE35))
        mixed[i] = value ^ (value >> np.uint32(16))
    for k in range(len(factors)):
        least = signature[k]
        factor = factors[k]
        term = terms[k]
        for i in range(count):
            value = np.uint32(np.uint32(factor * mixed[i]) + term)
            least = min(least, value)
        signature[k] = least


@kernel
def band_keys(values, bands, band_rows):  # type: ignore[no-untyped-def]
    """The 64-bit key of each band of each signature, shape (rows, bands), uint64; bands never share keys."""
    keys = np.empty((len(values), bands), np.uint64)
    for row in range(len(values)):
        for band in range(bands):
            key = mix64(np.uint64(band + 1))
            for i in range(band * band_rows, (band + 1) * band_rows):
                key = mix64(key ^ np.uint64(values[row, i])) + np.uint64(0x9E3779B97F4A7C15)
            keys[row, band] = mix64(key)
    return keys


@kernel(inline="always")
def _ones(value):  # type: ignore[no-untyped-def]
    value = value - ((value >> np.uint64(1)) & _PAIRS)
    value = (value & np.uint64(0x3333_3333_3333_3333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333_3333_3333_3333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F_0F0F_0F0F_0F0F)
    return np.int64((value * np.uint64(0x0101_0101_0101_0101)) >> np.uint64(56))


@kernel
def similarity(one, other):  # type: ignore[no-untyped-def]
    """Jaccard similarity of two documents, estimated from their sketches; 1.0 when these are equal.

    Of the bins that either fills, the share where both have one least hash. Different hashes have one code in a third
    of the bins that both fill, which is taken off.
    """
    either = 0
    both = 0
    equal = 0
    for word in range(len(one)):
        here = (one[word] | (one[word] >> np.uint64(1))) & _PAIRS
        there = (other[word] | (other[word] >> np.uint64(1))) & _PAIRS
        different = one[word] ^ other[word]
        different |= different >> np.uint64(1)
        either += _ones(here | there)
        both += _ones(here & there)
        equal += _ones(here & there & ~different)
    if equal == either:
        return 1.0
    return max(0.0, 1.5 * (equal - both / 3.0) / either)
