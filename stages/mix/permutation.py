"""(seed, source, epoch) in, an order of that source's sequences out: a keyed permutation, never stored.

A generalised Feistel network over Z_a x Z_a with a^2 just above the size, and cycle walking (Black and
Rogaway, "Ciphers with arbitrary finite domains", 2002): any position is permuted alone, so an epoch over 500
million sequences needs no table.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

NUM_ROUNDS = 8


def epoch_keys(seed: int, source: str, epoch: int) -> npt.NDArray[np.uint64]:
    """The round keys of one epoch over one source, uint64, shape (NUM_ROUNDS,)."""
    digest = hashlib.sha512(f"{seed}\n{epoch}\n{source}".encode()).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def permute(
    positions: npt.NDArray[np.int64], size: int, keys: npt.NDArray[np.uint64]
) -> npt.NDArray[np.int64]:
    """Where each position in 0..size goes: a bijection of 0..size that the keys choose."""
    if len(positions) and (int(positions.min()) < 0 or int(positions.max()) >= size):
        raise IndexError(f"positions must lie in 0..{size}")
    side = math.isqrt(size - 1) + 1 if size > 0 else 1
    out: npt.NDArray[np.int64] = _permute(
        np.ascontiguousarray(positions, np.int64), np.uint64(size), np.uint64(side), keys
    )
    return out


@kernel
def _permute(positions, size, side, keys):  # type: ignore[no-untyped-def]
    out = np.empty(len(positions), np.int64)
    for i in range(len(positions)):
        value = np.uint64(positions[i])
        while True:
            left = value // side
            right = value % side
            for key in keys:
                mixed = right + key
                mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                mixed = mixed ^ (mixed >> np.uint64(31))
                left, right = right, (left + mixed % side) % side
            value = left * side + right
            if value < size:
                break
        out[i] = np.int64(value)
    return out
