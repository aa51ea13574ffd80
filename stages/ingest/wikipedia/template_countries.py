"""The code or the name of a country as templates of flags are named (`{{FRA}}`, `{{Россия}}`) in, the name they show out.

https://de.wikipedia.org/wiki/Vorlage:DEU, https://en.wikipedia.org/wiki/Template:FRA; names in `countries.txt`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_CACHED_NAMES = 8192
_WIDTH = re.compile(r"\d+(?:x\d*)?(?:px)?")
_PATH = Path(__file__).with_name("countries.txt")


@cache
def _own_codes() -> frozenset[str]:
    """The first code of each country, which is that of ISO 3166."""
    head = next(line for line in _PATH.read_text("utf-8").splitlines() if line.startswith("[codes] "))
    return frozenset(entry[:3] for entry in head.removeprefix("[codes] ").split("|"))


@cache
def _countries() -> dict[str, dict[str, str]]:
    """Names by language and code."""
    lines = [line for line in _PATH.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    lists = {}
    for line in lines:
        head, _, names = line.partition("] ")
        lists[head[1:]] = names.split("|")
    codes = [entry.split(" ") for entry in lists.pop("codes")]
    named = {
        language: {code: name for own, name in zip(codes, names, strict=True) for code in own}
        for language, names in lists.items()
    }
    return {**named, "simple": named["en"]}


def country_name(language: str | None, code: str) -> str:
    """The country of a code of ISO 3166 or of sports' federations, in the wiki's language; nothing for any other."""
    return _countries().get(language or "", {}).get(code, "")


@cache
def _country_names() -> dict[str, frozenset[str]]:
    return {language: frozenset(names.values()) for language, names in _countries().items()}


@lru_cache(maxsize=_CACHED_NAMES)
def country_word(language: str | None, inner: str) -> str:
    """The country that a template is named after in the wiki's language: `Россия` of `{{Россия|20px}}`.

    Nothing for other names, and where it has values that are no width of a picture: then it is no flag. Codes of sports'
    federations mean other things too.
    """
    name, *values = inner.split("|")
    folded = name.replace("_", " ").strip()
    folded = folded[:1].upper() + folded[1:]
    if folded not in _country_names().get(language or "", ()):
        return ""
    given = (value.strip() for value in values if "=" not in value)
    return folded if all(not value or _WIDTH.fullmatch(value) for value in given) else ""


def is_flag_template(language: str | None, name: str) -> bool:
    """Whether a template of this name shows a country: those named by ISO's codes; federations' mean other things too."""
    return name in _own_codes() and bool(country_name(language, name))


def flag_and_name(language: str | None, values: Values) -> str:
    """`{{DEU}}`, told its own name as "@": the country; a place where `Ziel` names one; `#` asks for the flag alone."""
    if values.get("1") == "#":
        return ""
    return values.get("Ziel") or country_name(language, values.get("@", ""))


def flag_of(language: str | None, values: Values) -> str:
    """`{{flag|GER}}`, `{{flagcountry|USA}}`: the country of a code, and any other name as it is."""
    given = values.get("name") or values.get("1", "")
    return country_name(language, given) or given


COUNTRY_FORMS: dict[str, LocalForm] = {"flag_of": flag_of}
"""What the table of templates names."""
