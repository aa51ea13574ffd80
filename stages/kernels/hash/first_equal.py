"""Keys in, how many of them came before out: what finds duplicate lines and paragraphs of a text."""

from __future__ import annotations

from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import cleared, find_or_add


@kernel
def count_repeats(keys, chars, count, room):  # type: ignore[no-untyped-def]
    """(repeats, their chars, room): how many of keys[:count] came before, and the sum of their `chars`.

    Keys (uint64) must be well mixed. `room` (int32) is for the table, and replaced when it is too small.
    """
    room, table = cleared(room, count)
    repeats = 0
    repeated_chars = 0
    for index in range(count):
        if find_or_add(table, keys[index], keys, index) != index:
            repeats += 1
            repeated_chars += chars[index]
    return repeats, repeated_chars, room
