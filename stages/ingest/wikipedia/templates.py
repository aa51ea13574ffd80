"""A template's inside in, the words that a reader sees in its place out, for the few inside sentences.

Templates are dropped. Without these few, whose text is one of their values, sentences would lose words:
`{{lang|de|Berlin}}`, `{{convert|5|km|mi}}`, `{{nowrap|12 km}}`.
"""

from __future__ import annotations

import re

_NAMED = re.compile(r"\s*([\w -]{1,40}?)\s*=")
_LANGUAGE_TEMPLATE = re.compile(r"(?:lang|langue|язык|мова|јез|jez)[ -][\w-]{2,12}")
_FRENCH_CENTURY = re.compile(r"([ivx]+)e siècle")
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
_SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_MAX_NAME_CHARS = 40
_MAX_VALUES = 64

_FIRST_VALUE = """
    nowrap nobr nobreak nowr nw small smaller big larger sc smallcaps abbr abbrev abrev math mvar
    var sup sub not_a_typo sic as_written nihongo_krt ill interlanguage_link
    interlanguage_link_multi link-interwiki iw iw2 нп нп1 нп2 нп3 нп4 нп5 не_переведено
    не_переведено_2 не_переведено_3 не_переведено_5 не_перекладено lien strong em bold italic bigger
    resize code tt mono kbd samp key unicode polytonic hebrew script he grc el_gr formatnum nombre
    formatnombre num nts number цифра blockquote quote cquote quotation citation_bloc bq zitat
    цитата цитат citát citaat citazione idézet citat citação cytat underline strike keypress ruby
    ruby-ja nobold noitalic normal visible_anchor anchor_text text bez_přelomu unbreak b i u 仮リンク ta
    date- date_de_naissance- szám fmtn numfmt senza_fonte ipa afi api citation_needed_span cn_span
    fact_span zitation „ höhe_text
"""
_SECOND_VALUE = "lang langx lang_x langue färg color colour font_color язык мова"

_VALUE_NUMBER = dict.fromkeys(_FIRST_VALUE.split(), 1) | dict.fromkeys(_SECOND_VALUE.split(), 2)
"""The values that are the text of a template, by its name in lower case, `_` for a space."""

_LITERALS = {
    "!": "|",
    "=": "=",
    "'": "'",
    "' \"": "'",
    "-'": "'",
    "ndash": "–",
    "spaced ndash": " – ",
    "snd": " – ",
    "snds": " – ",
    "–": " – ",
    "mdash": "—",
    "emdash": "—",
    "spaced mdash": " — ",
    "—": " — ",
    "nbsp": " ",
    "space": " ",
    "spaces": " ",
    "·": " · ",
    "•": " • ",
    "middot": " · ",
    "dot": " · ",
    "bull": " • ",
    "shy": "",
    "zwsp": "",
    "wbr": "",
    "0": "0",
    "times": "×",
    "minus": "−",
    "pi": "π",
    "euro": "€",
    "£": "£",
    "€": "€",
    "av. j.-c.": "av. J.-C.",
    "apr. j.-c.": "apr. J.-C.",
    "ap. j.-c.": "apr. J.-C.",
}


def template_text(inner: str) -> str:
    """The text in place of `{{inner}}`, usually none; what nested inside is replaced already."""
    name, bar, rest = inner.partition("|")
    name = name.strip()
    if not name or len(name) > _MAX_NAME_CHARS:
        return ""
    name = name.replace("_", " ").lower()
    literal = _LITERALS.get(name)
    if literal is not None:
        return literal
    if not bar:
        return _without_values(name)
    number = _VALUE_NUMBER.get(name.replace(" ", "_"))
    if number is not None:
        return _text_value(_values(rest), number)
    if name in _COMPOSED:
        return _COMPOSED[name](_values(rest))
    if _LANGUAGE_TEMPLATE.fullmatch(name) is not None:
        return _text_value(_values(rest), 1)
    return ""


def _without_values(name: str) -> str:
    """`{{formatnum:1234}}` and `{{XIXe siècle}}` have no bar."""
    function, colon, value = name.partition(":")
    if colon and function in ("formatnum", "lc", "uc", "ucfirst", "lcfirst"):
        return value.strip()
    century = _FRENCH_CENTURY.fullmatch(name)
    return f"{century[1].upper()}e siècle" if century is not None else ""


def _values(rest: str) -> dict[str, str]:
    """Values by name; those without one are numbered from "1"."""
    values: dict[str, str] = {}
    number = 0
    for value in rest.split("|", _MAX_VALUES)[:_MAX_VALUES]:
        named = _NAMED.match(value)
        if named is not None:
            values[named[1]] = value[named.end() :].strip()
        else:
            number += 1
            values[str(number)] = value.strip()
    return values


