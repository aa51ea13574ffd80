"""Values of templates that count the time between two days in, what they count out; one that counts until today is left out.

https://en.wikipedia.org/wiki/Template:Age/doc; https://fr.wikipedia.org/wiki/Modèle:Durée.
"""

from __future__ import annotations

import datetime
import re

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.template_dates import date, english_day
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, local_number, slavic_form

_YEAR = re.compile(r"\d{3,4}")


_Day = tuple[int, int, int]
"""Year, month and day; 0 for what is not known."""

_Span = tuple[datetime.date, datetime.date]

_SPAN_WORDS = {
    "en": {
        "year": ("year", "years", "years"),
        "month": ("month", "months", "months"),
        "week": ("week", "weeks", "weeks"),
        "day": ("day", "days", "days"),
    },
    "sr": {
        "year": ("година", "године", "година"),
        "month": ("месец", "месеца", "месеци"),
        "week": ("недеља", "недеље", "недеља"),
        "day": ("дан", "дана", "дана"),
    },
}
"""Words of one, of few and of many."""

_AND_OR = {"en": (" and ", " or "), "sr": (" и ", " или ")}


def _two_days(values: Values) -> tuple[_Day, _Day] | None:
    """Both days of a template, as six numbers of which a year is first or third, or as two texts; None for anything else."""
    given = [values.get(str(number), "") for number in range(1, 7)]
    if given[3] and all(not part or part.isdecimal() for part in given):
        numbers = [int(part or 0) for part in given]
        if len(given[0]) < 3 <= len(given[2]):
            numbers = [*reversed(numbers[:3]), *reversed(numbers[3:])]
        return (numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5])
    born, then = english_day(given[0]), english_day(given[1])
    return None if born is None or then is None or any(given[2:]) else (born, then)


def _earliest_and_latest(day: _Day) -> tuple[datetime.date, datetime.date]:
    """Which days it may be, where the day in the month or the month as well is not known."""
    year, month, number = day
    if number:
        return datetime.date(*day), datetime.date(*day)
    first = datetime.date(year, month or 1, 1)
    after = _after_months(first, 1 if month else 12)
    return first, after - datetime.timedelta(days=1)


def _least_and_most(days: tuple[_Day, _Day]) -> tuple[_Span, _Span] | None:
    """Between which days the shortest and the longest time lies that two days, known in part, may be apart."""
    try:
        (first_born, last_born), (first_then, last_then) = (_earliest_and_latest(day) for day in days)
    except ValueError:
        return None
    return ((last_born, first_then), (first_born, last_then)) if last_born <= first_then else None


def _two_dates(values: Values) -> _Span | None:
    """Both days where each is a whole one and the second is no earlier."""
    days = _two_days(values)
    try:
        dates = None if days is None else (datetime.date(*days[0]), datetime.date(*days[1]))
    except ValueError:
        return None
    return dates if dates is not None and dates[0] <= dates[1] else None


