"""Byte strings in, MurmurHash64A of each out (Appleby, public domain): the hash under which KenLM's files hold words."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.hash.hashing import read_little_endian

_M = np.uint64(0xC6A4A7935BD1E995)
_R = np.uint64(47)


@kernel
def murmur64a(offsets, data):  # type: ignore[no-untyped-def]
    """MurmurHash64A with seed 0 of each data[offsets[i]:offsets[i + 1]], shape (rows,), uint64."""
    out = np.empty(len(offsets) - 1, np.uint64)
    for row in range(len(out)):
        at, stop = offsets[row], offsets[row + 1]
        value = np.uint64(stop - at) * _M
        while at + 8 <= stop:
            lane = read_little_endian(data, at, 8) * _M
            lane = (lane ^ (lane >> _R)) * _M
            value = (value ^ lane) * _M
            at += 8
        if at < stop:
            value = (value ^ read_little_endian(data, at, stop - at)) * _M
        value = (value ^ (value >> _R)) * _M
        out[row] = value ^ (value >> _R)
    return out