def _text_value(values: dict[str, str], number: int) -> str:
    for key in (str(number), "text", "Text", "texte", "testo", "texto", "content", "tekst"):
        if values.get(key):
            return values[key]
    return ""


def _measure(values: dict[str, str]) -> str:
    """`{{convert|5|to|10|km|mi}}`: the first measure, as the author wrote it."""
    amount, number = values.get("1", ""), 2
    while (joint := _RANGE_WORDS.get(values.get(str(number), ""))) is not None:
        amount += joint + values.get(str(number + 1), "")
        number += 2
    return f"{amount} {values.get(str(number), '')}".strip()


def _amount_with_unit(values: dict[str, str]) -> str:
    """French `{{unité|892|km|2}}`: amount, unit and power."""
    power = values.get("3", "").translate(_SUPERSCRIPTS)
    return f"{values.get('1', '')} {values.get('2', '')}{power}".strip()


def _quoted(values: dict[str, str]) -> str:
    return f'"{values["1"]}"' if values.get("1") else ""


def _in_angles(values: dict[str, str]) -> str:
    return f"⟨{values['1']}⟩" if values.get("1") else ""


def _in_slashes(values: dict[str, str]) -> str:
    return f"/{values['1']}/" if values.get("1") else ""


def _height(values: dict[str, str]) -> str:
    return f"{values.get('1', '')} m"


def _temperature(values: dict[str, str]) -> str:
    return f"{values.get('1', '')} {values.get('2') or '°C'}"


def _hour(values: dict[str, str]) -> str:
    return f"{values.get('1', '')} h {values.get('2', '')}".strip()


def _aside(values: dict[str, str]) -> str:
    return f"– {values.get('1', '')} –"


def _portuguese_century(values: dict[str, str]) -> str:
    return f"século {values.get('1', '')}"


def _catalan_century(values: dict[str, str]) -> str:
    return f"segle {values.get('1', '')}"


def _value_with_unit(values: dict[str, str]) -> str:
    unit = values.get("u") or values.get("ul") or ""
    text = values.get("1", "") + (f" ± {values['2']}" if values.get("2") else "")
    text += f"×10^{values['e']}" if values.get("e") else ""
    return f"{text} {unit}".strip()


def _fraction(values: dict[str, str]) -> str:
    parts = [values[key] for key in ("1", "2", "3") if values.get(key)]
    if len(parts) == 3:
        return f"{parts[0]} {parts[1]}/{parts[2]}"
    return "/".join(parts) if len(parts) == 2 else f"1/{parts[0]}" if parts else ""


def _circa(values: dict[str, str]) -> str:
    return "c. " + "–".join(values[key] for key in ("1", "2") if values.get(key))


def _nihongo(values: dict[str, str]) -> str:
    others = ", ".join(values[key] for key in ("2", "3") if values.get(key))
    first = values.get("1", "")
    return f"{first} ({others})" if first and others else first or others


def _date(values: dict[str, str]) -> str:
    return " ".join(values[key] for key in ("1", "2", "3") if values.get(key))


def _as_of(values: dict[str, str]) -> str:
    date = "-".join(values[key] for key in ("1", "2", "3") if values.get(key))
    return values.get("alt") or (f"as of {date}" if "lc" in values else f"As of {date}")


def _century(values: dict[str, str]) -> str:
    """French `{{s|XIX|e}}`."""
    return f"{values.get('1', '')}{values.get('2', 'e')} siècle"


def _transliteration(values: dict[str, str]) -> str:
    return values.get("3") or values.get("2", "")


def _last_of_two(values: dict[str, str]) -> str:
    return values.get("2") or values.get("1", "")


_COMPOSED = {
    "convert": _measure,
    "cvt": _measure,
    "conversie": _measure,
    "konwersja": _measure,
    "unité": _amount_with_unit,
    "unite": _amount_with_unit,
    "unidad": _amount_with_unit,
    '"': _quoted,
    "angbr": _in_angles,
    "angbr ipa": _in_angles,
    "grapheme": _in_angles,
    "ipaslink": _in_slashes,
    "höhe": _height,
    "tmp": _temperature,
    "heure": _hour,
    "incise": _aside,
    "séc": _portuguese_century,
    "segle": _catalan_century,
    "val": _value_with_unit,
    "frac": _fraction,
    "sfrac": _fraction,
    "fraction": _fraction,
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
    "transl": _transliteration,
    "transliteration": _transliteration,
    "font color": _last_of_two,
}
