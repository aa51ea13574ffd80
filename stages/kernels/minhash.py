"""Texts in, MinHash signatures and LSH band keys out (Broder 1997; banding as in Leskovec et al., chapter 3).

The permutations are those of `datasketch.MinHash(scheme="affine32")`, bit for bit: the low 32 bits of a
shingle's hash, mixed once by MurmurHash3's finalizer, then a * h + b modulo 2^32 with odd a, and the least
value of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.code_points import word_tables
from stages.kernels.ngrams import fill_shingles
from stages.kernels.words import mix64

EMPTY = np.uint32(0xFFFF_FFFF)
TILE_SHINGLES = 2048
SKETCH_BITS = 4
"""Bits of each hash that a sketch keeps (b-bit minwise hashing, Li and Koenig 2010)."""

_HASHES_PER_WORD = 64 // SKETCH_BITS


@dataclass(frozen=True)
class Signatures:
    """values[i, k]: least value of permutation k over the shingles of text i; texts without words have
    `any` False."""

    values: npt.NDArray[np.uint32]
    any: npt.NDArray[np.bool_]


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
    _sign(offsets, data, table, multiple, shingle_words, factors, terms, values, found)
    return Signatures(values, found)


@numba.njit(cache=True, nogil=True)
def _sign(offsets, data, table, multiple, shingle_words, factors, terms, values, found):  # type: ignore[no-untyped-def]
    tile = np.empty(TILE_SHINGLES, np.uint64)
    mixed = np.empty(TILE_SHINGLES, np.uint32)
    ring = np.zeros(shingle_words, np.uint64)
    state = np.zeros(2, np.uint64)
    for row in range(len(offsets) - 1):
        ring[:] = 0
        state[:] = 0
        at = offsets[row]
        while True:
            count, at = fill_shingles(data, at, offsets[row + 1], table, multiple, ring, state, tile)
            if count:
                found[row] = True
                add_shingles(tile, count, mixed, factors, terms, values[row])
            if count < TILE_SHINGLES:
                break


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
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


def sketch_words(num_hashes: int) -> int:
    """64-bit words in the sketch of a signature of `num_hashes`."""
    return -(-num_hashes // _HASHES_PER_WORD)


@numba.njit(cache=True, nogil=True)
def sketch(values):  # type: ignore[no-untyped-def]
    """The low 4 bits of every hash, packed, shape (rows, sketch_words), uint64; an eighth of the
    signature."""
    words = -(-values.shape[1] // _HASHES_PER_WORD)
    packed = np.zeros((len(values), words), np.uint64)
    for row in range(len(values)):
        for k in range(values.shape[1]):
            shift = np.uint64(SKETCH_BITS * (k % _HASHES_PER_WORD))
            packed[row, k // _HASHES_PER_WORD] |= np.uint64(values[row, k] & np.uint32(15)) << shift
    return packed


@numba.njit(cache=True, nogil=True)
def similarity(one, other, num_hashes):  # type: ignore[no-untyped-def]
    """Jaccard similarity of two documents, estimated from their sketches; 1.0 when these are equal."""
    different = 0
    for word in range(len(one)):
        x = one[word] ^ other[word]
        x |= x >> np.uint64(2)
        x |= x >> np.uint64(1)
        x &= np.uint64(0x1111111111111111)
        different += (
            (x * np.uint64(0x1111111111111111)) >> np.uint64(60) if x != np.uint64(0x1111111111111111) else 16
        )
    equal = 1.0 - different / num_hashes
    by_chance = 1.0 / (1 << SKETCH_BITS)
    return max(0.0, (equal - by_chance) / (1.0 - by_chance))
