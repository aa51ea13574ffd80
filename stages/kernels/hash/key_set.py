"""Sets of 64-bit keys as open-addressing tables: membership of millions of line hashes in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import find_or_add, find_place, slots_for, spread


def build(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The table of `keys`: slots that hold a key's index + 1, or 0; a later equal key is not added."""
    slots = np.zeros(slots_for(len(keys)), np.int64)
    _fill(keys, slots)
    return slots


@kernel
def _fill(keys, slots):  # type: ignore[no-untyped-def]
    for index in range(len(keys)):
        find_or_add(slots, spread(keys[index]), keys, index)


@kernel
def find(keys, slots, wanted):  # type: ignore[no-untyped-def]
    """Index in `keys` of each of `wanted` (uint64), or -1, shape (wanted,), int64."""
    found = np.empty(len(wanted), np.int64)
    for i in range(len(wanted)):
        found[i] = slots[find_place(slots, spread(wanted[i]), keys, wanted[i])] - 1
    return found


@kernel
def repeats(keys, starts, skip):  # type: ignore[no-untyped-def]
    """Which keys came before in their own group (keys starts[i]:starts[i + 1]); those in `skip` do not
    count."""
    repeated = np.zeros(len(keys), np.bool_)
    largest = 1
    for group in range(len(starts) - 1):
        largest = max(largest, starts[group + 1] - starts[group])
    slots = np.zeros(slots_for(largest), np.int64)  # of all groups: what a group before left is stale
    for group in range(len(starts) - 1):
        start = starts[group]
        for index in range(start, starts[group + 1]):
            if skip[index]:
                continue
            slot = find_place(slots, spread(keys[index]), keys, keys[index], start)
            if slots[slot] > start:
                repeated[index] = True
            else:
                slots[slot] = index + 1
    return repeated
