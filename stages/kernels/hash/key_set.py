"""Sets of 64-bit keys as open-addressing tables: membership of millions of line hashes in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@kernel(inline="always")
def slot_of(key, mask):  # type: ignore[no-untyped-def]
    """Where the search for a key begins in a table of mask + 1 slots."""
    return ((key * _SPREAD) >> np.uint64(20)) & mask


def build(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The table of `keys`: slots that hold a key's index + 1, or 0; a later equal key is not added."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    slots = np.zeros(size, np.int64)
    _fill(keys, slots)
    return slots


@kernel
def _fill(keys, slots):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(slots) - 1)
    for index in range(len(keys)):
        slot = slot_of(keys[index], mask)
        while slots[slot] and keys[slots[slot] - 1] != keys[index]:
            slot = (slot + np.uint64(1)) & mask
        if not slots[slot]:
            slots[slot] = index + 1


@kernel
def find(keys, slots, wanted):  # type: ignore[no-untyped-def]
    """Index in `keys` of each of `wanted` (uint64), or -1, shape (wanted,), int64."""
    mask = np.uint64(len(slots) - 1)
    found = np.full(len(wanted), -1, np.int64)
    for i in range(len(wanted)):
        slot = slot_of(wanted[i], mask)
        while slots[slot]:
            if keys[slots[slot] - 1] == wanted[i]:
                found[i] = slots[slot] - 1
                break
            slot = (slot + np.uint64(1)) & mask
    return found


@kernel
def repeats(keys, starts, skip):  # type: ignore[no-untyped-def]
    """Which keys came before in their own group (keys starts[i]:starts[i + 1]); those in `skip` do not
    count."""
    repeated = np.zeros(len(keys), np.bool_)
    largest = 1
    for group in range(len(starts) - 1):
        largest = max(largest, starts[group + 1] - starts[group])
    size = 16
    while size < 2 * largest:
        size *= 2
    slots = np.zeros(size, np.int64)  # index + 1 of a key; indexes below the group's start are stale
    mask = np.uint64(size - 1)
    for group in range(len(starts) - 1):
        start = starts[group]
        for index in range(start, starts[group + 1]):
            if skip[index]:
                continue
            slot = slot_of(keys[index], mask)
            while slots[slot] > start and keys[slots[slot] - 1] != keys[index]:
                slot = (slot + np.uint64(1)) & mask
            repeated[index] = slots[slot] > start
            if not repeated[index]:
                slots[slot] = index + 1
    return repeated
