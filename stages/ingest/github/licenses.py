"""Licence texts in, SPDX ids out: the files that state a repository's licence, told apart by their wording.

The texts of 35 licences come from `identify` (choosealicense.com's collection). A text counts as a licence
when its set of word pairs agrees with the licence's by a Sorensen-Dice coefficient of 0.9, as in GitHub's detector.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from identify.vendor.licenses import LICENSES

MIN_DICE = 0.90
MAX_LICENSE_BYTES = 256 << 10
HEADER_CHARS = 4096

_NAME = re.compile(
    r"(?:(?:un)?licen[cs]e|copying|copyright|(?:mit|bsd|apache)[-_.]licen[cs]e)"
    r"(?:[-_.](?:mit|apache|bsd|isc|unlicense|mpl|l?gpl|agpl|lesser|cc0|boost|zlib|v?\d[\d.]*|[23]-clause))*"
    r"(?:\.(?:md|markdown|txt|rst|html|adoc))?",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"licen[cs]es", re.IGNORECASE)
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n\r]*)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9][\w.+-]*")
_OPERATORS = frozenset({"and", "or", "with"})
_COPYRIGHT_LINE = re.compile(
    r"^.*(?:copyright[ \t]+(?:\(c\)|©|\d{4}|\[|<)|\(c\)[ \t]*\d{4}|©|all rights reserved).*$", re.I | re.M
)
_WORD = re.compile(r"[a-z0-9]+")
_RIDERS = (
    ("shall be used for good, not evil", "JSON"),
    ("commons clause", "Commons-Clause"),
    ("advertising materials mentioning", "BSD-4-Clause"),
    ("non-commercial", "non-commercial"),
    ("noncommercial", "non-commercial"),
)
"""Short conditions that turn a permissive text, all but word for word, into another licence."""


def is_license_path(path: str) -> bool:
    """Whether `path`, relative to the repository's root, states the repository's licence."""
    folder, _, name = path.rpartition("/")
    if not folder:
        return _NAME.fullmatch(name) is not None
    return _FOLDER.fullmatch(folder) is not None and folder.isupper()  # REUSE's LICENSES/<id>.txt


def licenses_of(texts: Iterable[str]) -> list[str]:
    """SPDX ids of the licences that the texts state, sorted; `unknown` for a text that is none of them."""
    found: set[str] = set()
    for text in texts:
        found.update(recognise(text))
    if len(found) > 1:
        found.discard("unknown")
    return sorted(found)


def recognise(text: str) -> list[str]:
    """SPDX ids that one licence file states, by an SPDX line or by its wording."""
    if ids := spdx_ids(text):
        return ids
    plain = " ".join(text.lower().split())
    riders = [name for phrase, name in _RIDERS if phrase in plain]
    pairs = _pairs(text)
    best, score = "unknown", 0.0
    for name, reference in _references():
        dice = 2 * len(pairs & reference) / max(1, len(pairs) + len(reference))
        if dice > score:
            best, score = name, dice
    if best in ("MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0") and riders:
        return riders[:1]
    return [best if score >= MIN_DICE else "unknown"]


def spdx_ids(text: str) -> list[str]:
    """The licences of the first SPDX-License-Identifier line near the start of `text`; none without one."""
    match = _SPDX.search(text, 0, HEADER_CHARS)
    if match is None:
        return []
    return [name for name in _ID.findall(match[1]) if name.lower() not in _OPERATORS and name.strip("-*")]


def all_required(text: str) -> bool:
    """Whether the SPDX line joins licences by AND, so that every one of them must be allowed."""
    match = _SPDX.search(text, 0, HEADER_CHARS)
    return match is not None and re.search(r"\bAND\b", match[1]) is not None


def is_allowed(found: Iterable[str], allowed: Iterable[str], every: bool = False) -> bool:
    """Whether a licence found is allowed (a choice of licences), or with `every` all of them."""
    names = {name.lower() for name in allowed}
    tests = [name.lower() in names for name in found]
    return bool(tests) and (all(tests) if every else any(tests))


def _pairs(text: str) -> frozenset[str]:
    body = _COPYRIGHT_LINE.sub("", text[:MAX_LICENSE_BYTES])
    words = _WORD.findall(body.lower())
    return frozenset(f"{left} {right}" for left, right in pairwise(words))


@cache
def _references() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((name, _pairs(text)) for name, text in LICENSES)
