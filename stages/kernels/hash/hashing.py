"""Arrow string columns in, 64-bit hashes out: XXH64 (Collet, xxHash specification 0.1.1) as a numba kernel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)


@kernel(inline="always")
def _rotate(value, bits):  # type: ignore[no-untyped-def]
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@kernel(inline="always")
def _round(accumulator, lane):  # type: ignore[no-untyped-def]
    return _rotate(accumulator + lane * _P2, 31) * _P1


@kernel(inline="always")
def read_little_endian(data, at, width):  # type: ignore[no-untyped-def]
    """The `width` bytes of a uint8 array from `at` on as one little-endian number, uint64."""
    value = np.uint64(0)
    for i in range(width):
        value |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return value


@kernel
def xxh64(data, start, stop, seed):  # type: ignore[no-untyped-def]
    """XXH64 of the bytes data[start:stop] with a uint64 `seed`; a scalar kernel that other kernels call."""
    length = stop - start
    at = start
    if length >= 32:
        a = seed + _P1 + _P2
        b = seed + _P2
        c = seed
        d = seed - _P1
        while at + 32 <= stop:
            a = _round(a, read_little_endian(data, at, 8))
            b = _round(b, read_little_endian(data, at + 8, 8))
            c = _round(c, read_little_endian(data, at + 16, 8))
            d = _round(d, read_little_endian(data, at + 24, 8))
            at += 32
        value = _rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18)
        value = (value ^ _round(np.uint64(0), a)) * _P1 + _P4
        value = (value ^ _round(np.uint64(0), b)) * _P1 + _P4
        value = (value ^ _round(np.uint64(0), c)) * _P1 + _P4
        value = (value ^ _round(np.uint64(0), d)) * _P1 + _P4
    else:
        value = seed + _P5
    value += np.uint64(length)
    while at + 8 <= stop:
        value = _rotate(value ^ _round(np.uint64(0), read_little_endian(data, at, 8)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= stop:
        value = _rotate(value ^ (read_little_endian(data, at, 4) * _P1), 23) * _P2 + _P3
        at += 4
    while at < stop:
        value = _rotate(value ^ (np.uint64(data[at]) * _P5), 11) * _P1
        at += 1
    value = (value ^ (value >> np.uint64(33))) * _P2
    value = (value ^ (value >> np.uint64(29))) * _P3
    return value ^ (value >> np.uint64(32))


@kernel
def _hash_rows(offsets, data, seed):  # type: ignore[no-untyped-def]
    out = np.empty(len(offsets) - 1, dtype=np.uint64)
    for row in range(len(offsets) - 1):
        out[row] = xxh64(data, offsets[row], offsets[row + 1], seed)
    return out


def hash_strings(strings: pa.Array, seed: int = 0) -> npt.NDArray[np.uint64]:
    """XXH64 of the UTF-8 bytes of each value of a (large_)string or (large_)binary array, shape (rows,), uint64."""
    offsets, data = string_buffers(strings)
    hashes: npt.NDArray[np.uint64] = _hash_rows(offsets, data, np.uint64(seed))
    return hashes
