"""Python's Unicode database in, tables by code point for the kernels out; built at first use, in a second.

A table holds a uint32 for each code point: the code point that it becomes, and flags.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

NUM_CODE_POINTS = sys.maxunicode + 1
CODE_MASK = 0x1F_FFFF

LINE_REMOVED, LINE_SPACE, LINE_CASED, LINE_IGNORABLE, LINE_SPECIAL = (
    1 << 31,
    1 << 30,
    1 << 29,
    1 << 28,
    1 << 27,
)
"""Flags of the line table: removed from the key; white space; cased and case-ignorable (both for the final
sigma); lower case depends on the neighbours or is more than one code point."""

CCNET_PUNCTUATION = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►"
"""CCNet's fixed list (cc_net/text_normalizer.py): typographic punctuation only, so ASCII punctuation
stays."""

SEPARATOR, LETTER, IGNORED, SINGLE = 0, 1, 2, 3
"""Kinds of the word table, in bits 24 and 25: between words; in a word; as if absent; a word of its own."""

WORD_KIND_SHIFT = 24
WORD_MULTIPLE = 1 << 26
"""Flag of the word table: the lower 21 bits are a row of the second table, which holds several code
points."""

_APOSTROPHES = "'’ʼ‘`´＇"
_UNSPACED = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)
_FOLDED = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i"}


def _all_code_points() -> str:
    """Every code point but surrogates, which UTF-8 cannot hold; a "?" stands in their places."""
    return "".join(map(chr, range(0xD800))) + "?" * 0x800 + "".join(map(chr, range(0xE000, NUM_CODE_POINTS)))


def _as_codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


@cache
def line_table() -> npt.NDArray[np.uint32]:
    r"""What CCNet's line key makes of each code point: lower case, `\d` to 0, its punctuation and controls
    out."""
    every = _all_code_points()
    special = ("\u0130", "\u03a3")
    if any(len(c.lower()) != 1 for c in every if c != special[0]):
        raise RuntimeError(
            "this Python lowers another character than U+0130 to several: teach the line kernel"
        )
    table = _as_codes(every.replace(special[0], "i").replace(special[1], "σ").lower()).copy()
    lowered = table.tobytes().decode("utf-32-le")
    table[[m.start() for m in re.finditer(r"\d", lowered)]] = ord("0")
    removed = _as_codes(CCNET_PUNCTUATION).tolist() + list(range(32)) + list(range(127, 160))
    table[np.isin(table, removed)] |= LINE_REMOVED
    table[[m.start() for m in re.finditer(r"\s", every)]] |= LINE_SPACE
    table[[ord(c) for c in special]] |= LINE_SPECIAL
    # Python's own rule for the final sigma, asked of Python: is c cased, is c passed over?
    after = _as_codes("".join(f" {c}Σ" for c in every.replace(special[0], "I")).lower())[2::3]
    through = _as_codes("".join(f" A{c}Σ" for c in every.replace(special[0], "I")).lower())[3::4]
    cased = after == ord("ς")
    table[cased] |= LINE_CASED
    table[(through == ord("ς")) & ~cased] |= LINE_IGNORABLE
    table.flags.writeable = False
    return table


@cache
def word_tables(fold: bool) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """What each code point is to a word: the table, and the rows of code points (zeros at the end) it
    refers to.

    Letters, marks and numbers make words, case folded. In scripts without spaces every character is a word.
    Apostrophes and format characters are passed over. With `fold`, letters come to their base (NFKD without
    marks, ASCII where there is one), so that two encodings of one book agree.
    """
    table = np.zeros(NUM_CODE_POINTS, np.uint32)
    rows: dict[str, int] = {}
    for code in range(NUM_CODE_POINTS):
        character = chr(code)
        kind, becomes = word_character(character, fold)
        if kind == SEPARATOR:
            continue
        value = ord(becomes) if len(becomes) == 1 else 0
        if len(becomes) > 1:
            value = rows.setdefault(becomes, len(rows)) | WORD_MULTIPLE
        table[code] = value | kind << WORD_KIND_SHIFT
    longest = max(map(len, rows), default=1)
    multiple = np.zeros((max(1, len(rows)), longest), np.uint32)
    for text, row in rows.items():
        multiple[row, : len(text)] = _as_codes(text)
    table.flags.writeable = False
    multiple.flags.writeable = False
    return table, multiple


def word_character(character: str, fold: bool) -> tuple[int, str]:
    """Kind of a character and what it becomes inside a word ("" for kinds that add nothing)."""
    category = unicodedata.category(character)
    if character in _APOSTROPHES or category == "Cf":
        return IGNORED, ""
    if category[0] not in "LMN":
        return SEPARATOR, ""
    becomes = character.casefold()
    if fold:
        becomes = "".join(
            _FOLDED.get(c, c)
            for c in unicodedata.normalize("NFKD", becomes).casefold()
            if unicodedata.category(c)[0] in "LN"
        )
        if not becomes:
            return IGNORED, ""
    code = ord(character)
    single = any(first <= code <= last for first, last in _UNSPACED)
    return (SINGLE if single else LETTER), becomes
