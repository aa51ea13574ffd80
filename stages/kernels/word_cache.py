"""Texts in, token ids out by a table of words: the kernels behind `stages/tokenize/words.py` (LLaMA, section 2.1, Tokenizer).

A word is what lies between two bytes that no piece of the vocabulary has side by side (`joins`), so its ids do not depend
on what stands around it. The table is open-addressing; its slots are four numbers of 64 bits:

    first 8 bytes | next 8 bytes | length, number of ids and flags | up to 8 bytes of ids, or where ids and bytes lie

so that a common word costs one look into one cache line. A word is found when all its bytes are equal: a hash only says
where to look.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.core import types
from numba.extending import intrinsic

MAX_WORD_BYTES = 255
"""Longer words are not kept: hardly one comes twice."""

PADDING_BYTES = 16
"""What must be readable after the last byte of a text or of kept words."""

SEPARATOR = 0xFF
"""The byte after each text: no byte of UTF-8, so nothing joins it."""

ROW, AT, FILLED, MISSED, WORDS, KEPT_BYTES, END = range(7)
"""Places in the state of a walk: row, byte, ids written, words missed; words and bytes in the table; end of a long word."""

DONE, MISSING, FULL, LONG = range(4)
"""Why a walk stops: no text is left, words are to be encoded, there is no room for them, a word is too long to be kept."""

_FIRST, _SECOND, _META, _IDS = range(4)
_COUNT_SHIFT = np.uint64(8)
_PENDING = np.uint64(1 << 16)
_INLINE = np.uint64(1 << 17)
_USED = np.uint64(1 << 18)
_LENGTH = np.uint64(0xFF)
_HIGH = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_A = np.uint64(0x9E3779B185EBCA87)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_C = np.uint64(0x165667B19E3779F9)
_FIRST_MASKS = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(17)], np.uint64)
_SECOND_MASKS = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(17)], np.uint64)

Table = npt.NDArray[np.uint64]
State = npt.NDArray[np.int64]


@intrinsic
def _load(typing_context, data, at):  # type: ignore[no-untyped-def]
    """The eight bytes of a uint8 array from `at` on as one little-endian number: a single load of the processor."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        wide = builder.bitcast(place, context.get_value_type(types.uint64).as_pointer())
        return builder.load(wide, align=1)

    return types.uint64(data, types.int64), generate


@numba.njit(cache=True, nogil=True, inline="always")
def _key(data, at, length):  # type: ignore[no-untyped-def]
    """(first eight bytes, next eight, hash of all) of the word data[at:at + length]."""
    short = min(length, 16)
    first = _load(data, at) & _FIRST_MASKS[short]
    second = _load(data, at + 8) & _SECOND_MASKS[short]
    value = (first ^ (second * _B) ^ np.uint64(length)) * _A
    place = 16
    while place < length:
        lane = _load(data, at + place) & _FIRST_MASKS[min(length - place, 8)]
        value = (value ^ (value >> np.uint64(29)) ^ lane) * _B
        place += 8
    value = (value ^ (value >> _HIGH)) * _C
    return first, second, value ^ (value >> _HIGH)


@numba.njit(cache=True, nogil=True, inline="always")
def _same(data, at, kept, start, length):  # type: ignore[no-untyped-def]
    """Whether data[at:at + length] and kept[start:start + length] agree from their seventeenth byte on."""
    place = 16
    while place < length:
        mask = _FIRST_MASKS[min(length - place, 8)]
        if (_load(data, at + place) ^ _load(kept, start + place)) & mask:
            return False
        place += 8
    return True


@numba.njit(cache=True, nogil=True, inline="always")
def _find(slots, kept, data, at, length):  # type: ignore[no-untyped-def]
    """(slot of the word data[at:at + length], or the free one where it would go; the slot's meta, 0 where free)."""
    mask = np.uint64(len(slots) - 1)
    first, second, value = _key(data, at, length)
    slot = value & mask
    while True:
        meta = slots[slot, _META]
        if meta == 0:
            return slot, meta
        if slots[slot, _FIRST] == first and slots[slot, _SECOND] == second and meta & _LENGTH == length:
            if length <= 16 or _same(data, at, kept, np.int64(slots[slot, _IDS] >> _HIGH), length):
                return slot, meta
        slot = (slot + _ONE) & mask


