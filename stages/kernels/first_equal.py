"""Keys in, the first place of each equal one out: the hash table that finds duplicate lines and n-grams of a text."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def clear_slots(slots, count):  # type: ignore[no-untyped-def]
    """(slots, mask) of an empty table for `count` keys; `slots` (int32) is used again when it is large enough."""
    size = 16
    while size < 2 * count:
        size *= 2
    if size > len(slots):
        slots = np.zeros(size, np.int32)
    else:
        slots[:size] = 0
    return slots, np.uint64(size - 1)


@numba.njit(cache=True, nogil=True, inline="always")
def find_or_add(keys, slots, mask, index):  # type: ignore[no-untyped-def]
    """The index of the key that was added first among those equal to keys[index]; `index` itself when it is new.

    Keys (uint64) must be well mixed. Slots hold an index + 1, or 0.
    """
    key = keys[index]
    slot = key & mask
    while slots[slot]:
        if keys[slots[slot] - 1] == key:
            return numba.int64(slots[slot] - 1)
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = index + 1
    return numba.int64(index)


@numba.njit(cache=True, nogil=True)
def count_repeats(keys, chars, count, slots):  # type: ignore[no-untyped-def]
    """(repeats, their chars, slots): how many of keys[:count] came before, and the sum of their `chars`."""
    slots, mask = clear_slots(slots, count)
    repeats = 0
    repeated_chars = 0
    for index in range(count):
        if find_or_add(keys, slots, mask, index) != index:
            repeats += 1
            repeated_chars += chars[index]
    return repeats, repeated_chars, slots
