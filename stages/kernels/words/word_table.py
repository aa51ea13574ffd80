"""Words of bytes in, token ids out: an open-addressing table that kernels fill and search.

A slot is four numbers of 64 bits, so that a common word costs one look into one cache line:

    first 8 bytes | next 8 bytes | length, number of ids and flags | up to 8 bytes of ids, or where ids and bytes lie

The bytes of longer words are in `kept`, ids that do not fit in `ids`. A word is found when all its bytes are equal: the
hash only says where to look. (The tables of `hash_table` hold numbers, which are equal or not at one look.)
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.core import types
from numba.extending import intrinsic

from stages.kernels.compiled import kernel

MAX_WORD_BYTES = 255
"""A longer word does not fit in: hardly one comes twice."""

PADDING_BYTES = 16
"""What must be readable after the last byte of a text or of kept words."""

META, IDS = 2, 3
COUNT_SHIFT = np.uint64(8)
"""In the third number: 8 bits of length, 8 bits of count, flags."""

INLINE = np.uint64(1 << 16)
SEEN = np.uint64(1 << 17)
USED = np.uint64(1 << 18)
"""A word that was written once since it came, or again: only the latter is worth its place."""

EIGHT_BITS = np.uint64(0xFF)
LOW_HALF = np.uint64(0xFFFFFFFF)

_FIRST, _SECOND = 0, 1
_HIGH = np.uint64(32)
_ONE = np.uint64(1)
_A = np.uint64(0x9E3779B185EBCA87)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_C = np.uint64(0x165667B19E3779F9)
_FIRST_MASKS = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(17)], np.uint64)
_SECOND_MASKS = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(17)], np.uint64)


class Unknown(IntEnum):
    """Columns of a list of words without ids: where each begins in the data, its bytes, its slot."""

    AT, BYTES, SLOT = range(3)


def empty_table(num_slots: int) -> npt.NDArray[np.uint64]:
    """A table without words; `num_slots` is a power of two."""
    return np.zeros((num_slots, 4), np.uint64)


@intrinsic
def _load_eight(typing_context, data, at):  # type: ignore[no-untyped-def]
    """The eight bytes of a uint8 array from `at` on as one little-endian number: a single load of the processor."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        wide = builder.bitcast(place, context.get_value_type(types.uint64).as_pointer())
        return builder.load(wide, align=1)

    return types.uint64(data, types.int64), generate


load_eight: Any = _load_eight
"""Called with a uint8 array and a place in it."""


@kernel(inline="always")
def _key(data, at, length):  # type: ignore[no-untyped-def]
    """(first eight bytes, next eight, hash of all) of the word data[at:at + length]."""
    short = min(length, 16)
    first = load_eight(data, at) & _FIRST_MASKS[short]
    second = load_eight(data, at + 8) & _SECOND_MASKS[short]
    value = (first ^ (second * _B) ^ np.uint64(length)) * _A
    place = 16
    while place < length:
        lane = load_eight(data, at + place) & _FIRST_MASKS[min(length - place, 8)]
        value = (value ^ (value >> np.uint64(29)) ^ lane) * _B
        place += 8
    value = (value ^ (value >> _HIGH)) * _C
    return first, second, value ^ (value >> _HIGH)


@kernel(inline="always")
def _same(data, at, kept, start, length):  # type: ignore[no-untyped-def]
    """Whether data[at:at + length] and kept[start:start + length] agree from their seventeenth byte on."""
    place = 16
    while place < length:
        mask = _FIRST_MASKS[min(length - place, 8)]
        if (load_eight(data, at + place) ^ load_eight(kept, start + place)) & mask:
            return False
        place += 8
    return True


