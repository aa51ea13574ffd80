"""Values of templates of dates in, the date as the wiki's language writes it out."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, local_number

_MONTH_WORDS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "ca": "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "hu": "január február március április május június július augusztus szeptember október november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "sk": "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    "hr": "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca",
    "sl": "januar februar marec april maj junij julij avgust september oktober november december",
    "sr": "јануар фебруар март април мај јун јул август септембар октобар новембар децембар",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "bg": "януари февруари март април май юни юли август септември октомври ноември декември",
}
_POINT_BEHIND_DAY = frozenset("de da cs sk hr sl sr bs sh".split())
_POINT_BEHIND_YEAR = frozenset(["hr", "sr"])
_CROATIAN_MONTHS = (
    "siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac".split()
)
_ENGLISH_MONTHS = {name[:3].lower(): number for number, name in enumerate(_MONTH_WORDS["en"].split(), 1)}
_GERMAN_MONTHS = {name[:3].lower(): number for number, name in enumerate(_MONTH_WORDS["de"].split(), 1)}
_ENGLISH_DAY = re.compile(
    r"(?:(?P<iso>\d{4})-(?P<isomonth>\d{1,2})-(?P<isoday>\d{1,2})|(?:(?P<day>\d{1,2}) )?(?P<month>[A-Z][a-z]{2,8})"
    r"(?: (?P<after>\d{1,2}))?(?:,? (?P<year>\d{3,4}))?|(?P<only>\d{3,4}))"
)
_YEAR = re.compile(r"-?\d{3,4}")
_DATE = re.compile(r"(\d{1,2})[. ](\d{1,2})[. ](\d{3,4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PARTED_ISO_DATE = re.compile(r"(-?)(\d{1,4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_ROMAN = {name: number for number, name in enumerate("I II III IV V VI VII VIII IX X XI XII".split(), 1)}
_SHORT_MONTH, _FIVE_DIGITS = 3, 5
_DAY_BEFORE_MONTH = re.compile(r"^(\d{1,2})(?= [^\W\d])")
_FIRST_OF_MONTH = re.compile(r"1(?= [^\W\d])")


def _parts(values: Values) -> tuple[str, str, str]:
    """Day, month and year of the first three values, in whichever order a year tells."""
    given = [values.get(key, "") for key in ("1", "2", "3")]
    if _YEAR.fullmatch(given[0]) and (not given[1] or given[1].isdigit() or given[1][0].isalpha()):
        return given[2], given[1], given[0]
    if given[0] and not given[0][0].isdigit() and given[1].isdigit():
        return given[1], given[0], given[2]  # `{{date|May|5|1900}}`
    return given[0], given[1], given[2]


def month_name(month: str, language: str) -> str:
    """The month of a number in the language, as dates have it; what is no such number stays as it is."""
    names = _MONTH_WORDS.get(language, "").split()
    return names[int(month) - 1] if month.isdecimal() and names and 1 <= int(month) <= 12 else month


def written_date(day: str, month: str, year: str, language: str | None, *, day_first: bool) -> str:
    """A date in words; what is not numbers stays as it is."""
    month = month_name(month, language or "")
    day = day.lstrip("0") if day.isdigit() else day
    if month.isdigit() and year:
        return "-".join(part.zfill(2) for part in (year, month, day) if part)
    if language == "en" and not day_first and day and month:
        return f"{month} {day}, {year}".rstrip(", ")
    if day.isdigit() and language in _POINT_BEHIND_DAY:
        day += "."
    if language == "fr" and day == "1":
        day = "1er"
    if language in _POINT_BEHIND_YEAR and month and year.isdigit():
        year += "."
    joint = " de " if language in ("es", "pt") else " "
    if language == "ca" and month:
        month = ("d'" if month[0] in "aàeiou" else "de ") + month if day else month
        year = f"de {year}" if year else ""
    return joint.join(part for part in (day, month, year) if part)


def date(language: str | None, values: Values) -> str:
    """`{{date|17|octobre|1973}}`, `{{start date|2003|7|17}}`: day, month and year of either order."""
    if _DATE.fullmatch(values.get("1", "")):
        return russian_date(language, values)
    iso = _ISO_DATE.fullmatch(values.get("1", ""))
    day, month, year = _parts(values) if iso is None else (iso[3], iso[2], iso[1])
    if not year and not month:
        return _FIRST_OF_MONTH.sub("1er", day) if language == "fr" else day
    language = "en" if language == "simple" else language
    if language is None and month.isdigit() and _YEAR.fullmatch(values.get("1", "")):
        language = "en"
    if values.get("df", "").lower() in ("n", "no", "0") and language not in (None, "en") and day and year:
        point = "." if language in _POINT_BEHIND_YEAR else ""
        return f"{month_name(month, language)} {day.lstrip('0')}, {year}{point}"
    is_english = language == "en" and not (_flag(values, "df") or values.get("format") == "dmy")
    return written_date(day, month, year, language, day_first=not is_english)


def start_date(language: str | None, values: Values) -> str:
    """`{{start date|1993|02|24|08|30|23|Z}}`: 08:30:23, February 24, 1993 (UTC)."""
    text = date(language, values)
    hour, minute, second, zone = (values.get(key, "") for key in "4567")
    if hour.isdecimal() and minute.isdecimal():
        text = f"{hour}:{minute}{f':{second}' if second.isdecimal() else ''}, {text}"
    if hour.isdecimal() and zone:
        text += " (UTC)" if zone == "Z" else f" ({zone})"
    return text


def english_day(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a date in English words or as ISO writes it, 0 for what is not given; None for other text."""
    found = _ENGLISH_DAY.fullmatch(text)
    if found is None:
        return None
    if found["iso"]:
        return int(found["iso"]), int(found["isomonth"]), int(found["isoday"])
    if found["only"]:
        return int(found["only"]), 0, 0
    month = _ENGLISH_MONTHS.get(found["month"][:3].lower())
    return (
        None if month is None else (int(found["year"] or 0), month, int(found["day"] or found["after"] or 0))
    )


