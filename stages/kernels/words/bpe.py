"""Words in, the ids of their pieces out by byte-pair merges (Sennrich et al. 2016), as SentencePiece's BPE orders them.

A word begins as characters; of all neighbours whose join is a piece those are joined whose piece has the highest score, the
leftmost of equal ones, until none is left. A character that is no piece is written as its bytes (LLaMA, 2.1).
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.words.word_table import (
    IDS,
    INLINE,
    LOW_HALF,
    MAX_WORD_BYTES,
    PADDING_BYTES,
    enter,
    find,
)

_SPACE = np.uint8(0x20)
_NO_PIECE = np.int64(-1)


@kernel
def enter_pieces(offsets, data, slots, kept, unknown):  # type: ignore[no-untyped-def]
    """Enter the pieces data[offsets[i]:offsets[i + 1]], all different, into a table; `unknown` says where, for `learn`."""
    num_bytes = 0
    for i in range(len(offsets) - 1):
        at, length = offsets[i], offsets[i + 1] - offsets[i]
        slot, _ = find(slots, kept, data, at, length)
        num_bytes = enter(slots, kept, num_bytes, data, at, length, slot)
        unknown[i, 0], unknown[i, 1], unknown[i, 2] = at, length, np.int64(slot)


@kernel(inline="always")
def _piece(slots, kept, ids, word, start, stop):  # type: ignore[no-untyped-def]
    """The id of word[start:stop], or _NO_PIECE."""
    slot, meta = find(slots, kept, word, start, stop - start)
    if meta == 0:
        return _NO_PIECE
    value = slots[slot, IDS]
    return np.int64(value & LOW_HALF) if meta & INLINE else np.int64(ids[np.int64(value & LOW_HALF)])


@kernel
def _spaced(data, at, stop, word):  # type: ignore[no-untyped-def]
    """Write data[at:stop] into `word`, each U+2581, which is SentencePiece's space, as a space; its bytes."""
    size = 0
    while at < stop:
        if data[at] == 0xE2 and at + 2 < stop and data[at + 1] == 0x96 and data[at + 2] == 0x81:
            word[size] = _SPACE
            at += 3
        else:
            word[size] = data[at]
            at += 1
        size += 1
    return size


@kernel
def _characters(word, size, starts):  # type: ignore[no-untyped-def]
    """Where the characters of word[:size] begin, and its end; how many there are."""
    count = 0
    for at in range(size):
        if word[at] & 0xC0 != 0x80:
            starts[count] = at
            count += 1
    starts[count] = size
    return count


@kernel
def merged(offsets, data, slots, kept, ids, scores, byte_ids, out, out_offsets):  # type: ignore[no-untyped-def]
    """Write the ids of the words data[offsets[i]:offsets[i + 1]] (UTF-8, at most MAX_WORD_BYTES each) to `out`.

    Those of word i are out[out_offsets[i]:out_offsets[i + 1]], no more than its bytes. `slots`, `kept` and `ids` are the
    table of pieces with spaces for U+2581, `scores` (pieces,) theirs by id, `byte_ids` (256,) what stands for a byte.
    """
    word = np.zeros(MAX_WORD_BYTES + PADDING_BYTES, np.uint8)
    starts = np.empty(MAX_WORD_BYTES + 1, np.int64)
    joins = np.empty(MAX_WORD_BYTES + 1, np.int64)  # the piece of each symbol and the next one
    filled = 0
    for row in range(len(offsets) - 1):
        size = _spaced(data, offsets[row], offsets[row + 1], word)
        count = _characters(word, size, starts)
        for i in range(count - 1):
            joins[i] = _piece(slots, kept, ids, word, starts[i], starts[i + 2])
        while True:
            best = -1
            for i in range(count - 1):
                if joins[i] >= 0 and (best < 0 or scores[joins[i]] > scores[joins[best]]):
                    best = i
            if best < 0:
                break
            count -= 1
            for i in range(best + 1, count + 1):
                starts[i] = starts[i + 1]
            for i in range(best + 1, count - 1):
                joins[i] = joins[i + 1]
            if best > 0:
                joins[best - 1] = _piece(slots, kept, ids, word, starts[best - 1], starts[best + 1])
            if best < count - 1:
                joins[best] = _piece(slots, kept, ids, word, starts[best], starts[best + 2])
        for i in range(count):
            piece = _piece(slots, kept, ids, word, starts[i], starts[i + 1])
            if piece >= 0:
                out[filled] = piece
                filled += 1
                continue
            for at in range(starts[i], starts[i + 1]):
                out[filled] = byte_ids[word[at]]
                filled += 1
        out_offsets[row + 1] = filled
    return filled
