"""Values of templates of measures and quantities in, their text out.

`{{unité}}`:
https://fr.wikipedia.org/wiki/Modèle:Unité, `{{M}}`: https://it.wikipedia.org/wiki/Template:M.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from stages.ingest.wikipedia.number_words import NUMBER_WORDS
from stages.ingest.wikipedia.template_conversions import CONVERSIONS
from stages.ingest.wikipedia.template_formulas import FORMULAS
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_quantities import grouped_decimals, value
from stages.ingest.wikipedia.template_units import unit_text
from stages.ingest.wikipedia.template_values import (
    Values,
    local_number,
    local_numbers,
    raised,
)

_TEN, _THOUSAND = 10, 1000
_POWER = re.compile(r"[-−+]?\d{1,2}")
_SIGNED = re.compile(r"[-−+±]?\d[\d.,\s]*")
_SQUARE_UNIT = re.compile(r"\b([kcdhm]?m)([23])\b")


_VAL_RANGES = {"-": "–", "–": "–", "to": " to ", "x": " × ", "×": " × ", "or": " or ", "and": " and "}
_TIGHT_UNITS = frozenset(["%", "°", "′", "″"])


def french_unit(language: str | None, values: Values) -> str:
    """`{{unité|3|e=8|m|/s|-2}}`: number, power of ten, then units each with its power behind it."""
    number = local_numbers(values.get("1", ""), language or "fr")
    number = grouped_decimals(number) if language == "fr" else number
    error = values.get("±") or values.get("+/-")
    if error:
        number += f" ± {local_number(error, language)}"
    until = values.get("à") or values.get("et") or values.get("x") or values.get("×")
    if until:
        joint = "à" if values.get("à") else "et" if values.get("et") else "×"
        number += f" {joint} {local_number(until, language)}"
    if values.get("e"):
        power = f"10{raised(values['e'])}"
        number = f"{number}×{power}" if number else power
    units = ""
    for part in (values.get(str(at), "") for at in range(2, 12)):
        if units and _POWER.fullmatch(part):
            units += raised(part)
        elif part:
            part = _SQUARE_UNIT.sub(lambda found: found[1] + raised(found[2]), part)
            units += part if not units or part.startswith("/") else f" {part}"
    return f"{number} {units}".strip()


def italian_measure(language: str | None, values: Values) -> str:
    """`{{M|1,5|M|eV}}` is 1,5 MeV: number, prefix and unit; `{{M|25|u=km}}`, `{{M|5|e=6|u=m}}`."""
    number = local_number(values.get("1", ""), "it") + (f" ± {values['±']}" if values.get("±") else "")
    if values.get("e"):
        number = f"{number}×10{raised(values['e'])}" if number else f"10{raised(values['e'])}"
    unit = values.get("u") or values.get("ul") or ""
    if not unit:
        unit = values.get("2", "") + values.get("3", "")
    per = values.get("per", "")
    unit = f"{unit}/{per}" if per and unit else unit
    if values.get("2") in _VAL_RANGES and values.get("3", "")[:1].isdigit():
        number += f"{_VAL_RANGES[values['2']]}{local_number(values['3'], 'it')}"
        unit = values.get("u") or values.get("ul") or ""
    shown = unit_text(unit, number, False)
    joint = "" if shown in _TIGHT_UNITS else " "
    return " ".join(part for part in (values.get("p", ""), f"{number}{joint}{shown}".strip()) if part)


_HEIGHT_DATUMS = {
    "DE-NN": " ü. NN",
    "DE-NHN": " ü. NHN",
    "DE-HN": " ü. HN",
    "AT": " ü. A.",
    "CH": " ü. M.",
    "LI": " ü. M.",
}
"""What German altitudes are above, by the second value of `{{Höhe}}`."""


def german_altitude(language: str | None, values: Values) -> str:
    """`{{Höhe|2962|DE-NHN}}` is 2962 m ü. NHN; four digits stay together."""
    number = values.get("1", "")
    number = local_number(number, "de") if len(number.partition(".")[0]) > 4 else number.replace(".", ",")
    return f"{number} m{_HEIGHT_DATUMS.get(values.get('2', ''), '')}" if number else ""


def height(language: str | None, values: Values) -> str:
    """`{{height|m=1.80}}`, `{{height|ft=5|in=11}}`: the height in the units given."""
    names = (
        ("m", "m"),
        ("meter", "m"),
        ("cm", "cm"),
        ("ft", "ft"),
        ("foot", "ft"),
        ("in", "in"),
        ("inch", "in"),
    )
    return " ".join(f"{values[key]} {name}" for key, name in names if values.get(key)) or values.get("1", "")


def fraction(language: str | None, values: Values) -> str:
    """`{{frac|3|1|2}}` is 3 1/2."""
    parts = [values[key] for key in ("1", "2", "3") if values.get(key)]
    if len(parts) == 3:
        return f"{parts[0]} {parts[1]}/{parts[2]}"
    return "/".join(parts) if len(parts) == 2 else f"1/{parts[0]}" if parts else ""


def gaps(language: str | None, values: Values) -> str:
    """`{{gaps|1|000|e=6|u=kg}}`."""
    text = " ".join(values[str(number)] for number in range(1, 10) if values.get(str(number)))
    text += f"×10{raised(values['e'])}" if text and values.get("e") else ""
    return " ".join(part for part in (text, values.get("u") or values.get("ul") or "") if part)


def power_of_ten(language: str | None, values: Values) -> str:
    """`{{e|6}}`; in French `XX{{e|siècle}}` raises an ending."""
    power = values.get("1", "")
    return f"×10{raised(power)}" if power.strip("-−+").isdigit() else power or ("" if values else "e")


def rupees(language: str | None, values: Values) -> str:
    """`{{INRConvert|5|c}}` is ₹5 crore; the dollars beside it only the wiki knows."""
    words = {
        "c": " crore",
        "l": " lakh",
        "lc": " lakh crore",
        "k": " thousand",
        "m": " million",
        "b": " billion",
    }
    return f"₹{values.get('1', '')}{words.get(values.get('2', ''), '')}" if values.get("1") else ""


def percentage(language: str | None, values: Values) -> str:
    """`{{percentage|1|4}}` is 25%."""
    try:
        digits = int(values.get("3") or 0)
        share = 100 * float(values.get("1", "")) / float(values.get("2", ""))
    except (ValueError, ZeroDivisionError):
        return ""
    return f"{share:.{min(max(digits, 0), 9)}f}%"


def german_percentage(language: str | None, values: Values) -> str:
    """`{{%|1|3}}` is 33 %; the third value says how many decimals, the fourth that zeros at their end stay."""
    try:
        digits = min(max(int(values.get("3") or 0), 0), 9)
        share = 100 * Decimal(values.get("1", "")) / Decimal(values.get("2", ""))
        rounded = share.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    except (ValueError, ArithmeticError):
        return "0"
    text = f"{rounded:f}"
    if "." in text and not values.get("4"):
        text = text.rstrip("0").rstrip(".")
    return local_number(text, language or "de").replace("-", "−") + " %"


def german_rounded(language: str | None, values: Values) -> str:
    """`{{FormatZahl|321.1234}}` is 321,1: two decimals below ten, one below a thousand, none above."""
    try:
        number = Decimal(values.get("1", ""))
        digits = 0 if abs(number) >= _THOUSAND else 1 if abs(number) >= _TEN else 2
        text = f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    except ArithmeticError:
        return values.get("1", "")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return local_number(text, "de", is_grouped=abs(number) >= _TEN * _THOUSAND or "2" in values)


MEASURES: dict[str, LocalForm] = {
    **CONVERSIONS,
    **FORMULAS,
    **NUMBER_WORDS,
    "value": value,
    "french_unit": french_unit,
    "italian_measure": italian_measure,
    "german_altitude": german_altitude,
    "height": height,
    "fraction": fraction,
    "gaps": gaps,
    "power_of_ten": power_of_ten,
    "rupees": rupees,
    "percentage": percentage,
    "german_percentage": german_percentage,
    "german_rounded": german_rounded,
}
"""What the table of templates names."""
