"""The table of languages (`rule_languages.toml`) in, the numbers by which the heuristic rules judge a language out.

The published numbers of Gopher, C4 and FineWeb are English ones. A language says how its words and characters compare with
English ones, which words are its commonest, and which marks end its sentences.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

ENGLISH = "en"
_TABLE_PATH = Path(__file__).with_name("rule_languages.toml")


@dataclass(frozen=True)
class RuleLanguage:
    """What the heuristic rules know of a language.

    `words`, `word_length` and `chars` are of a text's words, their mean length and its characters, for one of the same
    text in English. `marks` end sentences; where there are none a space does. Where it is not `spaced` each letter, mark
    or number is a word.
    """

    code: str
    words: float
    word_length: float
    chars: float
    stop_words: tuple[str, ...]
    marks: str
    spaced: bool = True

    @property
    def word_chars(self) -> int:
        """Words that stand for one English word, a whole number: 1 where words are written apart."""
        return 1 if self.spaced else max(1, round(self.words))


def rule_language(name: str) -> RuleLanguage | None:
    """The language of a document that says `name`, also with a region or a script (`zh-TW`); None where none is known."""
    known = rule_languages()
    folded = name.lower()
    return known.get(folded) or known.get(folded.replace("_", "-").partition("-")[0])


@cache
def rule_languages() -> Mapping[str, RuleLanguage]:
    """Every language that comes with this version, by its codes."""
    table: dict[str, Any] = tomllib.loads(_TABLE_PATH.read_text("utf-8"))
    aliases: dict[str, str] = table.pop("aliases")
    found = {code: _language(code, values) for code, values in table.items()}
    return MappingProxyType(found | {other: found[code] for other, code in aliases.items()})


def english() -> RuleLanguage:
    """English: the published numbers are as they are."""
    return rule_languages()[ENGLISH]


@cache
def rule_languages_sha256() -> str:
    """Hex SHA-256 of the table."""
    return hashlib.sha256(_TABLE_PATH.read_bytes()).hexdigest()


def _language(code: str, values: Mapping[str, Any]) -> RuleLanguage:
    return RuleLanguage(code=code, **{**values, "stop_words": tuple(values["stop_words"])})
