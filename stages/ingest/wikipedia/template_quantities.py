"""Values of `{{val}}` in, the quantity out: numbers, what they are uncertain by, power of ten and unit.

https://en.wikipedia.org/wiki/Template:Val/doc; how parts stand together is Module:Val's, units by their codes are
Module:Val/units' and, where it has none, those of `{{convert}}`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stages.ingest.wikipedia.template_units import unit_symbol
from stages.ingest.wikipedia.template_values import Values, local_number, raised, with_minus
from stages.ingest.wikipedia.unit_names import known_unit

_RANGES = {
    ",": ", ",
    "by": " by ",
    "-": "–",
    "–": "–",
    "and": " and ",
    "or": " or ",
    "to": " to ",
    "x": " × ",
    "×": " × ",
    "/": "/",
}
_REPEATS_UNIT = frozenset(["x", "×"])
_ANGLES = {
    "%": "%",
    "percent": "%",
    "per cent": "%",
    "‰": "‰",
    "per mil": "‰",
    "per mill": "‰",
    "per mille": "‰",
    "permil": "‰",
    "permill": "‰",
    "permille": "‰",
    "°": "°",
    "deg": "°",
    "'": "′",
    "′": "′",
    "arcmin": "′",
    "arcminute": "′",
    '"': "″",
    "″": "″",
    "arcsec": "″",
    "arcsecond": "″",
}
"""Units that stand at each of two numbers, without a space."""

_UNITS = {
    "degree": "°",
    "degC": "°C",
    "degF": "°F",
    "degR": "°R",
    "°C": "°C",
    "°F": "°F",
    "angstrom": "Å",
    "ohm": "Ω",
    "bps": "bit/s",
    "uBP": "¹⁴C yr BP",
    "mcg": "μg",
    "mcg/dL": "μg/dL",
    "mg.L-1": "mg/L",
    "mg.l-1": "mg/l",
    "MPa.m.5": "MPa⋅m¹/²",
    "kPa.m.5": "kPa⋅m¹/²",
    "Pa.m.5": "Pa⋅m¹/²",
    "c0": "c₀",
    "μB": "μB",
    "Lo": "L☉",
}
_UNITS |= {f"M{mark}": f"M{sign}" for mark, sign in (("_Earth", "🜨"), ("+", "🜨"), ("_Jupiter", "J"))}
_UNITS |= {f"R{mark}": f"R{sign}" for mark, sign in (("_Earth", "🜨"), ("+", "🜨"), ("_Jupiter", "J"))}
_UNITS |= {f"{letter}_{sun}": f"{letter}☉" for letter in "MRL" for sun in ("Solar", "solar")}
_UNITS |= {
    f"{body} {word}": f"{letter}{sign}"
    for body, sign in (("Solar", "☉"), ("solar", "☉"), ("Earth", "🜨"), ("Jupiter", "J"))
    for word, letter in (("mass", "M"), ("radius", "R"), ("luminosity", "L"))
}
"""Codes of units that readers see otherwise and no rule makes."""

_MICRO = re.compile(r"(?<![^/⋅])u(?=(?:m|s|g|A|V|F|H|T|K|J|W|C|L|l|G|N|Hz|Pa|Gal|Da|eV|Ω|b|M)(?![A-Za-z]))")
_POINT = re.compile(r"(?<=[A-Za-z0-9Ω])\.(?=[A-Za-zΩ])")
_POWER = re.compile(r"(?<=[A-Za-zΩÅ])[-−]?\d\b")
_IN_CONVERT = re.compile(r"(?:sq|cu|imp|US|us|km/h|kph|Nm|/)\S*")
"""Codes that `{{convert}}` knows and `{{val}}` takes from it."""

_TIED = re.compile(r"[*./]")
_POWER_OF_TEN = re.compile(r"(.*\d)[eE]([+-]?\d+)")
_GROUPED_BY_STYLE = frozenset("de nl ca da ro hr sl sr bs sh".split())
"""Wikis whose `{{val}}` sets digits apart by style alone, not with the mark that their numbers have otherwise."""

_DECIMALS = re.compile(r"(?<=,)\d{4,}")
_THREE_DIGITS = re.compile(r"\d{1,3}")
_MOST_NUMBERS = 20


class _Unit(NamedTuple):
    """A unit as readers see it, what stands between it and the number, and whether it stands at each of two numbers."""

    text: str
    joint: str
    is_angle: bool


def value(language: str | None, values: Values) -> str:
    """`{{val|1.5|0.2|e=6|u=m}}`: number, uncertainty, power of ten, unit and what it is divided by."""
    unit = _unit(values)
    power = values.get("e", "")
    given = values.get("1", "")
    found = _POWER_OF_TEN.fullmatch(given)
    if found is not None:
        given, power = found[1], found[2]
    if values.get("2") in _RANGES and values.get("3"):
        number, is_exact = _ranged(language, values, unit), False
        behind = not (unit.is_angle or values["2"] in _REPEATS_UNIT)
    else:
        number = _number(given, language, values) + values.get("end", "")
        number, is_exact = _with_error(number, language, values, unit)
        behind = not unit.is_angle
    if power:
        ten = f"10{raised(power.lstrip('+'))}"
        number = f"{number if is_exact else f'({number})'}×{ten}" if number else ten
    if behind and unit.text:
        number = f"{number}{unit.joint if number else ''}{unit.text}"
    return values.get("p", "") + number + values.get("s", "")


def _ranged(language: str | None, values: Values, unit: _Unit) -> str:
    """`5 m × 10 m`, `5, 10 and 20 mm`: numbers with the words between."""
    words = [values.get(str(at), "") for at in range(2, _MOST_NUMBERS, 2)]
    words = words[: next((at for at, word in enumerate(words) if word not in _RANGES), len(words))]
    at_each = values.get("end", "")
    if any(word in _REPEATS_UNIT for word in words):
        at_each += unit.joint + unit.text
    elif unit.is_angle:
        at_each += unit.text
    text = _number(values.get("1", ""), language, values) + at_each
    for at, word in enumerate(words):
        text += _RANGES[word] + _number(values.get(str(2 * at + 3), ""), language, values) + at_each
    return text


def _with_error(number: str, language: str | None, values: Values, unit: _Unit) -> tuple[str, bool]:
    """The number and what it is uncertain by, and whether it needs no brackets before a power of ten."""
    above, below = (values.get(key, "") for key in "23")
    angle = unit.text if unit.is_angle else ""
    if not above.strip("+-−±") or not number:
        return number + angle, True
    if above.startswith("("):
        return number + above + values.get("errend", "") + angle, True
    above, below = (_number(text.lstrip("+-−±"), language, values) for text in (above, below))
    if below:
        upper, lower = (values.get(key, "") for key in ("+errend", "-errend"))
        return f"{number}{angle}+{above}{upper}{angle}−{below}{lower}{angle}", True
    return f"{number}{angle} ± {above}{values.get('errend', '')}{angle}", False


def _number(text: str, language: str | None, values: Values) -> str:
    """A number of `{{val}}`: digits stand together but where the wiki's own mark is a space.

    English groups them where `fmt` asks.
    """
    bare = text.lstrip("+-−±")
    if bare.startswith("."):
        text = f"{text[: len(text) - len(bare)]}0{bare}"
    if language in (None, "en", "simple"):
        plain = text.replace(",", "")
        number = local_number(plain, "en") if values.get("fmt") == "commas" else plain
    elif language == "fr":
        number = grouped_decimals(local_number(text, language))
    else:
        number = local_number(text, language, is_grouped=language not in _GROUPED_BY_STYLE)
    return with_minus(number)


def grouped_decimals(number: str) -> str:
    """`1,23456789` is 1,234 567 89, as French templates write it."""
    return _DECIMALS.sub(lambda found: " ".join(_THREE_DIGITS.findall(found[0])), number)


def _unit(values: Values) -> _Unit:
    code = values.get("u") or values.get("ul") or ""
    per = next((values[key] for key in ("up", "upl", "p2", "per", "ud") if values.get(key)), "")
    angle = _ANGLES.get(code)
    if angle is not None and not per:
        return _Unit(angle, "", is_angle=True)
    text = _quantity_unit(code)
    if per:
        text = f"({text})" if _TIED.search(code) else text
        below = _quantity_unit(per)
        text += f"/({below})" if _TIED.search(per) else f"/{below}"
    is_tight = not code or code == "degree" or angle is not None
    return _Unit(text, "" if is_tight else " ", is_angle=False)


def _quantity_unit(code: str) -> str:
    """`m.s-2` is m⋅s⁻², `um` is μm, `sqmi` is sq mi."""
    known = _UNITS.get(code) or _ANGLES.get(code)
    if known is not None or not code:
        return known or ""
    symbol = unit_symbol(known_unit(code)) if _IN_CONVERT.fullmatch(code) else None
    if symbol is not None:
        return symbol
    text = _MICRO.sub("μ", _POINT.sub("⋅", code))
    return _POWER.sub(lambda found: raised(found[0]), text)
