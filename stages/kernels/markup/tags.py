"""HTML in, its tags out, one after another: name, attributes and end of each, past comments and text."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel

LESS, GREATER, SLASH, EQUALS, QUOTE, APOSTROPHE, EXCLAMATION, QUESTION, DASH = (
    60,
    62,
    47,
    61,
    34,
    39,
    33,
    63,
    45,
)
SPACE = 32
_FNV_START, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
NAME_BITS = 17
"""Distinct names are counted by this many bits of their hash: a lower bound that is close below a tenth of all."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


@kernel(inline="always")
def is_letter(byte):  # type: ignore[no-untyped-def]
    """Whether an ASCII letter."""
    return 97 <= (byte | 32) <= 122


@kernel(inline="always")
def ends_name(byte):  # type: ignore[no-untyped-def]
    """Whether a tag's name ends before this byte: white space, `/` or `>`."""
    return byte <= SPACE or byte in (SLASH, GREATER)


@kernel
def find_byte(data, words, at, byte):  # type: ignore[no-untyped-def]
    """The first place of `byte` from `at` on, else the size; `words` are the same bytes, eight by eight, the first lowest."""
    size = len(data)
    pattern, word = np.uint64(byte) * _ONES, at >> 3
    if word < len(words):
        before = (np.uint64(1) << (np.uint64(at & 7) << np.uint64(3))) - np.uint64(1)
        different = (words[word] ^ pattern) | before
        hits = (different - _ONES) & ~different & _HIGHS
        while not hits:
            word += 1
            if word == len(words):
                break
            different = words[word] ^ pattern
            hits = (different - _ONES) & ~different & _HIGHS
        if hits:
            # above the lowest hit there may be false ones; the ones below it are as many as bytes up to it
            below = ((hits & (~hits + np.uint64(1))) - np.uint64(1)) & _ONES
            return (word << 3) + np.int64((below * _ONES) >> np.uint64(56)) - 1
        at = word << 3
    while at < size and data[at] != byte:
        at += 1
    return at


@kernel
def read_name(data, at):  # type: ignore[no-untyped-def]
    """(hash, end) of the name at `at`, in lower case."""
    value = _FNV_START
    while at < len(data) and not ends_name(data[at]):
        byte = data[at]
        value = (value ^ np.uint64(byte | 32 if 65 <= byte <= 90 else byte)) * _FNV_PRIME
        at += 1
    return np.int64(value), at


@kernel
def read_attributes(data, words, at, names):  # type: ignore[no-untyped-def]
    """(end behind `>`, number of attributes, whether `/` ends it, names new to the bits `names`) of a tag.

    The end is -1 when there is none: what follows is no tag then.
    """
    attributes, new, size = 0, 0, len(data)
    while True:
        closed = False
        while at < size and (data[at] <= SPACE or data[at] == SLASH):
            closed = data[at] == SLASH
            at += 1
        if at >= size:
            return -1, attributes, False, new
        if data[at] == GREATER:
            return at + 1, attributes, closed, new
        value = _FNV_START
        first = True
        while at < size and not ends_name(data[at]) and (first or data[at] != EQUALS):
            value = ((value << np.uint64(7)) | (value >> np.uint64(57))) ^ np.uint64(data[at])
            at += 1
            first = False
        attributes += 1
        new += note_name(value, names)
        while at < size and data[at] <= SPACE:
            at += 1
        if at < size and data[at] == EQUALS:
            at = _value_end(data, words, at + 1)


@kernel
def note_name(value, names):  # type: ignore[no-untyped-def]
    """1 when no name with this hash was seen before."""
    place = (value * _MIX) >> np.uint64(64 - NAME_BITS)
    word, bit = np.int64(place >> np.uint64(6)), np.uint64(1) << (place & np.uint64(63))
    if names[word] & bit:
        return 0
    names[word] |= bit
    return 1


@kernel
def _value_end(data, words, at):  # type: ignore[no-untyped-def]
    """The place behind an attribute's value."""
    size = len(data)
    while at < size and data[at] <= SPACE:
        at += 1
    if at >= size:
        return at
    quote = data[at]
    if quote in (QUOTE, APOSTROPHE):
        return find_byte(data, words, at + 1, quote) + 1
    while at < size and data[at] > SPACE and data[at] != GREATER:
        at += 1
    return at


@kernel
def comment_end(data, words, at, in_foreign):  # type: ignore[no-untyped-def]
    """The place behind what `<!` or `<?` at `at` opens: a comment, CDATA in SVG, else up to `>`."""
    size = len(data)
    if at + 3 < size and data[at + 1] == EXCLAMATION and data[at + 2] == DASH and data[at + 3] == DASH:
        at += 4
        if at < size and data[at] == GREATER:
            return at + 1
        if at + 1 < size and data[at] == DASH and data[at + 1] == GREATER:
            return at + 2
        start = at
        while True:
            at = find_byte(data, words, at, GREATER)
            if at >= size:
                return size
            bang = at - 1 if data[at - 1] == EXCLAMATION else at
            if bang - 2 >= start and data[bang - 1] == DASH and data[bang - 2] == DASH:
                return at + 1
            at += 1
    is_cdata = in_foreign and at + 8 < size and data[at + 1] == EXCLAMATION and data[at + 2] == 91
    while True:
        at = find_byte(data, words, at, GREATER)
        if at >= size:
            return size
        if not is_cdata or (data[at - 1] == 93 and data[at - 2] == 93):
            return at + 1
        at += 1


@kernel
def raw_end(data, words, at, name):  # type: ignore[no-untyped-def]
    """Where the `</` of the end tag `name` stands, from `at` on; the end of the data without one."""
    size = len(data)
    while True:
        at = find_byte(data, words, at, LESS)
        if at + 2 >= size:
            return size
        if data[at + 1] == SLASH and is_letter(data[at + 2]):
            found, stop = read_name(data, at + 2)
            if found == name and stop < size:
                return at
        at += 1
