"""Values of templates of measures, numbers and sums in, their text out."""

from __future__ import annotations

import re
from collections.abc import Callable

from stages.ingest.wikipedia.template_names import UNITS

Values = dict[str, str]
"""Values of a template by name; those without a name are numbered from "1"."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_EXPONENT = re.compile(r"(?<=\d)e(-?\d+)")
_RANGE_WORDS = {
    "to": " to ",
    "to(-)": " to ",
    "and": " and ",
    "and(-)": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "×": " × ",
    "-": "–",
    "–": "–",
    "+": " + ",
}
_SMALLER_UNITS = ("in", "oz", "lb", "ch", "yd", "ft")
_SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _measure(values: Values) -> str:
    """`{{convert|5|to|10|km|mi}}`: the first measure, as the author wrote it."""
    amount, number = values.get("1", ""), 2
    while (joint := _RANGE_WORDS.get(values.get(str(number), ""))) is not None:
        amount += joint + values.get(str(number + 1), "")
        number += 2
    first = _with_unit(amount, values.get(str(number), ""))
    second, smaller = values.get(str(number + 1), ""), values.get(str(number + 2), "")
    # `{{convert|5|ft|8|in|m}}`: of the units behind the first, only these are the same measure's.
    return (
        f"{first} {_with_unit(second, smaller)}"
        if smaller in _SMALLER_UNITS and second[:1].isdigit()
        else first
    )


def _with_unit(amount: str, unit: str) -> str:
    amount = _EXPONENT.sub(lambda found: "×10" + found[1].translate(_SUPERSCRIPTS), amount)
    return f"{amount} {UNITS.get(unit.lower(), unit)}".strip()


def _amount_with_unit(values: Values) -> str:
    """French `{{unité|892|km|2}}`: amount, unit and power."""
    power = values.get("3", "").translate(_SUPERSCRIPTS)
    return f"{values.get('1', '')} {values.get('2', '')}{power}".strip()


def _height(values: Values) -> str:
    return f"{values.get('1', '')} m"


def _temperature(values: Values) -> str:
    return f"{values.get('1', '')} {values.get('2') or '°C'}"


def _hour(values: Values) -> str:
    return f"{values.get('1', '')} h {values.get('2', '')}".strip()


def _value_with_unit(values: Values) -> str:
    unit = values.get("u") or values.get("ul") or ""
    text = values.get("1", "") + (f" ± {values['2']}" if values.get("2") else "")
    text += f"×10^{values['e']}" if values.get("e") else ""
    return f"{text} {unit}".strip()


def _fraction(values: Values) -> str:
    parts = [values[key] for key in ("1", "2", "3") if values.get(key)]
    if len(parts) == 3:
        return f"{parts[0]} {parts[1]}/{parts[2]}"
    return "/".join(parts) if len(parts) == 2 else f"1/{parts[0]}" if parts else ""


def _currency(values: Values) -> str:
    return f"{values.get('1', '')} {values.get('2', '')}".strip()


def money(sign: str, values: Values) -> str:
    """`{{US$|5 million}}`."""
    return sign + values.get("1", "")


def _formula(values: Values) -> str:
    """`{{chem|H|2|O}}`."""
    return characters(values).translate(_SUBSCRIPTS)


def _spaced_digits(values: Values) -> str:
    """`{{gaps|1|000}}`."""
    return " ".join(values[str(number)] for number in range(1, 10) if values.get(str(number)))


def _power_of_ten(values: Values) -> str:
    """`{{e|6}}`; in French `XX{{e|siècle}}` raises an ending."""
    power = values.get("1", "")
    return f"×10{power.translate(_SUPERSCRIPTS)}" if power.strip("-−").isdigit() else power


def _kilometres(values: Values) -> str:
    """Slovak `{{km|70|m}}`: the second value is the case of the word."""
    return f"{values.get('1', '')} km".strip()


def _above_sea(values: Values) -> str:
    return f"{values.get('1', '')} m n. m."


def _italian_measure(values: Values) -> str:
    unit = values.get("3") or values.get("u") or values.get("ul") or values.get("2", "")
    return _with_unit(values.get("1", ""), unit)


def _coordinates(values: Values) -> str:
    """`{{coord|33|6|39|N|117|9|13|W}}`; nothing where it stands beside the title only."""
    if "title" in values.get("display", "") and "inline" not in values.get("display", ""):
        return ""
    text, marks = "", iter("°′″")
    # Without letters of directions they are two decimal numbers.
    for number in range(1, 9):
        value = values.get(str(number), "")
        if value in ("N", "S", "E", "W", "O"):
            text, marks = f"{text}{value} ", iter("°′″")
        elif _NUMBER.fullmatch(value):
            text += value + next(marks, "")
        else:
            break
    if text.endswith(" "):
        return text.strip()
    return ", ".join(values[key] for key in ("1", "2") if _NUMBER.fullmatch(values.get(key, "")))


def _years(values: Values) -> str:
    return "–".join(values[key] for key in ("1", "2") if values.get(key))


def characters(values: Values) -> str:
    """`{{linktext|三|星}}`."""
    return "".join(values[str(number)] for number in range(1, 10) if values.get(str(number)))


MEASURES: dict[str, Callable[[Values], str]] = {
    "convert": _measure,
    "cvt": _measure,
    "conversie": _measure,
    "konwersja": _measure,
    "unité": _amount_with_unit,
    "unite": _amount_with_unit,
    "unidad": _amount_with_unit,
    "höhe": _height,
    "tmp": _temperature,
    "heure": _hour,
    "val": _value_with_unit,
    "frac": _fraction,
    "sfrac": _fraction,
    "fraction": _fraction,
    "currency": _currency,
    "dash year": _years,
    "chem": _formula,
    "gaps": _spaced_digits,
    "e": _power_of_ten,
    "e-": _power_of_ten,
    "x10^": _power_of_ten,
    "km": _kilometres,
    "mnm": _above_sea,
    "m": _italian_measure,
    "coord": _coordinates,
}