def date_in_order(language: str | None, values: Values) -> str:
    """Croatian `{{DatumFormat|Aug 4, 2006}}` is 4. kolovoza 2006.; the second value says in which order."""
    given, order = values.get("1", ""), values.get("2", "").upper()
    found = english_day(given)
    if found is None or not found[2] or not 1 <= found[1] <= 12:
        return date(language, values) if "3" in values else given
    year, month, day = found
    written = str(year) if year else ""
    name = _CROATIAN_MONTHS[month - 1] if language == "hr" else month_name(str(month), language or "")
    if order in ("MDY", "YMD"):
        text = f"{name} {day}"
        parts = (f"{text},", written) if order == "MDY" and written else (written, text)
        return " ".join(part for part in parts if part)
    if order == "ISO" and written:
        return f"{written}-{month:02}-{day:02}"
    if language == "ca":
        return f"{day} {name} {written}".strip()
    return written_date(str(day), str(month), written, language, day_first=True)


def german_iso_date(language: str | None, values: Values) -> str:
    """`{{FormatDate|2012-2-1|M}}`: 1. Feb. 2012; a month or a day of 0 is left out."""
    found = _PARTED_ISO_DATE.fullmatch(values.get("1", ""))
    if found is None:
        return date(language, values)
    era, *numbers = found.groups()
    year, month, day = (number.lstrip("0") if number else "" for number in numbers)
    text = written_date(day, _german_month(month, values.get("2", "")), year, "de", day_first=True)
    if values.get("AT"):
        text = text.replace("Januar", "Jänner")
    return f"{text} v. Chr." if era and year else text


def german_date(language: str | None, values: Values) -> str:
    """`{{Datum|1|2|2006|kurz=j}}`: 1. Feb. 2006; day and month may be words."""
    if _ISO_DATE.fullmatch(values.get("1", "")):
        return german_iso_date(language, values)
    names = (("tag", "1"), ("monat", "2"), ("jahr", "3"))
    day, month, year = (values.get(name) or values.get(key, "") for name, key in names)
    month = _german_month(str(_ROMAN.get(month, month)).lstrip("0"), "M" if values.get("kurz") else "")
    day = str(_ROMAN.get(day, day)) if month or not year else ""
    if day.isdecimal():
        day = day.lstrip("0") + "."
    return " ".join(part for part in (day, month, year) if part)