def age(language: str | None, values: Values) -> str:
    """`{{age|1953|8|28|2018|8|16}}` is 64: whole years between two days; 13–14 where the day of one is not known."""
    days = _two_days(values)
    spans = None if days is None else _least_and_most(days)
    if spans is None:
        return NO_NUMBER
    least, most = (_whole_months(*span) // 12 for span in spans)
    return str(least) if least == most else f"{least}–{most}"


def hours(language: str | None, values: Values) -> str:
    """French `{{heure|22|55|30}}`: 22 h 55 min 30 s."""
    hour, minute, second = (values.get(key, "") for key in ("1", "2", "3"))
    return f"{hour} h {minute} min {second} s" if second else f"{hour} h {minute}".strip()


def french_duration(language: str | None, values: Values) -> str:
    """`{{durée|2|12|1998|3|11|2001}}` is 2 ans, 11 mois et 1 jour; `{{durée|1|30}}` 1 h 30."""
    if "4" not in values and not _YEAR.fullmatch(values.get("3", "")):
        return hours(language, values)
    dates = _two_dates(values)
    if dates is None:
        return NO_NUMBER
    start, end = dates
    if values.get("en jours") == "oui":
        return f"{local_number(str((end - start).days), 'fr')} jours"
    months = _whole_months(start, end)
    counts = [(months // 12, "an", "ans"), (months % 12, "mois", "mois")]
    if values.get("en mois") == "oui":
        return f"{months} mois"
    if values.get("en années") == "oui":
        counts = counts[:1]
    else:
        counts.append(((end - _after_months(start, months)).days, "jour", "jours"))
    words = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    return ", ".join(words[:-1]) + (" et " if len(words) > 1 else "") + words[-1] if words else "0 jour"


def span(language: str | None, values: Values) -> str:
    """`{{age in years and days|..}}`, told its own name as "@": years, months, weeks and days between two days.

    Of days known in part what may be: `{{age in years, months and days|2012|11|2|2016|4}}` is 3 years and 4 or 5 months.
    """
    name = values["@"].lower()
    days = _two_days(values)
    spans = None if days is None else _least_and_most(days)
    units = [unit for unit in ("year", "month", "week", "day") if f"{unit}s" in name]
    if days is None or spans is None:
        return NO_NUMBER
    if not all(month and day for _, month, day in days):
        units = [
            unit for unit in units if unit == "year" or (unit == "month" and all(day[1] for day in days))
        ]
    if not units:
        return NO_NUMBER
    least, most = (_span_counts(*dates, units) for dates in spans)
    if least[:-1] != most[:-1]:
        return NO_NUMBER
    wiki = language if language in _SPAN_WORDS else "en"
    both, either = _AND_OR[wiki]
    if len(units) == 1 and least == most:
        return str(least[0])
    words = [_counted(wiki, count, unit) for count, unit in zip(least, units, strict=True) if count]
    if least != most:
        words = words[: len(words) - bool(least[-1])]
        words.append(f"{least[-1]}{either}{_counted(wiki, most[-1], units[-1])}")
    if len(words) < 2:
        return "".join(words) or _counted(wiki, 0, units[-1])
    last = both if len(units) > 2 or least != most or "textual" in name else ", "
    return ", ".join(words[:-1]) + last + words[-1]


def _counted(language: str, count: int, unit: str) -> str:
    forms = _SPAN_WORDS[language][unit]
    return f"{count} {forms[(slavic_form(count) if language != 'en' else int(count != 1))]}"


def swedish_span(language: str | None, values: Values) -> str:
    """`{{ålder i år och dagar|1989|7|23|2003|7|14}}` is 13 år och 356 dagar."""
    dates = _two_dates(values)
    if dates is None:
        return NO_NUMBER
    years, days = _span_counts(*dates, ["year", "day"])
    return f"{years} år och {days} {'dag' if days == 1 else 'dagar'}"


def death_date(language: str | None, values: Values) -> str:
    """English `{{death date and age|1993|2|24|1921|4|12}}` and `{{death-date and age|24 February 1993|12 April 1921}}`.

    The age at death stands behind the date: February 24, 1993 (aged 71), or 71–72 where the day of birth is not known.
    """
    first, second = values.get("1", ""), values.get("2", "")
    if first.isdecimal() and values.get("3", "").isdecimal():
        shown = date(language, values)
        then_and_born = {str(at): values.get(str((at + 2) % 6 + 1), "") for at in range(1, 7)}
        aged = age(language, then_and_born)
    else:
        shown = values.get("3") or first
        days = _two_days({"1": second, "2": first})
        spans = None if days is None else _least_and_most(days)
        aged = NO_NUMBER if spans is None else str(_whole_months(*spans[1]) // 12)
    return shown if aged == NO_NUMBER else f"{shown} (aged {aged})"


def given_age(language: str | None, values: Values) -> str:
    """`{{death date and given age|1846|1|4|25}}`: January 4, 1846 (aged 25)."""
    shown = date(language, values)
    return f"{shown} (aged {values['4']})" if values.get("4") else shown


def reign(language: str | None, values: Values) -> str:
    """`{{reign|27 BCE|14 CE}}`: r. 27 BCE – 14 CE, but r. 1207–1272."""
    start, end = values.get("1", ""), values.get("2", "")
    if values.get("single") or not (start or end):
        return f"r. {values.get('single', '')}".rstrip()
    dash = " – " if " " in start or " " in end else "–"
    return f"r. {start or '?'}{dash}{end}"


def _span_counts(start: datetime.date, end: datetime.date, units: list[str]) -> list[int]:
    """How many of each unit, the largest first, what is left of one in the next."""
    months = _whole_months(start, end)
    at, counts = start, []
    if "year" in units:
        counts.append(months // 12)
        at = _after_months(start, 12 * counts[-1])
    if "month" in units:
        counts.append(months - 12 * sum(counts))
        at = _after_months(start, months)
    days = (end - at).days
    if "week" in units:
        counts.append(days // 7)
        days %= 7
    return [*counts, days] if "day" in units else counts


def _whole_months(start: datetime.date, end: datetime.date) -> int:
    return 12 * (end.year - start.year) + end.month - start.month - (end.day < start.day)


def _after_months(day: datetime.date, months: int) -> datetime.date:
    """The day so many months later, the last of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    first_of_next = datetime.date(day.year + years + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - datetime.timedelta(days=1)).day
    return datetime.date(day.year + years, month + 1, min(day.day, last))


SPANS: dict[str, LocalForm] = {
    "age": age,
    "span": span,
    "swedish_span": swedish_span,
    "death_date": death_date,
    "given_age": given_age,
    "reign": reign,
    "hour": hours,
    "french_duration": french_duration,
}
"""What the table of templates names."""
