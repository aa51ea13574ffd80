"""UTF-8 text in, its lines and words out, as all heuristic rules count them (the one place that says so).

A line is what `\\n` separates, without the white space around it; a line of white space only is blank and counts
nowhere. A word is a run without white space, punctuation and all, as `str.split` gives; in scripts without spaces
each letter, mark or number is a word. Its core is the word without what stands before its first and after its last
letter, mark or number; a word without a core is a symbol. Lengths are in code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.unicode.text_flags import ALONE, SOLID, SPACE
from stages.kernels.unicode.utf8 import decode, previous

NEWLINE = 10
WORDS_AT_ONCE = 1024
HASH_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@kernel(inline="always")
def code_at(data, at):  # type: ignore[no-untyped-def]
    """(code point, width in bytes) of the character that starts at `at`, quick for ASCII."""
    byte = data[at]
    if byte < 0x80:
        return numba.int64(byte), 1
    return decode(data, at)


@kernel
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


@kernel
def count_chars(data, start, stop):  # type: ignore[no-untyped-def]
    """Code points in data[start:stop]."""
    count = 0
    for at in range(start, stop):
        count += data[at] & 0xC0 != 0x80
    return count


class Words(NamedTuple):
    """Room for the next words of a text: where each starts and ends, its hash, its characters and all their flags."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    chars: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint16]


def room_for_words() -> Words:
    """Arrays that `fill_words` fills again and again."""
    size = WORDS_AT_ONCE
    return Words(
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.uint64),
        np.empty(size, np.int32),
        np.empty(size, np.uint16),
    )


@kernel
def fill_words(data, at, stop, flags, words):  # type: ignore[no-untyped-def]
    """Write the next words of data[at:stop] to `words`; (how many, the place to go on from).

    Fewer than WORDS_AT_ONCE say that the text has ended.
    """
    count = 0
    value = HASH_BASIS
    start = at
    chars = 0
    union = np.uint16(0)
    while at < stop:
        code, width = code_at(data, at)
        flag = flags[code]
        if flag & (SPACE | ALONE):
            if chars:
                _put(words, count, start, at, value, chars, union)
                count += 1
                value = HASH_BASIS
                chars = 0
                union = np.uint16(0)
                if count == WORDS_AT_ONCE:
                    return count, at
            start = at + width
            if flag & ALONE:
                _put(words, count, at, start, (HASH_BASIS ^ np.uint64(code)) * _PRIME, 1, flag)
                count += 1
                if count == WORDS_AT_ONCE:
                    return count, start
        else:
            value = (value ^ np.uint64(code)) * _PRIME
            chars += 1
            union |= flag
        at += width
    if chars:
        _put(words, count, start, at, value, chars, union)
        count += 1
    return count, at


@kernel(inline="always")
def _put(words, count, start, end, value, chars, union):  # type: ignore[no-untyped-def]
    words.starts[count] = start
    words.ends[count] = end
    words.hashes[count] = value
    words.chars[count] = chars
    words.flags[count] = union


@kernel(inline="always")
def hash_code_point(value, code):  # type: ignore[no-untyped-def]
    """The hash of a word with one more code point; that of no word is HASH_BASIS."""
    return (value ^ np.uint64(code)) * _PRIME


@kernel
def hash_code_points(data, at, stop):  # type: ignore[no-untyped-def]
    """The hash of the word data[at:stop]: FNV-1a over its code points, not yet mixed."""
    value = HASH_BASIS
    while at < stop:
        code, width = code_at(data, at)
        value = hash_code_point(value, code)
        at += width
    return value


@kernel
def find_core(data, start, end, flags):  # type: ignore[no-untyped-def]
    """(start, end, characters outside it) of the core of the word data[start:end]; start == end for a symbol."""
    outside = 0
    while start < end:
        code, width = code_at(data, start)
        if flags[code] & SOLID:
            break
        start += width
        outside += 1
    while end > start:
        before = previous(data, end)
        code, _ = code_at(data, before)
        if flags[code] & SOLID:
            break
        end = before
        outside += 1
    return start, end, outside


@kernel
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


@kernel(inline="always")
def ends_with_ellipsis(data, start, end):  # type: ignore[no-untyped-def]
    """Whether data[start:end] ends in three dots or the character for them."""
    if end - start < 3:
        return False
    a, b, c = data[end - 3], data[end - 2], data[end - 1]
    return (a == 46 and b == 46 and c == 46) or (a == 0xE2 and b == 0x80 and c == 0xA6)


@kernel(inline="always")
def is_one_of(code, codes):  # type: ignore[no-untyped-def]
    """Whether a code point is in the short array `codes`."""
    found = False
    for other in codes:
        found |= other == code
    return found
