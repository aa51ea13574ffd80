"""Keys in, the first place of each equal one out: the hash table that finds duplicate lines and n-grams of a text."""

from __future__ import annotations

import numba
import numpy as np

from stages.kernels.compiled import kernel

MAX_TAGGED = (1 << 24) - 2
"""As many keys as a tagged table can hold."""

_INDEX_MASK = np.uint64((1 << 24) - 1)


@kernel
def slots_for(count):  # type: ignore[no-untyped-def]
    """Slots of a table for `count` keys, a power of two."""
    size = 16
    while size < 2 * count:
        size *= 2
    return size


@kernel(inline="always")
def find_tagged(slots, mask, key, index):  # type: ignore[no-untyped-def]
    """The index of the key that was added first among those equal to `key`, which is well mixed; `index` when new.

    A slot (uint64) is 0 or the high 40 bits of a key with an index + 1 below; these bits and the place in the table,
    60 bits for a long text, stand for the key, so that one read of memory decides.
    """
    tag = key & ~_INDEX_MASK
    slot = key & mask
    while slots[slot]:
        if slots[slot] & ~_INDEX_MASK == tag:
            return numba.int64(slots[slot] & _INDEX_MASK) - 1
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = tag | np.uint64(index + 1)
    return numba.int64(index)


@kernel(inline="always")
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


@kernel
def count_repeats(keys, chars, count, slots):  # type: ignore[no-untyped-def]
    """(repeats, their chars, slots): how many of keys[:count] came before, and the sum of their `chars`."""
    size = slots_for(count)
    if size > len(slots):
        slots = np.zeros(size, np.int32)
    else:
        slots[:size] = 0
    mask = np.uint64(size - 1)
    repeats = 0
    repeated_chars = 0
    for index in range(count):
        if find_or_add(keys, slots, mask, index) != index:
            repeats += 1
            repeated_chars += chars[index]
    return repeats, repeated_chars, slots
