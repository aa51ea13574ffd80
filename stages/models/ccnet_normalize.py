"""A text in, the form in which CCNet's language models see it out (Wenzek et al. 2020, 3.3; cc_net's `normalize`).

Strip, lower case, accents off (NFD without non-spacing marks), every decimal digit to 0, 33 punctuation marks by a
table, control characters out. All of it works on whole texts; a line end is kept only where lines are wanted.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

_ONE_FOR_ONE = (
    ("，、", ","),
    ("。", "."),
    ("„”“«»」「《》", '"'),
    ("´’", "'"),
    ("∶：", ":"),
    ("？", "?"),
    ("！", "!"),
    ("（", "("),
    ("）", ")"),
    ("；", ";"),
    ("–━►", "-"),
    ("～", "~"),
    ("〈", "<"),
    ("〉", ">"),
    ("【", "["),
    ("】", "]"),
    ("％", "%"),
)
_LONGER = (("—", " - "), ("．", ". "), ("…", "..."))
"""CCNet's table of punctuation. It has `１` as a quotation mark too, which never matches: digits come first."""

_CONTROLS = bytes(code for code in (*range(32), 127) if code != ord("\n"))
_HIGH_CONTROLS = range(128, 160)
_ASCII = bytes(ord("0") if chr(code).isdigit() else code for code in range(128)) + bytes(range(128, 256))
_GONE = np.uint32(0xFFFFFFFF)
_PART_CHARS = 1 << 22
"""So much is in memory as 32-bit numbers at a time."""

_ASSIGNED = (range(0x20000), range(0xE0000, 0xE1000))
"""Code points with marks and digits; the planes between hold ideographs alone."""

MAX_SENTENCE_CHARS = 1 << 18
"""A longer line is judged as several: KenLM adds up in single precision, SentencePiece's memory grows with it."""

_LONG_PART = re.compile(rf"(?s).{{1,{MAX_SENTENCE_CHARS}}}")


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint32]:
    """What becomes of each code point; `_GONE` of those that are removed."""
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code in chain(*_ASSIGNED):
        category = unicodedata.category(chr(code))
        if category == "Mn":
            table[code] = _GONE
        elif category == "Nd":
            table[code] = ord("0")
    for marks, replacement in _ONE_FOR_ONE:
        table[[ord(mark) for mark in marks]] = ord(replacement)
    table[[*_CONTROLS, *_HIGH_CONTROLS]] = _GONE
    return table


def normalize_lines(text: str) -> str:
    r"""All of a text in CCNet's form, but for its line ends, which stay, and for stripping, which is the caller's."""
    text = text.lower()
    if text.isascii():
        return text.encode("ascii").translate(_ASCII, _CONTROLS).decode("ascii")
    parts = (text[start : start + _PART_CHARS] for start in range(0, len(text), _PART_CHARS))
    text = "".join(map(_plain, parts))
    for mark, replacement in _LONGER:
        text = text.replace(mark, replacement)
    return text


def _plain(text: str) -> str:
    """Accents, digits, the punctuation that stays one character, and control characters."""
    codes = np.frombuffer(unicodedata.normalize("NFD", text).encode("utf-32-le"), dtype="<u4")
    mapped = _table()[codes]
    kept: bytes = mapped[mapped != _GONE].astype("<u4").tobytes()
    return kept.decode("utf-32-le")


def lines_of(text: str) -> list[str]:
    """The lines of a text, each in CCNet's form; lines with nothing in them are none."""
    stripped = "\n".join(filter(None, map(str.strip, text.split("\n"))))
    return _bounded([line for line in normalize_lines(stripped).split("\n") if line])


def whole_of(text: str) -> list[str]:
    """The text as one line, in CCNet's form: its pipeline removes line ends with the other control characters."""
    line = normalize_lines(text.strip()).replace("\n", "")
    return _bounded([line] if line else [])


def _bounded(lines: list[str]) -> list[str]:
    if max(map(len, lines), default=0) <= MAX_SENTENCE_CHARS:
        return lines
    return [part for line in lines for part in _LONG_PART.findall(line)]
