"""Values of templates that count the time between two days in, what they count out; one that counts until today is left out.

https://en.wikipedia.org/wiki/Template:Age/doc; https://fr.wikipedia.org/wiki/Modèle:Durée.
"""

from __future__ import annotations

import datetime
import re

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.template_dates import english_day
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, local_number

_YEAR = re.compile(r"\d{3,4}")


_Day = tuple[int, int, int]
"""Year, month and day; 0 for what is not known."""


def _two_days(values: Values) -> tuple[_Day, _Day] | None:
    """Both days of a template, as six numbers of which a year is first or third, or as two texts; None for anything else."""
    given = [values.get(str(number), "") for number in range(1, 7)]
    if all(part.isdecimal() for part in given):
        numbers = [int(part) for part in given]
        if len(given[0]) < 3 <= len(given[2]):
            numbers = [*reversed(numbers[:3]), *reversed(numbers[3:])]
        return (numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5])
    born, then = english_day(given[0]), english_day(given[1])
    return None if born is None or then is None or any(given[2:]) else (born, then)


def _two_dates(values: Values) -> tuple[datetime.date, datetime.date] | None:
    """Both days where each is a whole one and the second is no earlier."""
    days = _two_days(values)
    try:
        dates = None if days is None else (datetime.date(*days[0]), datetime.date(*days[1]))
    except ValueError:
        return None
    return dates if dates is not None and dates[0] <= dates[1] else None


def age(language: str | None, values: Values) -> str:
    """`{{age|1953|8|28|2018|8|16}}` is 64: whole years between two days; what is 0 of them is not known."""
    days = _two_days(values)
    if days is None:
        return NO_NUMBER
    born, then = days
    known = 2 if born[1] and then[1] and not (born[2] and then[2]) else 3 if born[1] and then[1] else 1
    return str(then[0] - born[0] - (then[1:known] < born[1:known]))


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


def english_span(language: str | None, values: Values) -> str:
    """`{{age in years and days|..}}`, told its own name as "@": years, months, weeks and days between two days."""
    name = values["@"].lower()
    dates = _two_dates(values)
    units = [unit for unit in ("year", "month", "week", "day") if f"{unit}s" in name]
    if dates is None or not units:
        return NO_NUMBER
    start, end = dates
    counts = _span_counts(start, end, units)
    if len(units) == 1:
        return str(counts[0])
    words = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in zip(counts, units, strict=True)
        if count
    ]
    if len(words) < 2:
        return "".join(words) or f"0 {units[-1]}s"
    last = " and " if len(units) > 2 or "textual" in name else ", "
    return ", ".join(words[:-1]) + last + words[-1]


def swedish_span(language: str | None, values: Values) -> str:
    """`{{ålder i år och dagar|1989|7|23|2003|7|14}}` is 13 år och 356 dagar."""
    dates = _two_dates(values)
    if dates is None:
        return NO_NUMBER
    years, days = _span_counts(*dates, ["year", "day"])
    return f"{years} år och {days} {'dag' if days == 1 else 'dagar'}"


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
    "english_span": english_span,
    "swedish_span": swedish_span,
    "hour": hours,
    "french_duration": french_duration,
}
"""What the table of templates names."""
