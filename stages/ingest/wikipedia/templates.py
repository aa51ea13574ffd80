"""A template's inside in, the words that a reader sees in its place out, for the few inside sentences.

Templates are dropped. Without these few, whose text is made of their values, sentences would lose words and numbers:
`{{lang|de|Berlin}}`, `{{convert|5|km|mi}}`, `{{nowrap|12 km}}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

from stages.ingest.wikipedia.mending import GONE
from stages.ingest.wikipedia.template_forms import COMPOSED, ship_name
from stages.ingest.wikipedia.template_measures import Values, money
from stages.ingest.wikipedia.template_names import (
    CURRENCY_SIGNS,
    LANGUAGE_CODES,
    LITERALS,
    SHIP_PREFIXES,
    VALUE_NUMBER,
)

_NAMED = re.compile(r"\s*([\w -]{1,40}?)\s*=")
_LANGUAGE_TEMPLATE = re.compile(r"(?:lang|langue|язык|мова|јез|jez|jezik)[ -][\w-]{2,12}")
_GERMAN_LANGUAGE = re.compile(r"(?:en|fr|la|grc|el|es|it|ru|pl|nl|ja|zh|ar|he|tr|cs|hu|sv|da|no|pt|uk)s")
_FRENCH_CENTURY = re.compile(r"([ivx]+)e siècle")
_FRENCH_ORDINAL = re.compile(r"(\d{1,4}|[ivx]+)(er|re|ère|e|ème|nd|nde)")
_FUNCTION = re.compile(r"(?:formatnum|lc|uc|ucfirst|lcfirst):(.*)", re.DOTALL)
_BOXES = frozenset(["НП"])
"""Names of boxes that differ from a template with text by their capitals only."""

_MAX_NAME_CHARS = 40
_MAX_VALUES = 64
_TEXT_KEYS = ("text", "Text", "texte", "testo", "texto", "content", "tekst", "treść")

Form = Callable[[Values], str]


def template_text(inner: str) -> str:
    """The text in place of `{{inner}}`, usually none; what nested inside is replaced already."""
    name, bar, rest = inner.partition("|")
    form = _form(name.replace(GONE, "").strip(), bool(bar))
    return form(_values(rest)) if form is not None else ""


@lru_cache(maxsize=4096)
def is_textless(name: str) -> bool:
    """Whether a template of this name has no text, whatever its values."""
    name = name.strip()
    return _form(name, True) is None and _form(name, False) is None


@lru_cache(maxsize=4096)
def _form(name: str, has_values: bool) -> Form | None:
    """What makes the text of the templates of this name, None for the many that have none."""
    if not name or len(name) > _MAX_NAME_CHARS or name in _BOXES:
        return None
    folded = name.replace("_", " ").lower()
    ordinal = _FRENCH_ORDINAL.fullmatch(folded)
    if (function := _FUNCTION.fullmatch(name.lower())) is not None:
        return partial(_constant, name[function.start(1) :].strip())
    if ordinal is not None:
        number = ordinal[1] if ordinal[1].isdigit() else ordinal[1].upper()
        return partial(_ordinal, number + ordinal[2])
    if not has_values:
        century = _FRENCH_CENTURY.fullmatch(folded)
        text = LITERALS.get(folded) if century is None else f"{century[1].upper()}e siècle"
        return None if text is None else partial(_constant, text)
    return _form_of_values(name, folded)


def _form_of_values(name: str, folded: str) -> Form | None:
    number = VALUE_NUMBER.get(folded.replace(" ", "_"))
    if number is not None:
        return partial(_text_value, number)
    if folded in COMPOSED:
        return COMPOSED[folded]
    if folded in SHIP_PREFIXES:
        return partial(ship_name, name.upper())
    if folded in CURRENCY_SIGNS:
        return partial(money, CURRENCY_SIGNS[folded])
    if folded in LITERALS:
        return partial(_constant, LITERALS[folded])
    is_language = (
        folded in LANGUAGE_CODES
        or _LANGUAGE_TEMPLATE.fullmatch(folded) is not None
        or (name[-1:] == "S" and _GERMAN_LANGUAGE.fullmatch(folded) is not None)
    )
    return partial(_text_value, 1) if is_language else None


def _values(rest: str) -> Values:
    values: Values = {}
    number = 0
    for value in rest.split("|", _MAX_VALUES)[:_MAX_VALUES]:
        named = _NAMED.match(value)
        if named is not None:
            values[named[1]] = value[named.end() :].strip()
        else:
            number += 1
            values[str(number)] = value.strip()
    return values


def _text_value(number: int, values: Values) -> str:
    return next((values[key] for key in (str(number), *_TEXT_KEYS) if values.get(key)), "")


def _constant(text: str, values: Values) -> str:
    return text


def _ordinal(number: str, values: Values) -> str:
    """French `{{84e|Congrès}}` and `{{1re}}`."""
    return f"{number} {values.get('1', '')}".strip()
