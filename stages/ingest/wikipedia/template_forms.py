"""A template's values in, its text out, for templates whose text is put together from several values."""

from __future__ import annotations

import re
from itertools import pairwise

from stages.ingest.wikipedia.marks import APOSTROPHE
from stages.ingest.wikipedia.template_calendars import CALENDARS
from stages.ingest.wikipedia.template_centuries import CENTURIES
from stages.ingest.wikipedia.template_countries import COUNTRY_FORMS
from stages.ingest.wikipedia.template_dates import DATES
from stages.ingest.wikipedia.template_labels import LABELS
from stages.ingest.wikipedia.template_measures import MEASURES
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_people import PEOPLE
from stages.ingest.wikipedia.template_prices import PRICES
from stages.ingest.wikipedia.template_sounds import SOUNDS
from stages.ingest.wikipedia.template_spans import SPANS
from stages.ingest.wikipedia.template_values import Values, local_number, slavic_form, with_minus

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,8})?")
_MOST_HONOURS = 17
_FOUR_DIGITS = 4
_GERMAN_DIRECTIONS = frozenset("NSEWO")


def _number(language: str | None, values: Values) -> str:
    """A number with the language's marks, and the unit behind it: `{{num|12345|km}}`."""
    text = with_minus(local_number(values.get("1", ""), language))
    return f"{text} {values['2']}" if text and values.get("2") not in (None, "R", "") else text


def _hungarian_number(language: str | None, values: Values) -> str:
    """`{{szám|1234}}`: in threes from five digits on, as Hungarian spells numbers."""
    text = values.get("1", "").replace(",", ".")
    is_long = len(text.lstrip("-−").partition(".")[0]) > _FOUR_DIGITS
    return with_minus(local_number(text, "hu", is_grouped=is_long))


def _written_number(language: str | None, values: Values) -> str:
    """A number as its author wrote it."""
    return values.get("1", "")


def _russian_number(language: str | None, values: Values) -> str:
    text = local_number(values.get("1", "").replace(",", "."), language or "ru")
    return f"{text} {values['2']}".strip() if values.get("2") else text


def _ordinal(language: str | None, values: Values) -> str:
    """`{{ordinal|23}}` is 23rd, `{{ordinal|103|d}}` 103d; other languages have signs of their own."""
    number = values.get("1", "")
    if language in ("es", "pt", "it", "ca"):
        sign = "ª" if values.get("2", "").lower().startswith(("a", "ª", "f")) else "º"
        return f"{number}.{sign}" if language == "es" else number + sign
    if not number.lstrip("-−").isdigit() or language not in (None, "en", "simple"):
        return number
    endings = {"1": "st", "2": "d", "3": "d"} if values.get("2") == "d" else {"1": "st", "2": "nd", "3": "rd"}
    return number + ("th" if number[-2:] in ("11", "12", "13") else endings.get(number[-1], "th"))


def _counted(language: str | None, values: Values) -> str:
    """`{{plural|2|ox|oxen}}` is 2 oxen: a number and the form of the word that goes with it."""
    number, forms = values.get("1", ""), [values.get(key, "") for key in ("2", "3", "4")]
    given = [form for form in forms if form]
    if len(given) > 2 and number.isdecimal():
        return f"{number} {given[slavic_form(int(number))]}"
    is_one = number.lstrip("-−") == "1"
    word = "" if not given else given[0] if is_one else given[1] if len(given) > 1 else f"{given[0]}s"
    return f"{number} {word}".strip()


def _range(language: str | None, values: Values) -> str:
    return "–".join(values[key] for key in ("1", "2") if values.get(key))


def _circa(language: str | None, values: Values) -> str:
    """`{{circa|1732|1799}}` is c. 1732 – c. 1799."""
    return " – ".join(f"c. {values[key]}" for key in ("1", "2") if values.get(key)) or "c."


def _unwritten(language: str | None, values: Values) -> str:
    """`{{нп5|article|text|en|Article}}`: the text of a link to an article that another wiki has."""
    for key in ("текст", "text", "lt", "надо", "треба"):
        if values.get(key):
            return values[key]
    first, second = values.get("1", ""), values.get("2", "")
    is_text = bool(second) and (not first or _LANGUAGE.fullmatch(second) is None)
    return second if is_text else first


