"""Values of templates that convert measures in, the measure that their author gave out: amount, unit and what joins them.

The second unit, which the wiki computes, is left out. https://en.wikipedia.org/wiki/Template:Convert/doc; what stands where
is Module:Convert's, whose options and codes of units are the same on all wikis that have it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.number_words import number_in_words
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_units import (
    MULTIPLES,
    RANGE_WORDS,
    SAME_RANGES,
    SMALLER_UNITS,
    unit_text,
)
from stages.ingest.wikipedia.template_values import Values, local_number, raised, with_minus
from stages.ingest.wikipedia.unit_names import is_always_named, known_unit, unit_name

_EXPONENT = re.compile(r"([-−+]?[\d.,]*\d)[eE]([+-]?\d+)")
_FRACTION = re.compile(r"([-−+]?)\s*(?:(\d++)\s*[+-]\s*)?(\d+)\s*(?://?|⁄)\s*(\d+)")
_NUMBER = re.compile(r"[-−+]?[\d.,]*\d(?:[eE][+-]?\d+)?")
_PLAIN = re.compile(r"[-−+]?\d{1,15}(?:\.\d{1,15})?")
_ROUNDED_INPUT = re.compile(r"ri[0-3]")
_ROUNDING = re.compile(r"[-−]?\d+")
_MULTIPLE = re.compile(r"(e(?:3|6|9|12))(?=[A-Za-z$£€])")
_CURRENCY = re.compile(r"[$£€₱₽¥](?=/)")
_SPACED_RANGE = re.compile(r"(\S+)\s+(\S+)\s+(\S.*)")
_PACKED_RANGE = re.compile(r"([-−+]?[\d.,]*\d)(-|–|xx|x|\*)(.+)")
_WRITES_NAMES = frozenset(["en", "simple", "bg", "ca", "da", "ru"])
"""Wikis whose template writes the first unit out where nothing asks for its symbol."""

_TRANSLATED_RANGES = {
    "da": {"to": " til ", "and": " og ", "or": " eller "},
    "sl": {"to": " do ", "and": " in ", "or": " ali "},
}
_HYPHENED_WITH_SYMBOLS = frozenset(["and", "or", "to"])
"""Words that hyphens join in an adjective whose unit is a symbol too: 100-to-200 ft."""

_BETWEEN_NAMES = {"x": " by "}
"""What stands between amounts whose unit is written out: 5 by 10 metres, but 5 m × 10 m."""

_ASKS_FOR_NAMES, _ASKS_FOR_NOTHING = frozenset(["off", "none"]), frozenset(["", "out", "~", "def", "comma"])
_ASKS_FOR_SYMBOLS = frozenset(["on", "in", "h", "hh"])
_WRITES_ENGLISH = frozenset([None, "en", "simple", "bg"])
_ADJECTIVES = frozenset(["on", "mid"])
_TOGETHER = frozenset(["off", "gaps", "gaps3", "gaps5"])
"""Values of `comma` that leave digits together (gaps are style alone)."""

_WIKIS_NUMBERS = frozenset(["number", "output number only"])
_NUMBERS_AS_IN = {"bg": "fr"}
"""Wikis whose `{{convert}}` groups four digits, which their other numbers do not."""

_MAX_AMOUNTS = 16
_FIVE_DIGITS = 5


class _Measure(NamedTuple):
    """What the template's first values say: amounts, the words between them, their unit, and where the next value is."""

    amounts: list[str]
    words: list[str]
    unit: str
    next: int


