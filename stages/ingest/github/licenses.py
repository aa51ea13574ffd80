"""Licence files, SPDX lines and manifests in, verdicts out: which licences hold for which folder, and are they allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from license_expression import (
    ExpressionError,
    LicenseSymbol,
    LicenseWithExceptionSymbol,
    Licensing,
)

from stages.ingest.github.license_texts import (
    UNKNOWN,
    expression_of_text,
    is_short_notice,
    references,
    states_a_choice,
)

HEADER_CHARS = 4096
MAX_EXPRESSION_CHARS = 300

_SUFFIX = r"(?:mit|apache|bsd|isc|unlicense|mpl|l?gpl|agpl|lesser|cc0|boost|zlib|v?\d[\d.]*|[23]-clause)"
_NAME = re.compile(
    r"(?:(?:un)?licen[cs]e|copying|copyright|(?:mit|bsd|apache)[-_.]licen[cs]e)"
    rf"(?P<suffix>(?:[-_.]{_SUFFIX})*)(?:\.(?:md|markdown|txt|rst|html|adoc))?",
    re.IGNORECASE,
)
SPDX_FOLDER = "LICENSES"
_SPDX = re.compile(
    r"SPDX-License-Identifier:((?:[ \t]*(?:[()]|[A-Za-z0-9][\w.+:/-]*))*)([^\n\r]*)", re.IGNORECASE
)
_LOOSE = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "2-clause bsd": "BSD-2-Clause",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mit license (mit)": "MIT",
}
"""Names that manifests use for licences without an SPDX id."""


@dataclass(frozen=True)
class LicenseVerdict:
    """What is known of a licence: its SPDX ids, sorted; whether it is allowed; the files that state it.

    `is_per_file`: these are all that occur in a repository, and each of its files says which it is under.
    """

    names: tuple[str, ...] = ()
    allowed: bool = False
    stated_in: tuple[str, ...] = ()
    is_per_file: bool = False

    @property
    def detail(self) -> str:
        """The licences in words, for the ledger."""
        return " ".join(self.names) or "none"


NO_LICENSE = LicenseVerdict()


def license_folder(path: str) -> str | None:
    """The folder whose licence `path` states ("" for the repository's root); None when it states none.

    `LICENSES/<id>.txt` at the root is REUSE's way to state the repository's licences.
    """
    folder, _, name = path.rpartition("/")
    if folder == SPDX_FOLDER:
        return ""
    return folder if _NAME.fullmatch(name) else None


def is_license_path(path: str) -> bool:
    """Whether `path`, relative to the repository's root, states the repository's licence."""
    return license_folder(path) == ""


def recognise(text: str) -> str:
    """The SPDX expression that one licence file states, by an SPDX line or by its wording."""
    return spdx_expression(text) or expression_of_text(text)


def join_files(texts: Mapping[str, str]) -> str:
    """The expression that all licence files of one folder state together, path to text; "" without any.

    One may choose among them when a text says so, or when they are named apart (LICENSE-MIT, LICENSE-APACHE);
    else all of them hold. Remarks beside a licence state nothing.
    """
    if any("/" not in path for path in texts) and any(path.startswith(f"{SPDX_FOLDER}/") for path in texts):
        texts = {path: text for path, text in texts.items() if not path.startswith(f"{SPDX_FOLDER}/")}
    stated = {path: recognise(texts[path]) for path in sorted(texts)}
    if any(expression != UNKNOWN for expression in stated.values()):
        remarks = {path for path, e in stated.items() if e == UNKNOWN and _is_remark(path, texts[path])}
        stated = {path: expression for path, expression in stated.items() if path not in remarks}
    expressions = list(dict.fromkeys(stated.values()))
    if len(expressions) < 2:
        return "".join(expressions)
    choice = all(_is_named_apart(path) for path in stated) or any(map(states_a_choice, _short(texts)))
    return (" OR " if choice else " AND ").join(f"({expression})" for expression in expressions)


def judge(expression: str, allowed: Iterable[str], stated_in: Iterable[str] = ()) -> LicenseVerdict:
    """Whether `expression` lets one keep files under one of the `allowed` licences.

    OR asks for one allowed licence, AND for all of them; an exception (WITH) only gives rights.
    """
    if not expression:
        return NO_LICENSE
    permitted = frozenset(name.lower() for name in allowed)
    parsed = _parsed(expression[:MAX_EXPRESSION_CHARS])
    if parsed is None:
        return LicenseVerdict((expression[:MAX_EXPRESSION_CHARS],), False, tuple(stated_in))
    names = sorted({canonical(str(symbol)) for symbol in parsed.get_symbols()})
    return LicenseVerdict(tuple(names), _holds(parsed, permitted), tuple(stated_in))


def canonical(name: str) -> str:
    """A licence id as SPDX spells it: ids are equal whatever their case (`apache-2.0` in BigQuery)."""
    return _canonical_names().get(name.lower(), name)


def loose_expression(statement: str) -> str:
    """A manifest's licence as an expression: `MIT/Apache-2.0` as Cargo wrote it, and common names without an id."""
    statement = " ".join(statement.split())
    known = _LOOSE.get(statement.lower())
    return known or re.sub(r"\s*/\s*", " OR ", statement)


def spdx_expression(text: str) -> str:
    """The expression of the SPDX-License-Identifier lines near the start of `text`, which all hold; "" without one."""
    if "spdx-license-identifier" not in text[:HEADER_CHARS].lower():
        return ""
    found = (loose_expression(match[1]) for match in _SPDX.finditer(text, 0, HEADER_CHARS))
    stated = list(dict.fromkeys(filter(None, found)))
    return stated[0] if len(stated) == 1 else " AND ".join(f"({expression})" for expression in stated)


@cache
def _canonical_names() -> dict[str, str]:
    more = (
        "GPL-2.0-only",
        "GPL-2.0-or-later",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "LGPL-2.1-only",
        "LGPL-2.1-or-later",
    )
    names = [
        *(reference.name for reference in references()),
        *more,
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MPL-1.1",
    ]
    return {name.lower(): name for name in names}


@cache
def _licensing() -> Licensing:
    return Licensing()


def _parsed(expression: str) -> Any:
    try:
        return _licensing().parse(expression, simple=True)
    except ExpressionError:
        return None


def _holds(node: Any, permitted: frozenset[str]) -> bool:
    if isinstance(node, LicenseWithExceptionSymbol):
        return node.license_symbol.key.lower() in permitted
    if isinstance(node, LicenseSymbol):
        return node.key.lower() in permitted
    tests = [_holds(part, permitted) for part in node.args]
    return any(tests) if isinstance(node, _licensing().OR) else all(tests)


def _is_remark(path: str, text: str) -> bool:
    return path.rsplit("/", 1)[-1].lower().startswith("copyright") or is_short_notice(text)


def _is_named_apart(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    match = _NAME.fullmatch(name)
    return name.lower().startswith("unlicense") or (match is not None and bool(match["suffix"]))


def _short(texts: Mapping[str, str]) -> list[str]:
    return [text for text in texts.values() if is_short_notice(text)]
