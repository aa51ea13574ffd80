"""UTF-8 text in, its lines and words out, as all heuristic rules count them (the one place that says so).

A line is what `\\n` separates, without the white space around it; a line of white space only is blank and counts
nowhere. A word is a run without white space, punctuation and all, as `str.split` gives; in scripts without spaces
each letter, mark or number is a word. Its core is the word without what stands before its first and after its last
letter, mark or number; a word without a core is a symbol. Lengths are in code points.
"""

from __future__ import annotations

import numba
import numpy as np

from stages.kernels.text_flags import ALONE, ALPHABETIC, SOLID, SPACE
from stages.kernels.utf8 import decode, previous

NEWLINE = 10
_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@numba.njit(cache=True, nogil=True, inline="always")
def code_at(data, at):  # type: ignore[no-untyped-def]
    """(code point, width in bytes) of the character that starts at `at`, quick for ASCII."""
    byte = data[at]
    if byte < 0x80:
        return numba.int64(byte), 1
    return decode(data, at)


@numba.njit(cache=True, nogil=True)
def next_line(data, at, stop, flags):  # type: ignore[no-untyped-def]
    """(start, end) of the line at `at` without the white space around it, and where the next line starts."""
    end = at
    while end < stop and data[end] != NEWLINE:
        end += 1
    following = end + 1
    while at < end:
        code, width = code_at(data, at)
        if not flags[code] & SPACE:
            break
        at += width
    while end > at:
        before = previous(data, end)
        code, _ = code_at(data, before)
        if not flags[code] & SPACE:
            break
        end = before
    return at, end, following


@numba.njit(cache=True, nogil=True)
def count_chars(data, start, stop):  # type: ignore[no-untyped-def]
    """Code points in data[start:stop]."""
    count = 0
    for at in range(start, stop):
        count += data[at] & 0xC0 != 0x80
    return count


@numba.njit(cache=True, nogil=True)
def skip_space(data, at, stop, flags):  # type: ignore[no-untyped-def]
    """Where the next word starts, or `stop`."""
    while at < stop:
        code, width = code_at(data, at)
        if not flags[code] & SPACE:
            break
        at += width
    return at


@numba.njit(cache=True, nogil=True)
def read_word(data, at, stop, flags):  # type: ignore[no-untyped-def]
    """The word at `at`, which is no white space: (end, hash, chars, core chars, core start, core end, flags of all)."""
    value = _BASIS
    union = 0
    chars = 0
    core_chars = 0
    core_start = at
    core_end = at
    first_solid = 0
    while at < stop:
        code, width = code_at(data, at)
        flag = numba.int64(flags[code])
        if flag & SPACE or (chars and flag & ALONE):
            break
        value = (value ^ np.uint64(code)) * _PRIME
        union |= flag
        if flag & SOLID:
            if core_end == core_start:
                core_start = at
                first_solid = chars
            core_end = at + width
            core_chars = chars + 1 - first_solid
        chars += 1
        at += width
        if flag & ALONE:
            break
    return at, value, chars, core_chars, core_start, core_end, union


@numba.njit(cache=True, nogil=True)
def hash_span(data, start, stop):  # type: ignore[no-untyped-def]
    """FNV-1a of the bytes data[start:stop]."""
    value = _BASIS
    for at in range(start, stop):
        value = (value ^ np.uint64(data[at])) * _PRIME
    return value


@numba.njit(cache=True, nogil=True)
def count_words(data, at, stop, flags):  # type: ignore[no-untyped-def]
    """(words in data[at:stop], characters of the longest)."""
    words = 0
    longest = 0
    length = 0
    while at < stop:
        code, width = code_at(data, at)
        flag = flags[code]
        at += width
        if flag & SPACE:
            length = 0
        elif flag & ALONE:
            words += 1
            longest = max(longest, 1)
            length = 0
        else:
            words += length == 0
            length += 1
            longest = max(longest, length)
    return words, longest


@numba.njit(cache=True, nogil=True, inline="always")
def ends_with_ellipsis(data, start, end):  # type: ignore[no-untyped-def]
    """Whether data[start:end] ends in three dots or the character for them."""
    if end - start < 3:
        return False
    a, b, c = data[end - 3], data[end - 2], data[end - 1]
    return (a == 46 and b == 46 and c == 46) or (a == 0xE2 and b == 0x80 and c == 0xA6)


@numba.njit(cache=True, nogil=True, inline="always")
def is_one_of(code, codes):  # type: ignore[no-untyped-def]
    """Whether a code point is in the short array `codes`."""
    for other in codes:
        if other == code:
            return True
    return False


HAS_LETTER = ALPHABETIC
"""The flag in a word's union that says it holds a letter or mark."""