class _Style:
    """How a template writes its measure: the unit's name or its symbol, as an adjective, with which words."""

    def __init__(self, language: str | None, values: Values, *, is_short: bool) -> None:
        self.abbreviation = values.get("abbr", "on" if is_short else "")
        adjective = values.get("adj") or values.get("sing") or ""
        self.language = language
        self.values = values
        self.is_named = self.abbreviation in _ASKS_FOR_NAMES or (
            self.abbreviation in _ASKS_FOR_NOTHING and language in _WRITES_NAMES
        )
        self.is_adjective = adjective in _ADJECTIVES
        self.is_one_below = adjective == "1"
        self.decimals = int(adjective[2]) if _ROUNDED_INPUT.fullmatch(adjective) else None
        self.american = values.get("sp", "") == "us"

    def joint(self, word: str, *, named: bool) -> str | None:
        """What stands between two amounts for a word of the template; None where it is no such word."""
        word = SAME_RANGES.get(word, word)
        if named and word in _BETWEEN_NAMES:
            joint: str | None = _BETWEEN_NAMES[word]
        else:
            joint = _TRANSLATED_RANGES.get(self.language or "", {}).get(word) or RANGE_WORDS.get(word)
        if joint is None or not self.is_adjective or "±" in joint:
            return joint
        is_hyphened = named or (self.abbreviation == "on" and word in _HYPHENED_WITH_SYMBOLS)
        return joint.replace(" ", "-") if is_hyphened else joint

    def amount(self, text: str) -> str:
        """`2+1/2` is 2 1/2, `1.5e6` is 1.5×10⁶, `-5` is −5, `1500` has the language's marks."""
        words = self._in_words(text) if "spell" in self.values else None
        if words is not None:
            return words
        fraction = _FRACTION.fullmatch(text)
        if fraction is not None:
            sign, whole, above, below = fraction.groups()
            sign = "−" if sign == "-" else sign
            return f"{sign}{self._number(whole)} {above}/{below}" if whole else f"{sign}{above}/{below}"
        power = _EXPONENT.fullmatch(text)
        if power is not None:
            return f"{self._number(power[1])}×10{raised(power[2].lstrip('+'))}"
        if self.decimals is not None and _PLAIN.fullmatch(text):
            text = f"{float(text.replace('−', '-')):.{self.decimals}f}"
        return self._number(text)

    def _in_words(self, text: str) -> str | None:
        spelling = self.values["spell"].lower()
        if spelling not in ("in", "on") or self.language not in _WRITES_ENGLISH:
            return None
        words = number_in_words(text, american=self.american)
        return words.replace(" ", "-") if words is not None and self.is_adjective else words

    def _number(self, text: str) -> str:
        comma = self.values.get("comma", "")
        whole = text.lstrip("+-−").partition(".")[0]
        grouped = comma not in _TOGETHER and not (comma == "5" and len(whole) < _FIVE_DIGITS)
        marks = _NUMBERS_AS_IN.get(self.language or "", self.language)
        return with_minus(local_number(text, marks, is_grouped=grouped))

    def name(self, unit: str, amount: str, *, is_multiple: bool = False) -> str | None:
        """The unit written out, None where its symbol stands."""
        always = is_always_named(unit)
        asks = self.abbreviation in _ASKS_FOR_NAMES if always is False else self.is_named
        if not always and not asks:
            return unit_name(f"{self.language} short", unit, amount)
        number = amount.replace(",", ".").lstrip("−-")
        is_below = self.is_one_below and bool(_PLAIN.fullmatch(number)) and 0 < float(number) <= 1
        return unit_name(
            self.language,
            unit,
            "" if is_multiple else amount,
            is_one=self.is_adjective or is_below,
            american=self.american,
        )

    def _writes_powers(self) -> bool:
        """Whether 3×10⁶ stands for 3 million: where symbols are asked for, and where the word would be English alone."""
        return self.abbreviation in _ASKS_FOR_SYMBOLS or (
            self.abbreviation != "unit" and self.language not in _WRITES_ENGLISH
        )

    def written(self, amount: str, last: str, unit: str, before_unit: str = "") -> str:
        """`12`, `e6acre` -> 12 million acres, as an adjective 12-million-acre: amount and unit as readers see them.

        `last` is the last amount of a range, which the unit's form goes by; `before_unit` what stands between.
        """
        unit = known_unit(unit)
        found = _MULTIPLE.match(unit)
        multiple = MULTIPLES[found[1]] if found is not None else ""
        unit = known_unit(unit[found.end() :] if found is not None else unit)
        currency = _CURRENCY.match(unit)
        if currency is not None:
            amount, unit = (self.values.get("$") or currency[0]) + amount, unit[1:]
        name = self.name(unit, last, is_multiple=bool(multiple))
        if name is not None and self.is_adjective and not before_unit:
            return "-".join([amount, *filter(None, [multiple]), name.replace(" ", "-")])
        shown = unit_text(unit, last, bool(multiple)) if name is None else name
        if found is not None and self._writes_powers():
            amount, multiple = f"{amount}×10{raised(found[1][1:])}", ""
        amount = f"{amount} {multiple}" if multiple else amount
        if self.abbreviation == "values":
            return amount
        if self.abbreviation == "~" and name is not None:
            shown = f"{shown} [{unit_text(unit, '', False)}]"
        return amount + (before_unit or ("" if shown.startswith("/") else " ")) + shown if shown else amount


def convert(language: str | None, values: Values) -> str:
    """`{{convert|5|to|10|km|mi}}`: 5 to 10 kilometres, the first measure, as the author wrote it."""
    return _converted(_Style(language, values, is_short=False), values)


def short_convert(language: str | None, values: Values) -> str:
    """`{{cvt|5|km|mi}}`: 5 km, the first measure with its symbol."""
    return _converted(_Style(language, values, is_short=True), values)


