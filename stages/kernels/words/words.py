"""UTF-8 bytes in, 64-bit hashes of words out, by the tables of `code_points.word_tables`.

A word is a run of letters, marks and numbers, case folded; in scripts without spaces each character is one.
Its hash is FNV-1a over its code points with a final mix.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import (
    CODE_MASK,
    LETTER,
    SEPARATOR,
    SINGLE,
    WORD_KIND_SHIFT,
    WORD_MULTIPLE,
)
from stages.kernels.unicode.utf8 import decode

_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@kernel(inline="always")
def mix64(value):  # type: ignore[no-untyped-def]
    """MurmurHash3's 64-bit finalizer: a bijection that spreads every bit."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@kernel
def next_word(data, at, stop, table, multiple):  # type: ignore[no-untyped-def]
    """(hash of the next word in data[at:stop], the place after it, whether there was one)."""
    value = _BASIS
    found = False
    while at < stop:
        byte = data[at]
        if byte < 0x80:
            entry = table[byte]
            width = 1
        else:
            code, width = decode(data, at)
            entry = table[code]
        kind = (entry >> WORD_KIND_SHIFT) & 3
        if kind == LETTER:
            value = _add(value, entry, multiple)
            found = True
        elif kind == SEPARATOR:
            if found:
                return mix64(value), at + width, True
        elif kind == SINGLE:
            if not found:
                value = _add(value, entry, multiple)
                at += width
            return mix64(value), at, True
        at += width
    return mix64(value), at, found


@kernel
def word_bounds(data, at, stop, table):  # type: ignore[no-untyped-def]
    """(start, end, the place to go on from) of the word that `next_word` would hash; start -1: there is none.

    What `next_word` passes over (apostrophes, format characters) is part of a word only inside it.
    """
    start = end = -1
    while at < stop:
        code, width = decode(data, at)
        kind = (table[code] >> WORD_KIND_SHIFT) & 3
        if kind == LETTER:
            if start < 0:
                start = at
            end = at + width
        elif kind == SEPARATOR:
            if start >= 0:
                return start, end, at + width
        elif kind == SINGLE:
            if start < 0:
                return at, at + width, at + width
            return start, end, at
        at += width
    return start, end, at


@kernel(inline="always")
def _add(value, entry, multiple):  # type: ignore[no-untyped-def]
    code = entry & CODE_MASK
    if not entry & WORD_MULTIPLE:
        return (value ^ np.uint64(code)) * _PRIME
    for i in range(multiple.shape[1]):
        if multiple[code, i]:
            value = (value ^ np.uint64(multiple[code, i])) * _PRIME
    return value
