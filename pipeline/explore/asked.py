"""The query of a page's address in, what its reader asks for out: which documents, from where on, how many."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode

from stages.core.errors import UserError
from stages.core.ledger import DROP, EDIT, MERGE
from stages.core.manifest import DOCUMENTS, LEDGER, VALUES

KEPT_VIEW, MEASURED_VIEW = "kept", "measured"
ACTIONS: Mapping[str, str] = MappingProxyType({"dropped": DROP, "edited": EDIT, "merged": MERGE})
"""Views of ledgers, and the action that each shows."""

VIEWS: Mapping[str, str] = MappingProxyType(
    {KEPT_VIEW: DOCUMENTS, **dict.fromkeys(ACTIONS, LEDGER), MEASURED_VIEW: VALUES}
)
"""Views and the kind of files whose rows they go through; `measured` are the tables of `--annotate-only`."""

PAGE_ROWS, MAX_PAGE_ROWS = 20, 200
MAX_QUERY_FIELDS = 40


@dataclass(frozen=True)
class Asked:
    """What a page shows: rows of a view that fit all that is given; `value` is the name of a score or measure.

    It begins at row `row` of the view's file number `file`, or behind `at` percent of the rows.
    """

    view: str = KEPT_VIEW
    node: str = ""
    source: str = ""
    rule: str = ""
    language: str = ""
    value: str = ""
    low: float | None = None
    high: float | None = None
    words: str = ""
    url: str = ""
    count: int = PAGE_ROWS
    file: int = 0
    row: int = 0
    at: float | None = None

    @property
    def wanted_words(self) -> tuple[str, ...]:
        """What a text must hold, all of it; text in double quotes is one."""
        parts = unicodedata.normalize("NFC", self.words).split('"')
        return tuple(
            one
            for number, part in enumerate(parts)
            for one in ([part] if number % 2 else part.split())
            if one.strip()
        )

    def query(self, **changes: object) -> str:
        """The query of the address of this page, with changes; what is as it always is is left out."""
        usual = asdict(Asked())
        given = asdict(replace(self, **changes))  # type: ignore[arg-type]
        return urlencode({name: value for name, value in given.items() if value != usual[name]})


def parsed_query(query: str) -> dict[str, str]:
    """The fields of a query, the last of each; a UserError for one that is none."""
    try:
        found = parse_qs(query, max_num_fields=MAX_QUERY_FIELDS, errors="strict")
    except ValueError as error:
        raise UserError(f"the query cannot be read: {error}") from error
    return {name: values[-1] for name, values in found.items()}


def asked_of(given: Mapping[str, str]) -> Asked:
    """The fields of a query as what they ask for; a UserError for a value that none can have."""
    known = {one.name for one in fields(Asked)}
    made: dict[str, object] = {}
    for name, text in given.items():
        if name not in known or not text.strip():
            continue
        if name in ("low", "high", "at"):
            made[name] = _number(name, text)
        elif name in ("count", "file", "row"):
            made[name] = _whole(name, text)
        else:
            made[name] = text.strip()
    asked = Asked(**made)  # type: ignore[arg-type]
    if asked.view not in VIEWS:
        raise UserError(f"view: {asked.view!r} is none of {', '.join(VIEWS)}")
    if not 1 <= asked.count <= MAX_PAGE_ROWS:
        raise UserError(f"count: give 1 to {MAX_PAGE_ROWS}")
    if asked.at is not None and not 0 <= asked.at <= 100:
        raise UserError("at: give 0 to 100, in percent")
    return asked


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UserError(f"{name}: {text!r} is no number") from error
    if not math.isfinite(value):
        raise UserError(f"{name}: give a finite number")
    return value


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UserError(f"{name}: {text!r} is no whole number")
    return int(text)
