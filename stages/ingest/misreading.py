"""A text in, how many places of it look as only a reading in the wrong encoding does out."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

_Kinds = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]

_OTHER, _ASCII_LOWER, _ASCII_UPPER, _LOWER, _UPPER = range(5)
_FOREIGN_LOWER, _FOREIGN_UPPER, _CASELESS, _NARROW, _IDEOGRAPH, _SYMBOL, _BOX, _NO_TEXT = range(5, 13)
"""Latin letters beyond ASCII have a case, so have those of Cyrillic, Greek, Armenian (foreign); Hebrew and Arabic have
none, as half-width kana (narrow). Ideographs are all other letters of East Asia."""


def _table(*kinds: int) -> _Mask:
    return np.isin(np.arange(_NO_TEXT + 1), kinds)


_LETTERS = _table(*range(_ASCII_LOWER, _IDEOGRAPH))
_LATIN = _table(_ASCII_LOWER, _ASCII_UPPER, _LOWER, _UPPER)
_FOREIGN = _table(_FOREIGN_LOWER, _FOREIGN_UPPER, _CASELESS, _NARROW)
_CAPITALS = _table(_UPPER, _FOREIGN_UPPER)
_SMALL = _table(_ASCII_LOWER, _LOWER, _FOREIGN_LOWER)
_SELDOM_LONG = _table(_LOWER, _UPPER, _NARROW)

_SCRIPTS = {
    "LATIN": (_LOWER, _UPPER),
    "CYRILLIC": (_FOREIGN_LOWER, _FOREIGN_UPPER),
    "GREEK": (_FOREIGN_LOWER, _FOREIGN_UPPER),
    "ARMENIAN": (_FOREIGN_LOWER, _FOREIGN_UPPER),
    "HEBREW": (_CASELESS, _CASELESS),
    "ARABIC": (_CASELESS, _CASELESS),
    "HALFWIDTH": (_NARROW, _NARROW),
    "HIRAGANA": (_IDEOGRAPH, _IDEOGRAPH),
    "KATAKANA": (_IDEOGRAPH, _IDEOGRAPH),
    "HANGUL": (_IDEOGRAPH, _IDEOGRAPH),
    "CJK": (_IDEOGRAPH, _IDEOGRAPH),
}
_LONG_RUN = 5
"""Latin letters beyond ASCII in a row that no language of Europe writes: Polish has four (`żółć`). Half-width kana do
stand so, but where all of a text is of them, it is Cyrillic or Thai that is read as Shift_JIS."""


def misread_places(text: str, *, capitals: bool = False) -> int:
    """How many characters, or neighbours, no writer puts there: controls, U+FFFD, a symbol inside a word, a capital
    after a small letter or an accented capital, two scripts in one word, five accented letters in a row, one
    ideograph after a Latin letter.

    With `capitals` one of Cyrillic or Greek after another counts, too: a small letter of KOI8 is a capital elsewhere.
    Some stand in good texts, so compare readings of the same bytes, or the number with that of the bytes beyond ASCII.
    """
    if text.isascii() or not text:
        return 0
    codes = np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32), 0xFFFF)
    at = np.flatnonzero(codes > 0x7F)
    padded = np.pad(codes, 1)
    after_codes = padded[at + 2]
    kinds, before, after = _kinds()[codes[at]], _kinds()[padded[at]], _kinds()[after_codes]
    was_letter, is_letter = _LETTERS[before], _LETTERS[after]
    found = kinds == _NO_TEXT
    found |= (kinds == _SYMBOL) & was_letter & is_letter
    found |= (kinds == _BOX) & (was_letter | is_letter)
    found |= _CAPITALS[kinds] & _SMALL[before]
    found |= ((kinds == _UPPER) | (capitals & (kinds == _FOREIGN_UPPER))) & (before == kinds)
    found |= _FOREIGN[kinds] & (_LATIN[before] | _LATIN[after])
    found |= (kinds == _IDEOGRAPH) & (before == _ASCII_LOWER) & (after_codes < 0x80)
    return int(np.count_nonzero(found)) + _long_runs(kinds, at)


def _long_runs(kinds: _Kinds, at: npt.NDArray[np.int64]) -> int:
    """In how many places a long run begins, `kinds` standing at `at` in their text."""
    more = _LONG_RUN - 1
    if len(at) <= more:
        return 0
    runs = at[more:] - at[:-more] == more
    for shift in range(_LONG_RUN):
        runs &= _SELDOM_LONG[kinds[shift : len(at) - more + shift]]
    return int(np.count_nonzero(runs))


@cache
def _kinds() -> _Kinds:
    """The kind of every character of the basic plane; of those beyond, which end as its last, none."""
    kinds = np.array([_kind(chr(code)) for code in range(0x10000)], np.uint8)
    kinds[0xFFFF] = _OTHER
    return kinds


def _kind(char: str) -> int:
    if char.isascii():
        return (_ASCII_LOWER if char.islower() else _ASCII_UPPER) if char.isalpha() else _OTHER
    category = unicodedata.category(char)
    if char == "\ufffd" or category in ("Cc", "Cn", "Co", "Cs"):
        return _NO_TEXT
    if "\u2500" <= char <= "\u259f":
        return _BOX
    if category in ("Sc", "Sk", "Sm", "So", "No") or char in "«»¿¡":
        return _SYMBOL
    if category[0] != "L":
        return _OTHER
    lower, upper = _SCRIPTS.get(unicodedata.name(char, "").split(" ")[0].split("-")[0], (_OTHER, _OTHER))
    return upper if category == "Lu" else lower