def _converted(style: _Style, values: Values) -> str:
    measure = _measure(values)
    display = values.get("disp", "")
    if display in _WIKIS_NUMBERS:
        return NO_NUMBER
    parts, behind = _smaller_parts(values, measure)
    amounts = [style.amount(text) for text in measure.amounts]
    if values.get("spell") in ("In", "On"):
        amounts[0] = amounts[0][:1].upper() + amounts[0][1:]
    last = measure.amounts[-1]
    named = style.name(known_unit(measure.unit), last) is not None
    joints = [style.joint(word, named=named) or "" for word in measure.words]
    if display == "unit":
        return style.written("", last, measure.unit).lstrip()
    if " × " in joints and measure.unit and not named and "xx" not in measure.words:
        pieces = [style.written(amount, last, measure.unit) for amount in amounts]
        return "".join(piece + joint for piece, joint in zip(pieces, [*joints, ""], strict=True))
    amount = amounts[0]
    for joint, then in zip(joints, amounts[1:], strict=True):
        amount += (" – " if joint == "–" and then.startswith("−") else joint) + then
    before = _before_unit(values, behind, display)
    text = style.written(amount, last, measure.unit, before)
    for number, unit in parts:
        joined = "-" if style.is_adjective and named else " "
        text += joined + style.written(style.amount(number), number, unit)
    return text + _in_between(values, behind) if values.get("adj") == "mid" else text


def _measure(values: Values) -> _Measure:
    """The amounts, each of which may hold a range itself (`5-10`, `5 to 10`), the words between, and the unit."""
    amounts: list[str] = []
    words: list[str] = []
    at = 1
    while len(amounts) < _MAX_AMOUNTS:
        given = values.get(str(at), "")
        while len(amounts) < _MAX_AMOUNTS and (packed := _packed(given)) is not None:
            amounts.append(packed[0])
            words.append(packed[1])
            given = packed[2]
        amounts.append(given)
        word = values.get(str(at + 1), "")
        if SAME_RANGES.get(word, word) not in RANGE_WORDS:
            break
        words.append(word)
        at += 2
    return _Measure(amounts, words, values.get(str(at + 1), ""), at + 2)


def _packed(text: str) -> tuple[str, str, str] | None:
    """`5-10` as 5, `-` and 10; None for a number, and for what is no range."""
    if _NUMBER.fullmatch(text) or _FRACTION.fullmatch(text):
        return None
    found = _SPACED_RANGE.fullmatch(text)
    if found is not None and SAME_RANGES.get(found[2], found[2]) in RANGE_WORDS and _NUMBER.match(found[3]):
        return found[1], found[2], found[3]
    found = _PACKED_RANGE.fullmatch(text) if "/" not in text else None
    return None if found is None or not _NUMBER.match(found[3]) else (found[1], found[2], found[3])


def _smaller_parts(values: Values, measure: _Measure) -> tuple[list[tuple[str, str]], int]:
    """8 and `in` of `{{convert|5|ft|8|in|m}}`: the smaller units of the same measure, and where the next value is."""
    parts: list[tuple[str, str]] = []
    unit, at = known_unit(measure.unit), measure.next
    while not measure.words and unit in SMALLER_UNITS:
        number, smaller = values.get(str(at), ""), known_unit(values.get(str(at + 1), ""))
        if smaller not in SMALLER_UNITS[unit] or not number[:1].isdigit():
            break
        parts.append((number, smaller))
        unit, at = smaller, at + 2
    return parts, at


def _behind_output(values: Values, at: int) -> str:
    """What stands behind the unit to convert to and how many decimals it has, both of which may be absent."""
    word = values.get(str(at))
    if word is not None and _ROUNDING.fullmatch(word):
        return values.get(str(at + 1), "")
    at += 1
    if _ROUNDING.fullmatch(values.get(str(at), "")):
        at += 1
    return values.get(str(at), "")


def _in_between(values: Values, at: int) -> str:
    """What `adj=mid` puts behind the unit: `{{convert|10|ft|m|adj=mid|-long}}` is 10-foot-long."""
    word = _behind_output(values, at)
    return word if not word or word.startswith("-") else f" {word}"


def _before_unit(values: Values, at: int, display: str) -> str:
    """What `adj=pre` and `disp=preunit` put before the unit: `{{convert|5|mi|km|adj=pre|statute}}` is 5 statute miles."""
    if values.get("adj") != "pre" and display != "preunit":
        return ""
    word = _behind_output(values, at)
    if not word:
        return ""
    before = "" if word[0] in "+-&" else " "
    return f"{before}{word}" if word.endswith("-") else f"{before}{word} "


CONVERSIONS: dict[str, LocalForm] = {"convert": convert, "short_convert": short_convert}
"""What the table of templates names."""