def _space(language: str | None, values: Values) -> str:
    return " "


def _in_angles(language: str | None, values: Values) -> str:
    return f"⟨{values['1']}⟩" if values.get("1") else ""


def _coordinates(language: str | None, values: Values) -> str:
    """`{{coord|33|6|39|N|117|9|13|W}}`; nothing where it stands beside the title only."""
    if "title" in values.get("display", "") and "inline" not in values.get("display", ""):
        return ""
    text, marks = "", iter("°′″")
    for number in range(1, 9):
        value = values.get(str(number), "")
        if value in _GERMAN_DIRECTIONS:
            text, marks = f"{text}{value} ", iter("°′″")
        elif _NUMBER.fullmatch(value):
            text += value + next(marks, "")
        else:
            break
    if text.endswith(" "):
        return text.strip()
    decimals = [values.get(key, "") for key in ("1", "2")]
    if not all(_NUMBER.fullmatch(part) for part in decimals):
        return ""
    letters = ("NS", "EW")
    return " ".join(
        f"{part.lstrip('-')}°{pair[part.startswith('-')]}"
        for part, pair in zip(decimals, letters, strict=True)
    )


def _listed(language: str | None, values: Values) -> str:
    """`{{hlist|Winner|Runner-up}}`: Winner, Runner-up; a list of lines as it is."""
    items = [value for key, value in values.items() if key.isdecimal() and value]
    return ", ".join(items)


def _interlanguage(language: str | None, values: Values) -> str:
    """`{{ill|Otto Müller|de|..}}`, and as it was once: `{{ill|de|Otto Müller|Müller}}`."""
    for key in ("lt", "display", "label", "tekst", "texte"):
        if values.get(key):
            return values[key]
    if values.get("2") and _LANGUAGE.fullmatch(values.get("1", "")):
        return values.get("3") or values["2"]
    return values.get("1") or values.get("text", "")


def _nihongo_romaji(language: str | None, values: Values) -> str:
    """`{{nihongo3|cherry|桜|sakura}}`: sakura (桜, cherry)."""
    return _nihongo(language, {**values, "1": values.get("3", ""), "3": values.get("1", "")})


def _korean(language: str | None, values: Values) -> str:
    """`{{korean|hangul=서울|rr=Seoul}}`: Korean: 서울; RR: Seoul; in other wikis the words alone."""
    words = [
        values.get("hangul") or values.get("1", ""),
        *(values.get(key, "") for key in ("hanja", "rr", "mr")),
    ]
    if language not in ("en", "simple") or values.get("labels") == "no":
        hanja = words[1] or values.get("2", "")
        return f"{words[0]} ({hanja})" if words[0] and hanja else words[0]
    names = ("Korean: ", "Hanja: ", "RR: ", "MR: ")
    return "; ".join(name + word for name, word in zip(names, words, strict=True) if word)


def _nihongo(language: str | None, values: Values) -> str:
    """`{{nihongo|Tokyo Tower|東京タワー|Tōkyō tawā}}`: Tokyo Tower (東京タワー, Tōkyō tawā)."""
    first, script, romaji = (values.get(key, "") for key in ("1", "2", "3"))
    if not first and script:
        first, romaji = romaji, ""
    if values.get("lead") == "yes" and language in ("en", "simple"):
        script = f"Japanese: {script}" if script else ""
        romaji = f"Hepburn: {romaji}" if romaji else ""
    if language == "es" and script and romaji:
        script, romaji = f"{script} {romaji}", ""
    others = ", ".join(part for part in (script, romaji, values.get("4", "")) if part)
    return f"{first} ({others})" if first and others else first or others


def _post_nominals(language: str | None, values: Values) -> str:
    """`{{post-nominals|PC|CC|OBE}}` is PC CC OBE."""
    given = values.get("list") or values.get("post-noms") or values.get("unlinked")
    if given:
        return given
    joint = ", " if values.get("commas") or values.get("sep") else " "
    return joint.join(values[key] for key in map(str, range(1, _MOST_HONOURS)) if values.get(key))


