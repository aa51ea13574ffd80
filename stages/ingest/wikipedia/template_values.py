"""The inside of a template in, its name and its values out; and digits as they are raised, lowered and grouped."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.marks import GONE, INDENT, KEPT_SPACE

Values = dict[str, str]
"""Values of a template by name; those without a name are numbered from "1"."""

_NAMED = re.compile(r"\s*([\w ±/'’.()#$-]{1,40}?)\s*=")
_MAX_VALUES = 64
_MAX_ARGUMENTS = 512
_RAISED = str.maketrans("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−–=()n", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₙ")
_RAISABLE = re.compile(r"[0-9+=()n−–-]{1,16}")
_NUMBER_IN_TEXT = re.compile(r"(?<![\w.,/])\d+(?:[.,]\d+)?(?![\w.,/])")
_PLAIN_NUMBER = re.compile(r"([-−+±]?)(\d+)(?:([.,])(\d+))?")

_SEPARATORS = dict.fromkeys("en ja zh ko th he".split(), (",", "."))
_SEPARATORS |= dict.fromkeys("de nl ca da ro hr sl sr bs sh id tr el mk gl eu vi".split(), (".", ","))
_SEPARATORS |= dict.fromkeys("fr es it pt ru uk bg pl cs sk sv hu fi no nb et lv lt be".split(), (" ", ","))
"""Marks between thousands and before decimals, by language: MediaWiki's `separatorTransformTable`."""

_FOUR_DIGITS_TOGETHER = frozenset("es pl bg ru uk et".split())
"""Languages that group from five digits on: MediaWiki's `minimumGroupingDigits`."""

_FORMATTED = re.compile(r"(-(?=[\d.]))?(\d+|(?=\.\d))(\.\d*)?")
"""What `{{formatnum:}}` takes for a number, whatever stands around it."""


def parted(inner: str) -> tuple[str, Values]:
    """Name and values of `{{inner}}`; what nested inside is replaced already."""
    name, bar, rest = inner.partition("|")
    name = name.replace(GONE, "").strip()
    if not bar:
        return name, {}
    return name, arguments_behind(rest) if name.startswith("#") else values_behind(rest)


def arguments_behind(rest: str) -> Values:
    """What stands behind a parser function, numbered: an `=` in it names nothing."""
    rest = rest.replace(INDENT, " ").replace(KEPT_SPACE, " ")
    return {
        str(at): value.strip() for at, value in enumerate(rest.split("|", _MAX_ARGUMENTS)[:_MAX_ARGUMENTS], 1)
    }


def values_behind(rest: str) -> Values:
    """The values of a template from all behind its name."""
    values: Values = {}
    number = 0
    if INDENT in rest or KEPT_SPACE in rest:
        rest = rest.replace(INDENT, " ").replace(KEPT_SPACE, " ")
    for value in rest.split("|", _MAX_VALUES)[:_MAX_VALUES]:
        named = _NAMED.match(value) if "=" in value else None
        if named is not None:
            values[named[1].strip()] = value[named.end() :].strip()
        else:
            number += 1
            values[str(number)] = value.strip()
    return values


def raised(text: str) -> str:
    """Superscript of numbers and signs; any other text as it is."""
    return text.translate(_RAISED) if _RAISABLE.fullmatch(text) else text


def lowered(text: str) -> str:
    """Subscript of numbers and signs; any other text as it is."""
    return text.translate(_LOWERED) if _RAISABLE.fullmatch(text) else text


def local_numbers(text: str, language: str | None) -> str:
    """A text with each plain number in it as `local_number` writes it."""
    return _NUMBER_IN_TEXT.sub(lambda found: local_number(found[0], language), text)


def slavic_form(number: int) -> int:
    """0 for numbers that go with the form of one (21), 1 for those with that of few (23), 2 for all others (11, 25)."""
    ending, tens = number % 10, number % 100
    if 11 <= tens <= 14:
        return 2
    return 0 if ending == 1 else 1 if 2 <= ending <= 4 else 2


def with_minus(number: str) -> str:
    """A number with MediaWiki's sign of minus where a hyphen stands for it (`-5` is −5); any other text as it is."""
    return "−" + number[1:] if number.startswith("-") and number[1:2].isdigit() else number


def local_number(text: str, language: str | None, *, is_grouped: bool = True) -> str:
    """A plain number with the marks of the language; any other text, and any where no language is known, as it is."""
    found = _PLAIN_NUMBER.fullmatch(text)
    if found is None or language not in _SEPARATORS:
        return text
    point = _SEPARATORS[language][1]
    sign, whole, given_point, decimals = found.groups()
    if given_point == "," and point != ",":
        return text
    if is_grouped and not whole.startswith("0"):
        whole = _grouped(whole, language)
    return f"{sign}{whole}{point}{decimals}" if decimals else f"{sign}{whole}"


def _grouped(digits: str, language: str) -> str:
    """Digits in threes with the language's mark between them, where so many are grouped."""
    least = 5 if language in _FOUR_DIGITS_TOGETHER else 4
    if len(digits) < least:
        return digits
    first = len(digits) % 3 or 3
    parts = [digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))]
    return _SEPARATORS[language][0].join(parts)


def formatted_number(text: str, language: str | None, how: str = "") -> str:
    """`{{formatnum:1234.5}}`: each number in the text with the language's marks; as it is where no language is known.

    `how` is what stands behind the bar: `R` takes the marks out again, `NOSEP` puts none in.
    """
    if language not in _SEPARATORS or "<" in text:
        return text if how == "R" else with_minus(text)
    group, point = _SEPARATORS[language]
    if how == "R":
        return text.replace("\u00a0" if group == " " else group, "").replace(point, ".").replace("−", "-")
    if how.upper() == "NOSEP":
        return with_minus(text)

    def written(found: re.Match[str]) -> str:
        sign, whole, decimals = found.groups()
        return ("−" if sign else "") + _grouped(whole, language) + (decimals or "").replace(".", point)

    return _FORMATTED.sub(written, text)
