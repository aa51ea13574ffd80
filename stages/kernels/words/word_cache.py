"""Texts in, token ids out by a table of words: the kernels behind `stages/models/word_encoder.py` (LLaMA, 2.1).

A word ends between two bytes that no piece of the vocabulary has side by side (`joins`), so its ids do not depend on what
stands around it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.words.word_table import (
    COUNT_SHIFT,
    EIGHT_BITS,
    IDS,
    INLINE,
    LOW_HALF,
    MAX_WORD_BYTES,
    META,
    PADDING_BYTES,
    SEEN,
    USED,
    Unknown,
    enter,
    find,
)

SEPARATOR = 0xFF
"""The byte after each text: no byte of UTF-8, so nothing joins it."""

ROW, AT, FILLED, END = range(4)
"""Where the writing stands: row, byte, ids written; and the end of the word that stopped it."""

DONE, UNKNOWN, LONG = range(3)
"""Why it stops: no text is left, a word is not in the table, a word is too long for it."""


@kernel
def frame(offsets, data, prefix):  # type: ignore[no-untyped-def]
    """Offsets and bytes of texts with a SEPARATOR after each, and (if `prefix`) a space before each that is not empty."""
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


@kernel(inline="always")
def _word_end(data, at, joins):  # type: ignore[no-untyped-def]
    end = at + 1
    before, byte = np.int64(data[at]), np.int64(data[end])
    while joins[(before << 8) | byte]:
        end += 1
        before, byte = byte, np.int64(data[end])
    return end


@kernel
def write_ids(data, offsets, joins, slots, kept, ids, place, out, out_offsets, bos, eos):  # type: ignore[no-untyped-def]
    """Write `bos` ids `eos` of framed rows to `out` from `place` (ROW, AT, FILLED) on; says why it stops, `place` where."""
    per_slot = 8 // out.itemsize
    bits = np.uint64(8 * out.itemsize)
    row, at, filled = place[ROW], place[AT], place[FILLED]
    while row < len(offsets) - 1:
        stop = offsets[row + 1] - 1
        out[out_offsets[row]] = bos
        filled = max(filled, out_offsets[row] + 1)
        while at < stop:
            end = _word_end(data, at, joins)
            length = end - at
            meta = np.uint64(0)
            if length <= MAX_WORD_BYTES:
                slot, meta = find(slots, kept, data, at, length)
            if meta == 0:
                place[ROW], place[AT], place[FILLED], place[END] = row, at, filled, end
                return UNKNOWN if length <= MAX_WORD_BYTES else LONG
            if not meta & USED:
                slots[slot, META] = meta | (USED if meta & SEEN else SEEN)
            count = np.int64((meta >> COUNT_SHIFT) & EIGHT_BITS)
            value = slots[slot, IDS]
            if meta & INLINE:
                for i in range(per_slot):
                    out[filled + i] = value
                    value >>= bits
            else:
                first = np.int64(value & LOW_HALF)
                for i in range(count):
                    out[filled + i] = ids[first + i]
            filled += count
            at = end
        out[filled] = eos
        filled += 1
        row += 1
        at = stop + 1
        out_offsets[row] = filled
    place[ROW], place[AT], place[FILLED] = row, at, filled
    return DONE


@kernel
def enter_unknown(data, at, stop, joins, slots, kept, num_bytes, room, unknown):  # type: ignore[no-untyped-def]
    """Enter at most `room` unknown words of data[at:stop] (many rows) into the table, which has no ids of them yet.

    They go to `unknown`, a row each. Returns how many there are, and the bytes taken in `kept`.
    """
    count, first = 0, at
    while at < stop and count < min(room, len(unknown)):
        if data[at] == SEPARATOR and at > first:
            at += 1
            continue
        end = _word_end(data, at, joins)
        length = end - at
        if length <= MAX_WORD_BYTES:
            slot, meta = find(slots, kept, data, at, length)
            if meta == 0:
                if num_bytes + length + PADDING_BYTES > len(kept):
                    break
                num_bytes = enter(slots, kept, num_bytes, data, at, length, slot)
                unknown[count, Unknown.AT], unknown[count, Unknown.BYTES] = at, length
                unknown[count, Unknown.SLOT] = np.int64(slot)
                count += 1
        at = end
    return count, num_bytes


@kernel
def gather(data, unknown):  # type: ignore[no-untyped-def]
    """Offsets and bytes of the words of `unknown`, end to end."""
    offsets = np.zeros(len(unknown) + 1, np.int64)
    for i in range(len(unknown)):
        offsets[i + 1] = offsets[i] + unknown[i, Unknown.BYTES]
    out = np.empty(offsets[-1], np.uint8)
    for i in range(len(unknown)):
        at = unknown[i, Unknown.AT]
        out[offsets[i] : offsets[i + 1]] = data[at : at + unknown[i, Unknown.BYTES]]
    return offsets, out


def joined_bytes(pieces: list[bytes]) -> npt.NDArray[np.bool_]:
    """Pairs of bytes (first << 8 | second) that stand side by side in a piece or inside a character, shape (65536,)."""
    joins = np.zeros(1 << 16, np.bool_)
    data = np.frombuffer(bytes([SEPARATOR]).join(pieces), np.uint8).astype(np.int64)
    joins[(data[:-1] << 8) | data[1:]] = True
    table = joins.reshape(256, 256)
    table[:, 0x80:0xC0] = True
    table[:, SEPARATOR] = table[SEPARATOR, :] = False
    return joins
