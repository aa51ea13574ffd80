"""A book's text in, how good a text of its work it is out: for choosing among near equals."""

from __future__ import annotations

import re

import numpy as np

_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{2,5});")
_MISREAD = re.compile(r"\ufffd|[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")
_ARCHIVE = re.compile(r"[Gg]utenberg|GUTENBERG|[Tt]ranscriber|TRANSCRIBER")
_MARK = re.compile(r"\[(?:Pg|Page|p\.|Illustration|Blank Page)\b[^\[\]\n]{0,200}\]|\u00ad", re.IGNORECASE)
_PENALTIES = (
    (_UNDERSCORE, "_", 1.0),
    (_TAG, "<", 3.0),
    (_ENTITY, "&", 3.0),
    (_MARK, "", 1.0),
    (_MISREAD, "", 10.0),
    (_ARCHIVE, "", 20.0),
)
"""What no author wrote, a sign that it cannot be without, and how many accents one costs."""
_PER_WORD = 0.02
"""Fifty words more count as one accent: an edition with a preface is no better for it than one with all its accents."""
_OF_LANGUAGE = 0.5
_FIRST_LETTER_LEAD = 0xC3
_NO_LETTER_LEADS = (0xE2, 0xEF)
"""First bytes of letters beyond ASCII in UTF-8, and those of punctuation and U+FFFD."""


def text_quality(text: str, num_words: int, has_language: bool) -> float:
    """How good a text is: letters beyond ASCII, less tags, leftovers and misread places, and its length in words.

    Only the order counts, and only among texts of one work: a language of accents has more of them.
    """
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    letters = int(np.count_nonzero(data >= _FIRST_LETTER_LEAD))
    letters -= sum(int(np.count_nonzero(data == lead)) for lead in _NO_LETTER_LEADS)
    faults = sum(
        weight * sum(1 for _ in pattern.finditer(text))
        for pattern, sign, weight in _PENALTIES
        if sign in text
    )
    return letters - faults + _PER_WORD * num_words + _OF_LANGUAGE * has_language
