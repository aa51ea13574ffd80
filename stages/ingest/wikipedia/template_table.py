"""The table of templates (`templates.txt`) in, the pattern of a template by wiki and name out.

Its names and what each gives are from the wikis' own documentation of their templates. A section is for the languages
that its head names; `*` is for all. Short names mean other things in other wikis, so they count in their own alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_TABLE_PATH = Path(__file__).with_name("templates.txt")
_SHARED_NAME_CHARS = 4
"""Names from this length on are believed in wikis of any language."""

_TABLE_LANGUAGES = {"simple": "en", "bs": "hr", "sh": "sr"}
"""Wikis whose templates are those of another."""


def pattern_of(language: str | None, name: str) -> str | None:
    """The pattern of the template of this name (any case of letters, `_` for a space); None where none is known."""
    table = _table_of(language)
    folded = name.replace("_", " ").lower()
    first_word, space, _ = folded.partition(" ")
    return table.get(f"!{name}") or table.get(folded) or (table.get(f"{first_word} *") if space else None)


@cache
def _table_of(language: str | None) -> dict[str, str]:
    """Patterns by name for one wiki: its own first, then those of all, then what longer names mean elsewhere."""
    tables = _tables()
    own = _TABLE_LANGUAGES.get(language or "", language)
    merged = {**tables["*"], **tables.get(own or "", {})}
    for section, table in tables.items():
        for name, pattern in table.items():
            if language is None or len(name.removeprefix("!")) >= _SHARED_NAME_CHARS or section == own:
                merged.setdefault(name, pattern)
    return merged


@cache
def _tables() -> dict[str, dict[str, str]]:
    """Patterns by language and name; names after `!` count in their own case of letters only.

    `name *` stands for every name that begins with that word.
    """
    tables: dict[str, dict[str, str]] = {}
    sections: list[str] = []
    for line in _TABLE_PATH.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            sections = line.strip("[]").split()
            continue
        names, _, pattern = line.partition(" -> ")
        for section in sections:
            table = tables.setdefault(section, {})
            for name in map(str.strip, names.split("; ")):
                key = name if name.startswith("!") and len(name) > 1 else name.lower()
                table.setdefault(key, pattern)
    return tables
