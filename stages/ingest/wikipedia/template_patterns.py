"""A line of the table of templates in, the function from a template's values to its text out.

A pattern is text with fields: `{1}` is a value, `{1/text}` the first of these that is not empty, `{2/=°C}` one with a
default, `{1:sup}` one through a filter (see `_filtered`). What stands in `[..]` goes where one of its fields is empty.
Where fields stand outside brackets and all are empty there is no text. `{@}` is the template's own name, `@name` a
function of its own (`@name {@}` one that is told the template's name as the value "@"), `-` no text at all, `~` a number
that only the wiki knows, `␣` a space at an end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from stages.ingest.wikipedia.marks import APOSTROPHE, NO_NUMBER
from stages.ingest.wikipedia.template_values import Values, local_number, lowered, raised

Form = Callable[[Values], str]
"""The text of a template, from its values."""

LocalForm = Callable[[str | None, Values], str]
"""A Form that asks for the wiki's language, None where that is unknown."""

_PART = re.compile(r"\{([^{}]+)\}|([\[\]])|([^{}\[\]]+)")
_SUFFIX = re.compile(r"\s*\([^()]*\)\s*\Z")


def no_text(values: Values) -> str:
    """The text of notes, pictures and boxes."""
    return ""


def compile_pattern(pattern: str, name: str, language: str | None, forms: Mapping[str, LocalForm]) -> Form:
    """The function of a pattern for a template of a wiki; `forms` are those that `@name` may name."""
    if pattern == "-":
        return no_text
    if pattern == "~":
        return lambda values: NO_NUMBER
    if pattern.startswith("@"):
        function, _, own_name = pattern[1:].partition(" ")
        form = forms[function]
        return (lambda values: form(language, {**values, "@": name})) if own_name else partial(form, language)
    parts = _parsed(pattern.replace("␣", " ").replace("'", APOSTROPHE).replace("{@", "{=" + name))
    if len(parts) == 1 and isinstance(parts[0], str):
        text = parts[0]
        return lambda values: text
    if len(parts) == 1 and isinstance(parts[0], _Field) and not parts[0].filter:
        return partial(_Field.value, parts[0], language)  # as most are
    return partial(_filled, parts, language)


class _Field:
    """One field: the keys that it tries, its default and its filter."""

    def __init__(self, text: str) -> None:
        keys, colon, self.filter = text.rpartition(":")
        names = (keys if colon else text).split("/")
        self.filter = self.filter if colon else ""
        self.keys = [name for name in names if not name.startswith("=")]
        self.default = next((name[1:] for name in names if name.startswith("=")), "")

    def value(self, language: str | None, values: Values) -> str:
        found = next((values[key] for key in self.keys if values.get(key)), self.default)
        return _filtered(self.filter, language, found) if found and self.filter else found


_Part = str | _Field | list[str | _Field]


def _parsed(pattern: str) -> list[_Part]:
    parts: list[_Part] = []
    group: list[str | _Field] | None = None
    for found in _PART.finditer(pattern):
        if found[2] == "[":
            group = []
        elif found[2] == "]":
            parts.append(group or [])
            group = None
        else:
            part: str | _Field = _Field(found[1]) if found[1] is not None else found[3]
            (parts if group is None else group).append(part)
    return parts


def _filled(parts: Sequence[_Part], language: str | None, values: Values) -> str:
    out: list[str] = []
    values_outside: list[str] = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Field):
            values_outside.append(part.value(language, values))
            out.append(values_outside[-1])
        else:
            filled = [one if isinstance(one, str) else one.value(language, values) for one in part]
            if all(filled):
                out.extend(filled)
    return "".join(out) if any(values_outside) or not values_outside else ""


def _filtered(name: str, language: str | None, value: str) -> str:
    if name == "sup":
        return raised(value)
    if name == "sub":
        return lowered(value)
    if name == "num":
        return local_number(value, language)
    if name == "upper":
        return value.upper()
    if name == "lower":
        return value.lower()
    if name == "bare":
        return _SUFFIX.sub("", value)
    raise ValueError(f"no filter of templates is named {name!r}")