@numba.njit(cache=True, nogil=True)
def walk(  # type: ignore[no-untyped-def]
    data,
    offsets,
    joins,
    slots,
    kept,
    ids,
    state,
    out,
    out_offsets,
    misses,
    max_words,
    max_ahead_bytes,
    bos,
    eos,
):
    """Write the ids of the words of all rows from state[ROW], state[AT] on, until something is missing; says what.

    Row i is data[offsets[i]:offsets[i + 1]], a SEPARATOR its last byte. The first unknown word stops the writing; from
    there the walk goes on for `max_ahead_bytes` and enters every unknown word into the table, its place in the text,
    length and slot into `misses`. `learn` gives them their ids; the next walk goes on from the first.
    """
    per_slot = 8 // out.itemsize
    bits = np.uint64(8 * out.itemsize)
    row, at, filled, missed = state[ROW], state[AT], state[FILLED], 0
    status = DONE
    ahead = len(data)
    while row < len(offsets) - 1:
        stop = offsets[row + 1] - 1
        if missed == 0 and at == offsets[row]:
            out[filled] = bos
            filled += 1
        while at < stop:
            before, end = np.int64(data[at]), at + 1
            byte = np.int64(data[end])
            while joins[(before << 8) | byte]:
                before = byte
                end += 1
                byte = np.int64(data[end])
            length = end - at
            if length > MAX_WORD_BYTES:
                if missed == 0:
                    state[ROW], state[AT], state[FILLED], state[END] = row, at, filled, end
                    return LONG
                at = end
                continue
            slot, meta = _find(slots, kept, data, at, length)
            if meta == 0:
                room = state[KEPT_BYTES] + length + PADDING_BYTES <= len(kept) and state[WORDS] < max_words
                if missed == 0:
                    state[ROW], state[AT], state[FILLED] = row, at, filled
                    if at == offsets[row]:
                        state[FILLED] -= 1  # <s> is written again
                    if not room:
                        return FULL
                    ahead = at + max_ahead_bytes
                if not room or missed == len(misses) or at > ahead:
                    state[MISSED] = missed
                    return MISSING
                status = MISSING
                _enter(slots, kept, data, at, length, slot, state)
                misses[missed, 0], misses[missed, 1], misses[missed, 2] = at, length, np.int64(slot)
                missed += 1
            elif missed == 0:
                if not meta & _USED:
                    slots[slot, _META] = meta | _USED
                count = np.int64((meta >> _COUNT_SHIFT) & _LENGTH)
                place = slots[slot, _IDS]
                if meta & _INLINE:
                    for i in range(per_slot):
                        out[filled + i] = place
                        place >>= bits
                else:
                    start = np.int64(place & _LOW_HALF)
                    for i in range(count):
                        out[filled + i] = ids[start + i]
                filled += count
            at = end
        if missed == 0:
            out[filled] = eos
            filled += 1
            out_offsets[row + 1] = filled
        row += 1
        at = stop + 1
    if missed == 0:
        state[ROW], state[AT], state[FILLED] = row, at, filled
    state[MISSED] = missed
    return status


@numba.njit(cache=True, nogil=True, inline="always")
def _enter(slots, kept, data, at, length, slot, state):  # type: ignore[no-untyped-def]
    """Enter a word without its ids into a free slot."""
    first, second, _ = _key(data, at, length)
    slots[slot, _FIRST], slots[slot, _SECOND] = first, second
    slots[slot, _META] = np.uint64(length) | _PENDING
    slots[slot, _IDS] = 0
    if length > 16:
        start = state[KEPT_BYTES]
        for i in range(length):
            kept[start + i] = data[at + i]
        slots[slot, _IDS] = np.uint64(start) << _HIGH
        state[KEPT_BYTES] = start + length
    state[WORDS] += 1


