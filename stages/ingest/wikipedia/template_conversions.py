"""Values of templates that convert measures in, the measure that their author gave out: amount, unit and what joins them.

The second unit, which the wiki computes, is left out. https://en.wikipedia.org/wiki/Template:Convert/doc.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_units import MULTIPLES, RANGE_WORDS, SMALLER_UNITS, unit_text
from stages.ingest.wikipedia.template_values import Values, local_number, raised
from stages.ingest.wikipedia.unit_names import unit_name

_EXPONENT = re.compile(r"(?<=\d)e([+-]?\d+)")
_MIXED_NUMBER = re.compile(r"(?<!\d)(\d++)\+(\d++)/+(\d+)")
_MULTIPLE = re.compile(r"(e(?:3|6|9|12))(?=[A-Za-z$£€])")
_ROUNDING = re.compile(r"-?\d{1,2}")
_WRITES_NAMES = frozenset(["en", "simple", "ca", "da", "ru"])
"""Wikis whose template writes the first unit out where nothing asks for its symbol."""

_TRANSLATED_RANGES = {
    "da": {"to": " til ", "and": " og ", "or": " eller "},
    "sl": {"to": " do ", "and": " in ", "or": " ali "},
}
_BETWEEN_NAMES = {"x": " by "}
"""What stands between amounts whose unit is written out: 5 by 10 metres, but 5 m × 10 m."""


class _Style:
    """How a template writes its measure: the unit's name or its symbol, as an adjective, with which words."""

    def __init__(self, language: str | None, values: Values, *, is_short: bool) -> None:
        abbreviation = values.get("abbr", "on" if is_short else "")
        self.language = language
        self.is_named = abbreviation in ("off", "none") or (
            abbreviation in ("", "out") and language in _WRITES_NAMES
        )
        self.is_adjective = values.get("adj", "") in ("on", "1", "mid")
        self.american = values.get("sp", "") == "us"

    def joint(self, word: str) -> str | None:
        """What stands between two amounts for a word of the template; None where it is no such word."""
        if self.is_named and word in _BETWEEN_NAMES:
            return _BETWEEN_NAMES[word]
        return _TRANSLATED_RANGES.get(self.language or "", {}).get(word) or RANGE_WORDS.get(word)

    def written(self, amount: str, unit: str) -> str:
        """`12`, `e6acre` -> 12 million acres, as an adjective 12-million-acre: amount and unit as readers see them."""
        amount = _EXPONENT.sub(lambda found: "×10" + raised(found[1]), amount)
        amount = _MIXED_NUMBER.sub(r"\1 \2/\3", amount)
        found = _MULTIPLE.match(unit)
        multiple = MULTIPLES[found[1]] if found is not None else ""
        unit = unit[found.end() :] if found is not None else unit
        name = self._name(unit, "" if multiple else amount)
        if name is not None and self.is_adjective:
            hyphened = amount.replace(" ", "-") if "/" not in amount else amount
            return "-".join(part for part in (hyphened, multiple, name) if part).replace(" ", "-")
        shown = unit_text(unit, amount, bool(multiple)) if name is None else name
        joint = "" if shown.startswith("/") else " "
        before = " ".join(part for part in (amount, multiple) if part)
        return joint.join(part for part in (before, shown) if part)

    def _name(self, unit: str, amount: str) -> str | None:
        if not self.is_named:
            return unit_name(f"{self.language} short", unit, amount)
        return unit_name(self.language, unit, amount, is_one=self.is_adjective, american=self.american)


def convert(language: str | None, values: Values) -> str:
    """`{{convert|5|to|10|km|mi}}`: 5 to 10 kilometres, the first measure, as the author wrote it."""
    return _converted(_Style(language, values, is_short=False), values)


def short_convert(language: str | None, values: Values) -> str:
    """`{{cvt|5|km|mi}}`: 5 km, the first measure with its symbol."""
    return _converted(_Style(language, values, is_short=True), values)


def _converted(style: _Style, values: Values) -> str:
    def written(key: str) -> str:
        return local_number(values.get(key, ""), None if "comma" in values else style.language)

    amounts, joints, number = [written("1")], [], 2
    while (joint := style.joint(values.get(str(number), ""))) is not None:
        joints.append(joint)
        amounts.append(written(str(number + 1)))
        number += 2
    unit = values.get(str(number), "")
    second, smaller = values.get(str(number + 1), ""), values.get(str(number + 2), "")
    if smaller in SMALLER_UNITS and second[:1].isdigit():
        # `{{convert|5|ft|8|in|m}}`: of the units behind the first, only these are the same measure's.
        return f"{style.written(amounts[0], unit)} {style.written(second, smaller)}"
    if " × " in joints and unit and not style.is_named:
        first = "".join(
            style.written(amount, unit) + joint for amount, joint in zip(amounts, joints, strict=False)
        )
        return first + style.written(amounts[-1], unit)
    amount = amounts[0] + "".join(joint + then for joint, then in zip(joints, amounts[1:], strict=True))
    text = style.written(amount, unit)
    return text + _in_between(values, number) if values.get("adj") == "mid" else text


def _in_between(values: Values, number: int) -> str:
    """What `adj=mid` puts behind the unit, its last value: `{{convert|10|ft|m|adj=mid|-long}}` is 10-foot-long."""
    given = [values.get(str(at), "") for at in range(number + 1, number + 5)]
    word = next((text for text in reversed(given) if text), "")
    is_word = bool(word) and _ROUNDING.fullmatch(word) is None and (word != given[0] or word.startswith("-"))
    return (word if word.startswith("-") else f" {word}") if is_word else ""


CONVERSIONS: dict[str, LocalForm] = {"convert": convert, "short_convert": short_convert}
"""What the table of templates names."""
