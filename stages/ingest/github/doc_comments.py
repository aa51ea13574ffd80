"""A documentation comment in, the same without what it says of copyright and licence out: docstrings, `/** */`, `//!`.

Paragraphs are judged one by one, so are tags (`@license`) and lines that begin with a copyright; what is left of a
comment that has no words but those goes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_LEGAL = re.compile(
    r"copyright\s*(?:\(c\)|©|\d{4}|by\b|:|notice)|\(c\)\s*(?:copyright\s*)?\d{4}|©\s*\d{4}|&copy;|spdx-"
    r"|all rights reserved|licen[sc]ed\s+(?:under|to)\b|permission is hereby granted"
    r"|redistributions?\s+(?:and use\s+)?(?:in|of)"
    r"|without\s+(?:any\s+)?warrant|[\"“']as\s+is\b|(?:general|mozilla|eclipse)\s+public\s+licen[sc]e|free software"
    r"|(?:apache|mit|bsd|isc|boost(?:\s+software)?|zlib|x11)[\w.\s-]{0,12}\blicen[sc]e|under\s+the\s+(?:terms|licen[sc]e)"
    r"|governed\s+by\s+an?\b|endorse\s+or\s+promote|in compliance with the licen[sc]e|liable\s+for\s+any|merchantability"
    r"|(?:see|in|read)\s+(?:the\s+)?(?:(?:file|accompanying)\s+)?(?:licen[sc]e|copying)\b|in(?:to)? the public domain"
    r"|(?:apache|opensource|gnu|mozilla|creativecommons)\.org/licenses|full copyright"
    r"|(?:view|consult|see)\s+the\s+[\w\s]{0,30}\blicen[sc]e|distributed\s+under\b|this file is part of\b"
    r"|copy\s+of\s+(?:the\s+)?(?:\w+\s+){0,3}licen[sc]e",
    re.IGNORECASE,
)
"""What only a licence says; `copyright` alone may be what code is about."""
_SIGNS = (
    "licen",
    "copyright",
    "(c)",
    "©",
    "&copy;",
    "spdx-",
    "all rights reserved",
    "public domain",
    "permission is",
)
"""One of them is in every licence; other words of it alone say too little."""
_LABEL = re.compile(r"(?:copyright|licen[sc]e)s?\s*:", re.IGNORECASE)
_BEGINS_LEGAL = re.compile(
    r"(?:[@\\:]|</?)?(?:copyright|licen[sc]e|spdx-\w+)\b\s*:?(?!\s+\w+\s*[=(])|\(c\)\s|©", re.IGNORECASE
)
_TAG = re.compile(
    r"[@\\](?P<name>[A-Za-z]+)|:[\w -]{1,30}:(?=\s)"
    r"|<(?:summary|remarks|author|file|date|param|returns|description|overview)\b"
)
_LEGAL_TAG = re.compile(r"(?:[@\\:]|</?)(?:authors?\s+)?(?:copyright|licen[sc]e|copying)\b", re.IGNORECASE)
_SILENT_TAG = re.compile(
    r"[@\\:](?:authors?|since|version|package|subpackage|category|link|file|date)\b", re.IGNORECASE
)
_FRAME = re.compile(r"[ \t]*(?:\*(?!/)|///?!?|#)?[ \t]*")
_WORD = re.compile(r"[^\W\d_]{2,}")


def has_legal_part(comment: str) -> bool:
    """Whether a comment may speak of a licence; quick, for comments that do not."""
    lowered = comment.lower()
    return (
        any(map(lowered.__contains__, _SIGNS))
        and (_LEGAL.search(comment) or _LEGAL_TAG.search(comment)) is not None
    )


def without_license(comment: str, opening: str, closing: str, min_words: int = 1) -> str:
    """`comment` without its legal parts, "" where fewer words than `min_words` are left; a run of lines has no marks."""
    inner = comment[len(opening) : len(comment) - len(closing)]
    lines = inner.splitlines(keepends=True)
    head = lines.pop(0) if opening and lines and not _content(lines[0]) else ""
    is_closed_apart = bool(closing and lines) and not _content(lines[-1])
    tail = lines.pop() if is_closed_apart else ""
    kept: list[str] = []
    blanks: list[str] = []
    is_cut = False
    for is_legal, unit in _units(lines):
        if is_legal:
            is_cut = True
        elif not _content(unit[0]):
            blanks += unit if kept else []
        else:
            kept += [*(blanks[:1] if is_cut else blanks), *unit]
            blanks, is_cut = [], False
    words = sum(len(_WORD.findall(line)) for line in kept if not _SILENT_TAG.match(_content(line)))
    if words < min_words:
        return ""
    if closing and not is_closed_apart and not lines[-1].endswith(("\n", "\r")):
        kept[-1] = kept[-1].rstrip("\r\n")
    return f"{opening}{head}{''.join(kept)}{tail}{closing}"


def _content(line: str) -> str:
    frame = _FRAME.match(line)
    return line[0 if frame is None else frame.end() :].strip()


def _units(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Blank lines one by one, and what stands between them, parted where tags or copyrights begin; whether it is legal."""
    unit: list[str] = []
    for line in lines:
        content = _content(line)
        begins = (
            not content
            or _TAG.match(content)
            or (unit and _BEGINS_LEGAL.match(content) and not _is_legal(unit))
        )
        if unit and begins:
            yield _is_legal(unit), unit
            unit = []
        if content:
            unit.append(line)
        else:
            yield False, [line]
    if unit:
        yield _is_legal(unit), unit


def _is_legal(unit: Sequence[str]) -> bool:
    first = _content(unit[0])
    if (_TAG.match(first) and not first.startswith(":")) or _LEGAL_TAG.match(first):
        return _LEGAL_TAG.match(first) is not None
    return _LABEL.match(first) is not None or _LEGAL.search(" ".join(map(_content, unit))) is not None