@numba.njit(cache=True, nogil=True)
def learn(slots, misses, ids, start, offsets, per_slot):  # type: ignore[no-untyped-def]
    """Give the words of `misses` their ids: those of word i are ids[start + offsets[i]:start + offsets[i + 1]]."""
    for i in range(len(misses)):
        slot, length = misses[i, 2], misses[i, 1]
        first, count = start + offsets[i], offsets[i + 1] - offsets[i]
        meta = np.uint64(length) | (np.uint64(count) << _COUNT_SHIFT)
        if length <= 16 and count <= per_slot:
            packed = np.uint64(0)
            for k in range(count):
                packed |= np.uint64(ids[first + k]) << np.uint64(k * (64 // per_slot))
            slots[slot, _META], slots[slot, _IDS] = meta | _INLINE, packed
        else:
            slots[slot, _META] = meta
            slots[slot, _IDS] |= np.uint64(first)


@numba.njit(cache=True, nogil=True)
def rehash(old, kept, ids, new, new_kept, new_ids, only_used):  # type: ignore[no-untyped-def]
    """Bring words into an empty table: all, or those found since they came or since the last time (`only_used`).

    Returns how many words, bytes of kept words and ids the new arrays hold.
    """
    mask = np.uint64(len(new) - 1)
    word = np.empty(16 + PADDING_BYTES, np.uint8)
    words, num_bytes, num_ids = 0, 0, 0
    for i in range(len(old)):
        meta = old[i, _META]
        if meta == 0 or (only_used and not meta & _USED):
            continue
        length, count = np.int64(meta & _LENGTH), np.int64((meta >> _COUNT_SHIFT) & _LENGTH)
        place = old[i, _IDS]
        if length > 16:
            start = np.int64(place >> _HIGH)
            _, _, value = _key(kept, start, length)
            new_kept[num_bytes : num_bytes + length] = kept[start : start + length]
        else:
            for k in range(8):
                word[k] = (old[i, _FIRST] >> np.uint64(8 * k)) & _LENGTH
                word[8 + k] = (old[i, _SECOND] >> np.uint64(8 * k)) & _LENGTH
            _, _, value = _key(word, 0, length)
        if not meta & _INLINE:
            first = np.int64(place & _LOW_HALF)
            new_ids[num_ids : num_ids + count] = ids[first : first + count]
            place = (np.uint64(num_bytes) << _HIGH) | np.uint64(num_ids)
            num_ids += count
        if length > 16:
            num_bytes += length
        slot = value & mask
        while new[slot, _META]:
            slot = (slot + _ONE) & mask
        new[slot, _FIRST], new[slot, _SECOND], new[slot, _IDS] = old[i, _FIRST], old[i, _SECOND], place
        new[slot, _META] = meta & ~_USED if only_used else meta
        words += 1
    return words, num_bytes, num_ids


@numba.njit(cache=True, nogil=True)
def gather(data, misses):  # type: ignore[no-untyped-def]
    """Offsets and bytes of the words of `misses`, end to end."""
    offsets = np.zeros(len(misses) + 1, np.int64)
    for i in range(len(misses)):
        offsets[i + 1] = offsets[i] + misses[i, 1]
    out = np.empty(offsets[-1], np.uint8)
    for i in range(len(misses)):
        out[offsets[i] : offsets[i + 1]] = data[misses[i, 0] : misses[i, 0] + misses[i, 1]]
    return offsets, out


@numba.njit(cache=True, nogil=True)
def frame(offsets, data, prefix):  # type: ignore[no-untyped-def]
    """Offsets and bytes of texts as `walk` reads them: a space before each that is not empty (if `prefix`), a SEPARATOR after."""
    rows = len(offsets) - 1
    framed = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        length = offsets[row + 1] - offsets[row]
        framed[row + 1] = framed[row] + length + 1 + (prefix and length > 0)
    out = np.empty(framed[-1] + PADDING_BYTES, np.uint8)
    out[framed[-1] :] = 0
    for row in range(rows):
        at = framed[row]
        if prefix and offsets[row + 1] > offsets[row]:
            out[at] = 0x20
            at += 1
        out[at : framed[row + 1] - 1] = data[offsets[row] : offsets[row + 1]]
        out[framed[row + 1] - 1] = SEPARATOR
    return framed, out


def empty_table(num_slots: int) -> Table:
    """A table without words; `num_slots` is a power of two."""
    return np.zeros((num_slots, 4), np.uint64)


def joined_bytes(pieces: list[bytes]) -> npt.NDArray[Any]:
    """Which pairs of bytes (first << 8 | second) stand side by side in a piece or inside a character, shape (65536,), bool."""
    joins = np.zeros(1 << 16, np.bool_)
    data = np.frombuffer(bytes([SEPARATOR]).join(pieces), np.uint8).astype(np.int64)
    joins[(data[:-1] << 8) | data[1:]] = True
    table = joins.reshape(256, 256)
    table[:, 0x80:0xC0] = True
    table[:, SEPARATOR] = table[SEPARATOR, :] = False
    return joins
