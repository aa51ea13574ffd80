"""The code of a unit and an amount in, the unit's name out, as templates of measures write it in words.

https://en.wikipedia.org/wiki/Template:Convert/doc; names by language in `unit_names.txt`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from stages.ingest.wikipedia.template_values import slavic_form

_NAMES_PATH = Path(__file__).with_name("unit_names.txt")
_PREFIXES = {
    "T": "tera",
    "G": "giga",
    "M": "mega",
    "k": "kilo",
    "h": "hecto",
    "d": "deci",
    "c": "centi",
    "m": "milli",
    "u": "micro",
    "μ": "micro",
    "µ": "micro",
    "n": "nano",
}
_PREFIXED = (
    "m",
    "g",
    "L",
    "l",
    "W",
    "Hz",
    "Pa",
    "J",
    "N",
    "V",
    "A",
    "G",
    "T",
    "eV",
    "cal",
    "Wh",
    "W.h",
    "pc",
    "ly",
)
"""Codes of units that take a prefix of the international system."""

_POWERS = {"2": "square ", "3": "cubic "}
_LENGTH_POWER = re.compile(r"([A-Za-zμµ]+)([23])")
_ONE = re.compile(r"[-−]?(?:1(?:[.,]0+)?|\d+//?\d+)")
"""One, and a share of one: 1 mile, 1.0 mile, 1/2 mile, but 0.5 miles."""

_AMERICAN = (
    (re.compile("metre"), "meter"),
    (re.compile("litre"), "liter"),
    (re.compile(r"\btonne"), "metric ton"),
    (re.compile(r"\bUS\b"), "U.S."),
)
_CACHED_UNITS = 4096
_ENGLISH_NAMES = frozenset(["simple", "sr", "bg"])
"""Wikis that write the names of English."""


@cache
def _names() -> dict[str, dict[str, tuple[str, ...]]]:
    """The names of one and of several, or of one, few and many, by language and code."""
    names: dict[str, dict[str, tuple[str, ...]]] = {}
    language = ""
    for line in _NAMES_PATH.read_text("utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif line and not line.startswith("#"):
            code, *forms = line.split("|")
            names.setdefault(language, {})[code] = tuple(forms)
    return names


def known_unit(code: str) -> str:
    """The code that all others of this unit stand for: `miles` is `mi`."""
    return _names()["aliases"].get(code, (code,))[0]


def is_always_named(code: str) -> bool | None:
    """True for units without a symbol (25 acres), False for those that are written out only where `abbr=off` asks."""
    names = _names()
    return code in names["always named"] or (False if code in names["seldom named"] else None)


@lru_cache(maxsize=_CACHED_UNITS)
def _name_forms(language: str, code: str) -> tuple[str, ...] | None:
    """The names of one and of several units of this code, None where the code is not known."""
    language = "en" if language in _ENGLISH_NAMES else language
    known = _names().get(language, {})
    if code in known:
        return known[code]
    if language != "en":
        return None
    power = _LENGTH_POWER.fullmatch(code)
    if power is not None:
        base = _name_forms(language, power[1])
        return None if base is None else (_POWERS[power[2]] + base[0], _POWERS[power[2]] + base[1])
    above, slash, below = code.partition("/")
    if slash and not above:
        divisor = _name_forms(language, below)
        return None if divisor is None else (f"per {divisor[0]}", f"per {divisor[0]}")
    if slash:
        pair, divisor = _name_forms(language, above), _name_forms(language, below)
        return (
            None
            if pair is None or divisor is None
            else (f"{pair[0]} per {divisor[0]}", f"{pair[1]} per {divisor[0]}")
        )
    if code[:1] in _PREFIXES and code[1:] in _PREFIXED:
        one, several = known[code[1:]]
        return _PREFIXES[code[0]] + one, _PREFIXES[code[0]] + several
    return None


def unit_name(
    language: str | None, code: str, amount: str, *, is_one: bool = False, american: bool = False
) -> str | None:
    """`mi`, `5` -> miles; one for an amount of one or where `is_one` says so. None where no name is known."""
    forms = _name_forms(language or "", code)
    if forms is None:
        return None
    if len(forms) > 2:
        return forms[slavic_form(int(amount)) if amount.isdecimal() else 1]
    name = forms[0] if is_one or _ONE.fullmatch(amount) else forms[-1]
    for british, other in _AMERICAN if american else ():
        name = british.sub(other, name)
    return name
