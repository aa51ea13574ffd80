"""Values of templates of centuries in, the century as French, Spanish and Catalan write it out.

https://fr.wikipedia.org/wiki/Modèle:S, Modèle:Sp; https://es.wikipedia.org/wiki/Plantilla:Siglo.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_ROMAN = re.compile(r"[IVXLCDM]+", re.IGNORECASE)
_BEFORE_CHRIST = " av. J.-C."


def french_century(language: str | None, values: Values) -> str:
    """French `{{s|XIX|e}}`; in Russian `{{s|1941 год}}` only forbids a line break."""
    number = values.get("1", "")
    return f"{_numbered(values, '1')} siècle" if _ROMAN.fullmatch(number) else number


def _numbered(values: Values, key: str) -> str:
    """A century's number with the ending that stands behind it, Ier or XIXe."""
    number, ending = values.get(key, ""), values.get(str(int(key) + 1), "")
    return number + (ending or ("er" if number.upper() == "I" else "e"))


def french_century_before(language: str | None, values: Values) -> str:
    """`{{-s|V|e}}`: Ve siècle av. J.-C."""
    return french_century(language, values) + _BEFORE_CHRIST


def french_centuries(language: str | None, values: Values) -> str:
    """`{{s2|XV|e|XVI|e}}`: XVe et XVIe siècles."""
    return f"{_numbered(values, '1')} et {_numbered(values, '3')} siècles"


def french_centuries_before(language: str | None, values: Values) -> str:
    """`{{-s2|III|e|IX|e}}`: IIIe et IXe siècles av. J.-C."""
    return french_centuries(language, values) + _BEFORE_CHRIST


def french_period(language: str | None, values: Values) -> str:
    """`{{sp|VII|e|ou|VIII|e}}`: the two, what joins them, and `s` for siècles; `{{sp|XV|e|XVI|e}}` as `s2`."""
    if _ROMAN.fullmatch(values.get("3", "")):
        return french_centuries(language, values)
    plural = "s" if values.get("6", "").startswith("s") else ""
    return f"{_numbered(values, '1')} {values.get('3', 'et')} {_numbered(values, '4')} siècle{plural}"


def french_period_before(language: str | None, values: Values) -> str:
    """`{{-sp|IX|e|-|VII|e|s}}`: IXe - VIIe siècles av. J.-C."""
    return french_period(language, values) + _BEFORE_CHRIST


def spanish_century(language: str | None, values: Values) -> str:
    """`{{siglo|V|a|s}}` is siglo V a. C.; without `s` or `S` the word is not shown."""
    word = {"s": "siglo ", "S": "Siglo "}.get(values.get("3", ""), "")
    era = {"a": " a. C.", "d": " d. C."}.get(values.get("2", "")[:1].lower(), "")
    return f"{word}{values['1']}{era}" if values.get("1") else ""


def catalan_century(language: str | None, values: Values) -> str:
    """`{{segle|XIX}}` is segle XIX; `{{segle|V|aC}}` before Christ."""
    era = " aC" if values.get("2", "").lower().rstrip(".") in ("ac", "a", "a.c") else ""
    return f"segle {values['1']}{era}" if values.get("1") else ""


def french_aside(language: str | None, values: Values) -> str:
    """`{{incise|texte}}` stands between dashes; with `stop` the sentence ends behind it."""
    text = f"– {values['1']}" if values.get("1") else ""
    return text if values.get("2") in ("stop", "fin") or not text else f"{text} –"


CENTURIES: dict[str, LocalForm] = {
    "century": french_century,
    "century_before": french_century_before,
    "two_centuries": french_centuries,
    "two_centuries_before": french_centuries_before,
    "period": french_period,
    "period_before": french_period_before,
    "spanish_century": spanish_century,
    "catalan_century": catalan_century,
    "aside": french_aside,
}
"""What the table of templates names."""
