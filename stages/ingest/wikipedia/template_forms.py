"""A template's values in, its text out, for templates whose text is put together from several values."""

from __future__ import annotations

import re
from collections.abc import Callable

from stages.ingest.wikipedia.template_measures import MEASURES, Values, characters

_ROMAN = re.compile(r"[IVXLCDM]+", re.IGNORECASE)


def _quoted(values: Values) -> str:
    return f'"{values["1"]}"' if values.get("1") else ""


def _in_angles(values: Values) -> str:
    return f"⟨{values['1']}⟩" if values.get("1") else ""


def _in_slashes(values: Values) -> str:
    return f"/{values['1']}/" if values.get("1") else ""


def _aside(values: Values) -> str:
    return f"– {values.get('1', '')} –"


def _portuguese_century(values: Values) -> str:
    return f"século {values.get('1', '')}"


def _catalan_century(values: Values) -> str:
    return f"segle {values.get('1', '')}"


def _circa(values: Values) -> str:
    return "c. " + "–".join(values[key] for key in ("1", "2") if values.get(key))


def _nihongo(values: Values) -> str:
    others = ", ".join(values[key] for key in ("2", "3") if values.get(key))
    first = values.get("1", "")
    return f"{first} ({others})" if first and others else first or others


def _date(values: Values) -> str:
    return " ".join(values[key] for key in ("1", "2", "3") if values.get(key))


def _as_of(values: Values) -> str:
    date = "-".join(values[key] for key in ("1", "2", "3") if values.get(key))
    return values.get("alt") or (f"as of {date}" if "lc" in values else f"As of {date}")


def _century(values: Values) -> str:
    """French `{{s|XIX|e}}`; in Russian `{{s|1941 год}}` only forbids a line break."""
    number = values.get("1", "")
    return f"{number}{values.get('2', 'e')} siècle" if _ROMAN.fullmatch(number) else number


def _before_our_era(values: Values) -> str:
    return f"{_century(values)} av. J.-C."


def _two_centuries(values: Values) -> str:
    """French `{{s2|XV|e|XVI|e}}`."""
    first, second = (values.get("1", ""), values.get("2", "e")), (values.get("3", ""), values.get("4", "e"))
    return f"{''.join(first)} et {''.join(second)} siècles"


def _spanish_century(values: Values) -> str:
    return f"siglo {values.get('1', '')}"


def _cited_author(values: Values) -> str:
    """`{{harvtxt|Artin|Mumford|1970}}` is a sentence's subject: Artin & Mumford (1970)."""
    names = [values[key] for key in ("1", "2", "3", "4", "5") if values.get(key)]
    year = values.get("year") or (names.pop() if len(names) > 1 else "")
    names = names or [values.get("last") or values.get("last1", "")]
    authors = " & ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f" & {names[-1]}"
    return f"{authors} ({year})" if year else authors


def _named_author(values: Values) -> str:
    """`{{harvs|txt|last=Artin|year=1970}}`; without `txt` it is a note."""
    is_text = "txt" in values or any(values.get(key) == "txt" for key in ("1", "2"))
    return _cited_author({key: value for key, value in values.items() if key != "1"}) if is_text else ""


def ship_name(prefix: str, values: Values) -> str:
    """`{{HMS|Fowey|1749}}`."""
    return f"{prefix} {values.get('1', '')}".strip()


def _ship(values: Values) -> str:
    return f"{values.get('1', '')} {values.get('2', '')}".strip()


def _ship_class(values: Values) -> str:
    """`{{sclass|Nimitz|aircraft carrier}}`."""
    return f"{values.get('1', '')}-class {values.get('2', '')}".strip()


def _old_style(values: Values) -> str:
    """`{{OldStyleDate|December 22|1889|December 10}}`."""
    old = f" [O.S. {values['3']}]" if values.get("3") else ""
    return f"{values.get('1', '')}{old} {values.get('2', '')}".strip()


def _born(values: Values) -> str:
    return f"née {values['1']}" if values.get("1") else "née"


def _literally(values: Values) -> str:
    return f"lit. '{values['1']}'" if values.get("1") else ""


def _code_point(values: Values) -> str:
    return f"U+{values.get('1', '')}"


def _reading(values: Values) -> str:
    """Japanese `{{読み仮名|漢字|かんじ}}`."""
    return f"{values.get('1', '')}（{values['2']}）" if values.get("2") else values.get("1", "")


def _transliteration(values: Values) -> str:
    return values.get("3") or values.get("2", "")


def _last_of_two(values: Values) -> str:
    return values.get("2") or values.get("1", "")


COMPOSED: dict[str, Callable[[Values], str]] = {
    **MEASURES,
    "linktext": characters,
    '"': _quoted,
    "angbr": _in_angles,
    "angbr ipa": _in_angles,
    "grapheme": _in_angles,
    "ipaslink": _in_slashes,
    "incise": _aside,
    "séc": _portuguese_century,
    "segle": _catalan_century,
    "circa": _circa,
    "c.": _circa,
    "ca.": _circa,
    "nihongo": _nihongo,
    "date": _date,
    "date de naissance": _date,
    "date de décès": _date,
    "as of": _as_of,
    "s": _century,
    "s-": _century,
    "sp-": _century,
    "-s": _before_our_era,
    "-s-": _before_our_era,
    "s2": _two_centuries,
    "s2-": _two_centuries,
    "siglo": _spanish_century,
    "harvtxt": _cited_author,
    "harvcoltxt": _cited_author,
    "harvs": _named_author,
    "ship": _ship,
    "sclass": _ship_class,
    "sclass2": _ship_class,
    "sclass-": _ship_class,
    "oldstyledate": _old_style,
    "née": _born,
    "nee": _born,
    "literally": _literally,
    "lit": _literally,
    "unichar": _code_point,
    "gph": _in_angles,
    "読み仮名": _reading,
    "nihongo3": _nihongo,
    "nihongo4": _nihongo,
    "transl": _transliteration,
    "transliteration": _transliteration,
    "font color": _last_of_two,
}
"""What makes the text of a template, by its name."""