@kernel(inline="always")
def find(slots, kept, data, at, length):  # type: ignore[no-untyped-def]
    """(slot of the word data[at:at + length], or the free one where it would go; the slot's META, 0 where free)."""
    mask = np.uint64(len(slots) - 1)
    first, second, value = _key(data, at, length)
    slot = value & mask
    while True:
        meta = slots[slot, META]
        if meta == 0:
            return slot, meta
        same = slots[slot, _FIRST] == first and slots[slot, _SECOND] == second and meta & EIGHT_BITS == length
        if same and (length <= 16 or _same(data, at, kept, np.int64(slots[slot, IDS] >> _HIGH), length)):
            return slot, meta
        slot = (slot + _ONE) & mask


@kernel(inline="always")
def enter(slots, kept, num_bytes, data, at, length, slot):  # type: ignore[no-untyped-def]
    """Enter a word without its ids into a free slot; how many bytes of `kept` are taken then."""
    first, second, _ = _key(data, at, length)
    slots[slot, _FIRST], slots[slot, _SECOND] = first, second
    slots[slot, META], slots[slot, IDS] = np.uint64(length), 0
    if length <= 16:
        return num_bytes
    kept[num_bytes : num_bytes + length] = data[at : at + length]
    slots[slot, IDS] = np.uint64(num_bytes) << _HIGH
    return num_bytes + length


@kernel
def learn(slots, unknown, ids, start, offsets, per_slot):  # type: ignore[no-untyped-def]
    """Give the words of `unknown` their ids: those of word i are ids[start + offsets[i]:start + offsets[i + 1]]."""
    for i in range(len(unknown)):
        slot, length = unknown[i, Unknown.SLOT], unknown[i, Unknown.BYTES]
        first, count = start + offsets[i], offsets[i + 1] - offsets[i]
        meta = np.uint64(length) | (np.uint64(count) << COUNT_SHIFT)
        if length <= 16 and count <= per_slot:
            packed = np.uint64(0)
            for k in range(count):
                packed |= np.uint64(ids[first + k]) << np.uint64(k * (64 // per_slot))
            slots[slot, META], slots[slot, IDS] = meta | INLINE, packed
        else:
            slots[slot, META] = meta
            slots[slot, IDS] |= np.uint64(first)


@kernel
def rehash(old, kept, ids, new, new_kept, new_ids, only_used):  # type: ignore[no-untyped-def]
    """Bring words into an empty table: all, or those found since they came or since the last time (`only_used`).

    Returns how many words, bytes of kept words and ids the new arrays hold.
    """
    mask = np.uint64(len(new) - 1)
    word = np.empty(16 + PADDING_BYTES, np.uint8)
    words, num_bytes, num_ids = 0, np.int64(0), np.int64(0)
    for i in range(len(old)):
        meta = old[i, META]
        if meta == 0 or (only_used and not meta & USED):
            continue
        length, count = np.int64(meta & EIGHT_BITS), np.int64((meta >> COUNT_SHIFT) & EIGHT_BITS)
        place = old[i, IDS]
        if length > 16:
            start = np.int64(place >> _HIGH)
            _, _, value = _key(kept, start, length)
            new_kept[num_bytes : num_bytes + length] = kept[start : start + length]
        else:
            for k in range(8):
                word[k] = (old[i, _FIRST] >> np.uint64(8 * k)) & EIGHT_BITS
                word[8 + k] = (old[i, _SECOND] >> np.uint64(8 * k)) & EIGHT_BITS
            _, _, value = _key(word, 0, length)
        if not meta & INLINE:
            first = np.int64(place & LOW_HALF)
            new_ids[num_ids : num_ids + count] = ids[first : first + count]
            place = (np.uint64(num_bytes) << _HIGH) | np.uint64(num_ids)
            num_ids += count
        if length > 16:
            num_bytes += length
        slot = value & mask
        while new[slot, META]:
            slot = (slot + _ONE) & mask
        new[slot, _FIRST], new[slot, _SECOND], new[slot, IDS] = old[i, _FIRST], old[i, _SECOND], place
        new[slot, META] = meta & ~USED if only_used else meta
        words += 1
    return words, num_bytes, num_ids
