"""A number in digits in, its English words out, as Module:ConvertNumeric of the English wiki spells it.

Templates: `{{number to words}}`, `{{ordinal to word}}`, and `{{convert}}` with `spell`.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_GROUPS = ["", "thousand", "million", "billion", "trillion", "quadrillion"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DENOMINATORS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 8: "eighth", 9: "ninth"}
_DENOMINATORS |= {10: "tenth", 16: "sixteenth"}
_LAST_WORD = re.compile(r"[a-z]+$")
_NUMBER = re.compile(r"([-−+]?)(\d{0,18})(?:\.(\d+))?")
_FRACTION = re.compile(r"([-−]?)(?:(\d{1,18})\s*[+-]\s*)?(\d{1,2})\s*//?\s*(\d{1,2})")
_TWENTY, _HUNDRED, _THOUSAND = 20, 100, 1000


def number_in_words(text: str, *, american: bool = False, ordinal: bool = False) -> str | None:
    """`105` is one hundred and five, `2+1/2` two and a half; None for what the wiki does not spell."""
    fraction = _FRACTION.fullmatch(text)
    if fraction is not None:
        return _spelled_fraction(fraction, american)
    found = _NUMBER.fullmatch(text.replace(",", ""))
    if found is None or not (found[2] or found[3]):
        return None
    words = _whole(int(found[2] or "0"), american)
    if ordinal:
        words = _LAST_WORD.sub(lambda last: _ordinal(last[0]), words)
    if found[3]:
        words += " point " + " ".join(_ONES[int(digit)] for digit in found[3])
    return f"negative {words}" if found[1] in ("-", "−") and words != "zero" else words


def _whole(number: int, american: bool) -> str:
    groups: list[str] = []
    rest, at = divmod(number, _THOUSAND)
    low, number = at, rest
    for name in _GROUPS[1:]:
        number, part = divmod(number, _THOUSAND)
        if part:
            groups.insert(0, f"{_below_thousand(part, american=True)} {name}")
    if number:
        groups.insert(0, str(number))
    if low or not groups:
        joint = "and " if groups and low < _HUNDRED and not american else ""
        groups.append(joint + _below_thousand(low, american))
    return " ".join(groups)


def _below_thousand(number: int, american: bool) -> str:
    hundreds, rest = divmod(number, _HUNDRED)
    words = f"{_ONES[hundreds]} hundred" if hundreds else ""
    if rest < _TWENTY:
        below = _ONES[rest] if rest or not hundreds else ""
    else:
        below = _TENS[rest // 10] + (f"-{_ONES[rest % 10]}" if rest % 10 else "")
    joint = (" " if american else " and ") if words and below else ""
    return f"{words}{joint}{below}"


def _ordinal(word: str) -> str:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"


def _spelled_fraction(found: re.Match[str], american: bool) -> str | None:
    sign, whole, above, below = found[1], found[2], int(found[3]), int(found[4])
    if below not in _DENOMINATORS or not above:
        return None
    name = "fourth" if below == 4 and american else _DENOMINATORS[below]
    if above == 1:
        first = "one-" if not whole else "an " if name[0] in "aeiou" else "a "
    else:
        first, name = f"{_below_thousand(above, american)}-", "halves" if below == 2 else f"{name}s"
    words = f"{_whole(int(whole), american)} and {first}{name}" if whole else f"{first}{name}"
    return f"negative {words}" if sign else words


def _number_to_words(language: str | None, values: Values) -> str:
    return _shown(values, ordinal=values.get("ord") == "on")


def _ordinal_to_word(language: str | None, values: Values) -> str:
    return _shown(values, ordinal=True)


def _shown(values: Values, *, ordinal: bool) -> str:
    given = values.get("1", "")
    words = number_in_words(given, american=values.get("sp") == "us", ordinal=ordinal)
    if words is None:
        return given
    if values.get("adj") == "on":
        words = words.replace(" ", "-")
    return words[:1].upper() + words[1:] if values.get("case", "").upper() == "U" else words


NUMBER_WORDS: dict[str, LocalForm] = {
    "number_to_words": _number_to_words,
    "ordinal_to_word": _ordinal_to_word,
}
"""What the table of templates names."""
