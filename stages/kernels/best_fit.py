"""Lengths in, the bins that hold them out: best-fit decreasing, in time linear in their number (Ding et al. 2024)."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel

_BITS = 64


@kernel
def best_fit(lengths, capacity):  # type: ignore[no-untyped-def]
    """(bin of each length, number of bins) for `lengths` sorted in descending order, each at most `capacity`.

    Each goes into the bin with the least room that is enough, of several the one that was filled last, or into a new one.
    """
    bins = np.empty(len(lengths), np.int64)
    heads = np.full(capacity + 1, -1, np.int64)  # the last bin of each room, and the one before it
    before = np.empty(len(lengths), np.int64)
    has_room = np.zeros(capacity // _BITS + 1, np.uint64)
    count = 0
    for i in range(len(lengths)):
        length = lengths[i]
        room = _next_room(has_room, length)
        if room < 0:
            found = count
            room = capacity
            count += 1
        else:
            found = heads[room]
            heads[room] = before[found]
            if heads[room] < 0:
                has_room[room // _BITS] &= ~(np.uint64(1) << np.uint64(room % _BITS))
        bins[i] = found
        left = room - length
        before[found] = heads[left]
        heads[left] = found
        has_room[left // _BITS] |= np.uint64(1) << np.uint64(left % _BITS)
    return bins, count


@kernel(inline="always")
def _next_room(has_room, length):  # type: ignore[no-untyped-def]
    """The least room of at least `length` that a bin has, or -1."""
    place = length // _BITS
    word = has_room[place] >> np.uint64(length % _BITS) << np.uint64(length % _BITS)
    while word == 0:
        place += 1
        if place == len(has_room):
            return -1
        word = has_room[place]
    bit = 0
    while not word & np.uint64(1):
        word >>= np.uint64(1)
        bit += 1
    return place * _BITS + bit
