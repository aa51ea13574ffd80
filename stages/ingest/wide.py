"""Bytes without a mark in, the byte order of the UTF-16 that they are out, where they can be nothing else.

Text of single bytes, or of UTF-8, has no controls; UTF-16 of any script has them, as bytes of its characters. Of the two
orders the right one gives characters that are written: of one script, or East Asia's common ones; the wrong one, and what
is no text at all, gives them from everywhere.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

_Units = npt.NDArray[np.uint16]

MIN_UNITS = 5
MIN_DIFFERENT = 4
"""Characters; a table repeats a few numbers."""
_ENOUGH = 8
MIN_WRITTEN_SHARE = 0.95
"""Of units that are ASCII, common in East Asia, punctuation, or of the commonest other row of 256."""
MAX_UNITS_A_SPACE = 60
"""Units of a script that is written with spaces, for one of ASCII; tables of numbers have none."""

HEAD_BYTES = 1 << 8
CONTROLS = bytes([*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20)])
"""Bytes that no text of single bytes, or of UTF-8, begins with; UTF-16 does, with parts of its characters."""
_KANA = b"0"
_COMMON = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("euc_jp", 0xB0, 0xCF), ("euc_kr", 0xB0, 0xC8))
"""Where encodings of East Asia have the characters that are used most, by their first bytes."""


_TWO_SPACES = 0x2020
"""A dagger, in either order."""


def has_wide_kana(data: bytes) -> bool:
    """Whether every fourth byte on one side, or more, is that of Japan's syllables; these need no control."""
    head = data[:HEAD_BYTES]
    return max(head[::2].count(_KANA), head[1::2].count(_KANA)) * 8 >= len(head)


def wide_codec(data: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be`, where `data` is written in one of them and no such text in the other."""
    head = data[: len(data) // 2 * 2][: 8 * HEAD_BYTES]
    if len(head) < 2 * MIN_UNITS:
        return None
    little, big = (_is_written(np.frombuffer(head, order)) for order in ("<u2", ">u2"))
    return None if little == big else "utf-16-le" if little else "utf-16-be"


def _is_written(units: _Units) -> bool:
    kinds = _kinds()[units]
    # the last may be half of a pair
    if np.any(kinds[:-1] == _NEVER) or not _are_paired(units):
        return False
    others = units[(kinds == _OTHER) & (units >> 8 != _TWO_SPACES >> 8)]
    if not _vary(units) or (len(others) >= _ENOUGH and not _vary(others)):
        return False
    home = np.bincount(others >> 8, minlength=1).max() if len(others) else 0
    ascii_units = np.count_nonzero(units < 0x80)
    if len(others) > len(units) // 2 and len(units) > (ascii_units + 1) * MAX_UNITS_A_SPACE:
        return False
    written = np.count_nonzero(kinds == _WRITTEN) + home
    return bool(written >= MIN_WRITTEN_SHARE * len(units))


def _vary(units: _Units) -> bool:
    return len(np.unique(units)) >= MIN_DIFFERENT


def _are_paired(units: _Units) -> bool:
    """Whether each high surrogate is before a low one, and each low one behind a high one."""
    high, low = (units >> 10) == 0xD800 >> 10, (units >> 10) == 0xDC00 >> 10
    return not low[0] and bool(np.array_equal(high[:-1], low[1:]))


_OTHER, _WRITTEN, _NEVER = range(3)


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Of each character of the basic plane, whether no text has it, or those of East Asia and all others have it often."""
    kinds = np.zeros(0x10000, np.uint8)
    for code in range(0x10000):
        category = unicodedata.category(chr(code))
        if category in ("Cn", "Co") or (category == "Cc" and chr(code) not in "\t\n\r"):
            kinds[code] = _NEVER
    kinds[0x20:0x7F] = kinds[0xA0:0x100] = kinds[[9, 10, 13]] = _WRITTEN
    for first, last in (
        (0x2010, 0x2040),
        (0x3000, 0x3020),
        (0x3041, 0x30FF),
        (0xFF01, 0xFF60),
        (0xD800, 0xE000),
    ):
        kinds[first:last] = _WRITTEN
    kinds[_TWO_SPACES] = _OTHER
    for codec, first, last in _COMMON:
        pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
        text = "".join(pair.decode(codec, "ignore") for pair in pairs)
        kinds[np.frombuffer(text.encode("utf-16-le"), "<u2")] = _WRITTEN
    return kinds
