"""Python's Unicode database in, one table of flags by code point for the heuristic rules out; built at first use."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

from stages.kernels.unicode.code_points import LETTER, NUM_CODE_POINTS, SINGLE, WORD_KIND_SHIFT, word_tables

SPACE, ALONE, SOLID, ALPHABETIC, JOINS, LOWER, TERMINAL, WIDE_TERMINAL, CLOSER = (
    1 << bit for bit in range(9)
)
"""White space; a word of its own (scripts without spaces); letter, mark or number; letter or mark; may melt into what
stands before it under NFC; lower case; ends a sentence before a space; ends one anywhere; may follow such an end."""

TERMINALS = ".!?…‼‽⁇⁈⁉։؟۔।॥။።፧៕។።᠃"
"""Ends of sentences in scripts that put a space after them."""

WIDE_TERMINALS = "。｡．！？"
"""Ends of sentences in scripts without spaces."""

CLOSERS = "\"'”’“»«)]」』）】》"
"""What may stand between the end of a sentence and the space: closing quotes (also German and Danish) and brackets."""


@cache
def text_flags() -> npt.NDArray[np.uint16]:
    """The flags of every code point, shape (0x110000,), uint16."""
    characters = [chr(code) for code in range(NUM_CODE_POINTS)]
    kinds = (word_tables(False)[0] >> WORD_KIND_SHIFT) & 3
    categories = np.frombuffer("".join(unicodedata.category(c) for c in characters).encode(), "S2")
    major = categories.astype("S1")
    table = np.zeros(NUM_CODE_POINTS, np.uint16)
    table[kinds == SINGLE] |= ALONE
    table[(kinds == SINGLE) | (kinds == LETTER)] |= SOLID
    table[(major == b"L") | (major == b"M")] |= ALPHABETIC
    table[(major == b"M") | np.isin(np.arange(NUM_CODE_POINTS), _second_parts(characters))] |= JOINS
    table[categories == b"Ll"] |= LOWER
    table[[code for code, c in enumerate(characters) if c.isspace()]] |= SPACE
    for text, flag in ((TERMINALS, TERMINAL), (WIDE_TERMINALS, WIDE_TERMINAL), (CLOSERS, CLOSER)):
        table[[ord(c) for c in text]] |= flag
    table.flags.writeable = False
    return table


def _second_parts(characters: list[str]) -> list[int]:
    """Code points that stand second in a canonical pair, and the vowels and finals of Hangul."""
    parts = (unicodedata.decomposition(c).split() for c in characters)
    seconds = {int(pair[1], 16) for pair in parts if len(pair) == 2 and not pair[0].startswith("<")}
    return sorted(seconds | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3)))
