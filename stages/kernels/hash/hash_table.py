"""Keys of 64 bits in, their slots out: the open addressing that the kernels' tables share.

A table is an array of slots, a power of two of them, 0 where free. A search begins at the slot that the low bits of a
hash name and goes on slot by slot, to the key or a free slot. A slot holds a key itself (`find_key`), or the index + 1 of
a key in an array of keys (`find_place`, `find_or_add`). A well mixed key is its own hash; another one is `spread`.

The functions are left to LLVM to inline: inlined by numba, `find_or_add` filled a table in eight times as long.
"""

from __future__ import annotations

import numba
import numpy as np

from stages.kernels.compiled import kernel

MIN_SLOTS = 16
SLOTS_PER_KEY = 2
"""At least: with half of the slots free a search is short."""

SPREAD = np.uint64(0x9E3779B97F4A7C15)
SPREAD_SHIFT = np.uint64(20)
"""Bits of a product with SPREAD depend on all lower bits of the key, so the lowest of them are left out."""

_ONE = np.uint64(1)


@kernel
def slots_for(count, per_key=SLOTS_PER_KEY):  # type: ignore[no-untyped-def]
    """Slots of a table for `count` keys, `per_key` for each at least: a power of two."""
    size = MIN_SLOTS
    while size < per_key * count:
        size *= 2
    return size


@kernel
def cleared(room, count):  # type: ignore[no-untyped-def]
    """(room, table): an empty table for `count` keys, the first slots of `room`, which is replaced when it is too small.

    Both have the dtype of `room`; shape (slots_for(count),) is the table's.
    """
    size = slots_for(count)
    if size > len(room):
        room = np.zeros(size, room.dtype)
    else:
        room[:size] = 0
    return room, room[:size]


@kernel
def spread(key):  # type: ignore[no-untyped-def]
    """A hash (uint64) of a key (uint64) that need not be well mixed."""
    return (key * SPREAD) >> SPREAD_SHIFT


@kernel
def find_key(table, hashed, key):  # type: ignore[no-untyped-def]
    """The slot of `key` (not 0) with the hash `hashed` in a table of keys, or the free one where it would go; all uint64."""
    mask = np.uint64(len(table) - 1)
    slot = hashed & mask
    while table[slot] != 0 and table[slot] != key:
        slot = (slot + _ONE) & mask
    return slot


@kernel
def find_place(table, hashed, keys, key, stale=0):  # type: ignore[no-untyped-def]
    """The slot of `key` with the hash `hashed` in a table of indexes in `keys`, or the free one where it would go.

    The table is int32 or int64, all else uint64. A slot that holds no more than `stale` is free: indexes below `stale` are
    what an earlier use of the table left.
    """
    mask = np.uint64(len(table) - 1)
    slot = hashed & mask
    while table[slot] > stale and keys[table[slot] - 1] != key:
        slot = (slot + _ONE) & mask
    return slot


@kernel
def find_or_add(table, hashed, keys, index):  # type: ignore[no-untyped-def]
    """The index of the key that was added first among those equal to keys[index], which has the hash `hashed`.

    `index` itself when the key is new: then it is added to the table, of indexes (int32 or int64) in `keys` (uint64).
    """
    mask = np.uint64(len(table) - 1)
    slot = hashed & mask
    while table[slot] > 0:  # a loop of its own: after `find_place` the slot would be looked at again
        if keys[table[slot] - 1] == keys[index]:
            return numba.int64(table[slot]) - 1
        slot = (slot + _ONE) & mask
    table[slot] = index + 1
    return numba.int64(index)