def _cited_author(language: str | None, values: Values) -> str:
    """`{{harvtxt|Artin|Mumford|1970}}` is a sentence's subject: Artin & Mumford (1970)."""
    names = [values[key] for key in ("1", "2", "3", "4", "5") if values.get(key)]
    year = values.get("year") or (names.pop() if len(names) > 1 else "")
    names = names or [values.get("last") or values.get("last1", "")]
    authors = " & ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f" & {names[-1]}"
    return f"{authors} ({year})" if year else authors


def _named_author(language: str | None, values: Values) -> str:
    """`{{harvs|txt|last=Artin|year=1970}}`; without `txt` it is a note."""
    is_text = "txt" in values or any(values.get(key) == "txt" for key in ("1", "2"))
    named = {key: value for key, value in values.items() if key != "1"}
    return _cited_author(language, named) if is_text else ""


def _literally(language: str | None, values: Values) -> str:
    return f"lit. {APOSTROPHE}{values['1']}{APOSTROPHE}" if values.get("1") else ""


def _music(language: str | None, values: Values) -> str:
    """`{{music|flat}}`, `{{music|time|3|4}}`."""
    if values.get("1") in ("time", "timesig", "time sig"):
        return "/".join(values[key] for key in ("2", "3") if values.get(key))
    signs = {
        "flat": "♭",
        "b": "♭",
        "sharp": "♯",
        "#": "♯",
        "natural": "♮",
        "n": "♮",
        "dim": "°",
        "halfdim": "ø",
    }
    return signs.get(values.get("1", ""), values.get("1", ""))


def _ship(language: str | None, values: Values) -> str:
    """`{{ship|HMS|Ajax|22}}`: HMS Ajax (22); the fourth value says which of prefix, name and number are shown."""
    prefix, name, number = (values.get(key, "") for key in ("1", "2", "3"))
    shown = {
        "1": number,
        "2": name,
        "3": f"{name} ({number})" if number else name,
        "5": f"{prefix} {number}",
        "6": f"{prefix} {name}",
    }.get(values.get("4", ""))
    if shown is None:
        shown = f"{prefix} {name} ({number})" if number and name else f"{prefix} {name or number}"
    return shown.strip()


def _named_ship(language: str | None, values: Values) -> str:
    """`{{USS|Nimitz|CVN-68}}`: USS Nimitz (CVN-68); the template has the prefix as its name."""
    ship = {str(int(key) + 1): values[key] for key in "123" if key in values}
    return _ship(language, {"1": values["@"].upper()} | ship)


def _road(language: str | None, values: Values) -> str:
    """`{{jct|state=NY|I|95|US|1}}` is I-95 / US 1."""
    texts = [values.get(str(number), "") for number in range(1, 9)]
    pairs = [pair for at, pair in enumerate(pairwise(texts)) if at % 2 == 0 and all(pair)]
    return " / ".join(f"{kind}-{number}" if kind == "I" else f"{kind} {number}" for kind, number in pairs)


FORMS: dict[str, LocalForm] = {
    **MEASURES,
    **DATES,
    **CALENDARS,
    **CENTURIES,
    **LABELS,
    **COUNTRY_FORMS,
    **PEOPLE,
    **PRICES,
    **SPANS,
    **SOUNDS,
    "number": _number,
    "hungarian_number": _hungarian_number,
    "written_number": _written_number,
    "russian_number": _russian_number,
    "ordinal": _ordinal,
    "counted": _counted,
    "range": _range,
    "circa": _circa,
    "unwritten": _unwritten,
    "space": _space,
    "in_angles": _in_angles,
    "coordinates": _coordinates,
    "nihongo": _nihongo,
    "post_nominals": _post_nominals,
    "nihongo_romaji": _nihongo_romaji,
    "korean": _korean,
    "interlanguage": _interlanguage,
    "listed": _listed,
    "cited_author": _cited_author,
    "named_author": _named_author,
    "literally": _literally,
    "music": _music,
    "ship": _ship,
    "named_ship": _named_ship,
    "road": _road,
}
"""Every function that the table of templates may name."""