def _german_month(month: str, style: str) -> str:
    """Name of a month's number or of its first letters, in style M with four signs, in style S with three."""
    name = month_name(month, "de")
    if len(name.rstrip(".")) == _SHORT_MONTH:
        key = name[:_SHORT_MONTH].lower()
        number = _ENGLISH_MONTHS.get(key) or _GERMAN_MONTHS.get(key)
        name = name if number is None else month_name(str(number), "de")
    if style == "S":
        return name[:3]
    return f"{name[:3]}." if style == "M" and len(name) > 4 else name


def sortable_date(language: str | None, values: Values) -> str:
    """Danish and Serbian `{{dts|12 Aug 1987}}`, 12. aug 1987; what is in parts is a date as any other."""
    given = values.get("1", "")
    if "2" in values or _ISO_DATE.fullmatch(given):
        return date(language, values)
    point, era = (".", "п. н. е.") if language == "sr" else ("", "BC")
    if given.startswith("-") and given[1:].isdecimal():
        return f"{local_number(given[1:], language, is_grouped=len(given) > _FIVE_DIGITS)}{point} {era}"
    text = _DAY_BEFORE_MONTH.sub(r"\1.", given.lower())
    return text + point if text[-1:].isdecimal() else text


def _flag(values: Values, name: str) -> bool:
    return values.get(name, "").lower() in ("y", "yes", "1", "true")


def russian_date(language: str | None, values: Values) -> str:
    """`{{дата|5|5|1900}}`, `{{дата|5.5.1900}}`: the day comes first."""
    found = _DATE.match(values.get("1", ""))
    if found is not None:
        return written_date(found[1], found[2], found[3], language or "ru", day_first=True)
    return written_date(*_parts(values), language or "ru", day_first=True)


def hungarian_date(language: str | None, values: Values) -> str:
    """`{{dátum|1990|5|1}}` is 1990. május 1."""
    day, month, year = _parts(values)
    month = month_name(month, "hu")
    return " ".join(
        part for part in (f"{year}." if year else "", month, f"{day}." if day.isdigit() else day) if part
    )


def old_style(language: str | None, values: Values) -> str:
    """`{{OldStyleDate|December 22|1889|December 10}}`."""
    old = f" [O.S. {values['3']}]" if values.get("3") else ""
    return f"{values.get('1', '')}{old} {values.get('2', '')}".strip()


def as_of(language: str | None, values: Values) -> str:
    """`{{as of|2012|June|df=US|lc=y}}`."""
    if values.get("alt"):
        return values["alt"]
    day, month, year = values.get("3", ""), values.get("2", ""), values.get("1", "")
    given = written_date(day, month, year, "en", day_first=values.get("df", "").upper() != "US")
    words = "Since" if _flag(values, "since") else "As of"
    return f"{words.lower() if 'lc' in values else words} {given}"


def portuguese_since(language: str | None, values: Values) -> str:
    """`{{desde|2024|4|24}}`: Desde 24 de abril de 2024."""
    if values.get("alt"):
        return values["alt"]
    given = written_date(values.get("3", ""), values.get("2", ""), values.get("1", ""), "pt", day_first=True)
    return f"{'desde' if values.get('lm') else 'Desde'} {given}" if given else ""


DATES: dict[str, LocalForm] = {
    "date": date,
    "russian_date": russian_date,
    "hungarian_date": hungarian_date,
    "old_style": old_style,
    "as_of": as_of,
    "portuguese_since": portuguese_since,
    "start_date": start_date,
    "date_in_order": date_in_order,
    "german_iso_date": german_iso_date,
    "german_date": german_date,
    "sortable_date": sortable_date,
}
"""What the table of templates names."""
