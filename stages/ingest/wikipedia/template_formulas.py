"""Values of templates of chemical formulas in, the formula out: its numbers low, its charges high.

`{{chem}}`: https://en.wikipedia.org/wiki/Template:Chem/doc; `{{chem2}}`: Template:Chem2/doc, read as Module:Chem2 reads it.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, lowered, raised

_CHARGE = re.compile(r"\d*[+−–-]")
_PART = re.compile(
    r"(?P<as_it_is>\A[\d.]+|\s+[\d.]+|\s\+|&#\w+;|[A-Z][a-z]*)"
    r"|(?P<arrow><->|->)"
    r"|(?P<count>\d+)(?:(?P<sign>[+-])|\((?P<charge>\d*[+-])\))"
    r"|\((?P<charge_alone>\d*[+-])\)"
    r"|(?P<number>[\d.]+)"
    r"|(?P<sign_alone>[+-])"
    r"|\*(?P<units>[\d.]*)(?P<water>H2O)?"
    r"|\\(?P<hapticity>[hm])\{(?P<places>\d+)\}"
    r"|\\(?P<bond>.)"
    r"|_\{(?P<low>[^}]{0,64})\}"
    r"|\^\{(?P<high>[^}]{0,64})\}"
)
_ARROWS = {"->": " → ", "<->": " ⇌ "}
_BONDS = {"s": "–", "d": "=", "t": "≡", "q": "≣", "h": "η", "*": "*", "-": "-", "\\": "\\", "'": "'"}
_LIGANDS = {"h": "η", "m": "μ"}
_DIGITS = re.compile(r"\d+")


def chemical(language: str | None, values: Values) -> str:
    """`{{chem|Q|3|2-}}` is Q₃²⁻: elements, their numbers, charges."""
    text = ""
    for number in range(1, 20):
        part = values.get(str(number), "")
        text += raised(part) if _CHARGE.fullmatch(part) else lowered(part) if part.isdigit() else part
    return text


def formula(language: str | None, values: Values) -> str:
    """`{{chem2|SO4(2-)}}` is SO₄²⁻, `{{chem2|CuSO4*5H2O}}` CuSO₄ · 5H₂O."""
    given = " ".join(values.get("1", "").replace("–", "-").replace("−", "-").split())
    return " ".join(_PART.sub(_shown, given).split())


def _shown(found: re.Match[str]) -> str:
    parts = found.groupdict()
    if parts["as_it_is"] is not None:
        return found[0]
    if parts["arrow"]:
        return _ARROWS[parts["arrow"]]
    if parts["count"]:
        return lowered(parts["count"]) + raised(parts["sign"] or parts["charge"])
    if parts["number"]:
        return _DIGITS.sub(lambda digits: lowered(digits[0]), parts["number"])
    high = parts["charge_alone"] or parts["sign_alone"] or parts["high"]
    if high is not None:
        return raised(high)
    if parts["low"] is not None:
        return lowered(parts["low"])
    if parts["hapticity"]:
        return f"{_LIGANDS[parts['hapticity']]}{raised(parts['places'])}−"
    if parts["bond"]:
        return _BONDS.get(parts["bond"], "")
    return f" · {parts['units']}{'H₂O' if parts['water'] else ''}"


FORMULAS: dict[str, LocalForm] = {"chemical": chemical, "formula": formula}
"""What the table of templates names."""
