"""Values of templates of dates in two calendars in, both dates as the wiki writes them out.

Russian: https://ru.wikipedia.org/wiki/Шаблон:OldStyleDate and Шаблон:СС3, with Модуль:Calendar; German:
https://de.wikipedia.org/wiki/Vorlage:JULGREGDATUM.
"""

from __future__ import annotations

import datetime
import re

from stages.ingest.wikipedia.sortable_dates import SORTABLE_DATES
from stages.ingest.wikipedia.template_dates import date, month_name, written_date
from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values

_NUMERIC_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{3,4})")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})\s+(\S+)")
_YEAR = re.compile(r"\d{3,4}")

_ORDINAL_OF_JULIAN_DAY_0 = -1721425
"""`date.toordinal()` of the day on which the count of Julian days begins."""

Day = tuple[int, int, int]
"""Day, month and year."""


def gregorian_day(julian: Day) -> Day | None:
    """A day of the Julian calendar in the Gregorian one; None where there is no such day, or none that Python knows."""
    day, month, year = julian
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    shift = (14 - month) // 12
    years, months = year + 4800 - shift, month + 12 * shift - 3
    number = day + (153 * months + 2) // 5 + 365 * years + years // 4 - 32083
    try:
        found = datetime.date.fromordinal(number + _ORDINAL_OF_JULIAN_DAY_0)
    except (ValueError, OverflowError):
        return None
    return found.day, found.month, found.year


def julian_day(gregorian: Day) -> Day | None:
    """A day of the Gregorian calendar in the Julian one; None where there is no such day."""
    day, month, year = gregorian
    try:
        shifted = datetime.date(year, month, day).toordinal() - _ORDINAL_OF_JULIAN_DAY_0 + 32082
    except (ValueError, OverflowError):
        return None
    years = (4 * shifted + 3) // 1461
    rest = shifted - 1461 * years // 4
    months = (5 * rest + 2) // 153
    return rest - (153 * months + 2) // 5 + 1, months + 3 - 12 * (months // 10), years - 4800 + months // 10


def _both(old: tuple[str, str, str], new: tuple[str, str, str]) -> str:
    """Old date and new one in brackets: `13 (25) июля 1826`, `21 мая (3 июня) 1900`; what both share stands once."""
    (old_day, old_month, old_year), (new_day, new_month, new_year) = old, new
    shared: list[str] = []
    if old_month == new_month:
        shared, old_month, new_month = [new_month], "", ""
    if old_year == new_year:
        shared, old_year, new_year = [*shared, new_year], "", ""
    first = " ".join(part for part in (old_day, old_month, old_year) if part)
    second = " ".join(part for part in (new_day, new_month, new_year) if part)
    return " ".join(part for part in (first, f"({second})", *shared) if part)


def both_calendars(language: str | None, values: Values) -> str:
    """`{{OldStyleDate|3|июня|1900|21|мая}}`: day, month and year of the new calendar, then what differs in the old one.

    Also `{{OldStyleDate|7 ноября|1917|25 октября}}`, as in other wikis.
    """
    parts = [values.get(str(number), "") for number in range(1, 7)]
    if _YEAR.fullmatch(parts[1]) and _DAY_AND_MONTH.fullmatch(parts[2]):
        parts = [parts[0], "", parts[1], parts[2], "", ""]
    for at in (0, 3):
        together = _DAY_AND_MONTH.fullmatch(parts[at])
        if together is not None and not parts[at + 1]:
            parts[at], parts[at + 1] = together[1], together[2]
    new_day, new_month, new_year, old_day, old_month, old_year = parts
    new_month = month_name(new_month, language or "ru")
    if not old_day:
        return date(language or "ru", values)
    old_month = month_name(old_month, language or "ru") or new_month
    return _both((old_day, old_month, old_year or new_year), (new_day, new_month, new_year))


def from_julian(language: str | None, values: Values) -> str:
    """`{{СС3|8.4.1765}}`: a day of the old calendar, and the same in the new one: 8 (19) апреля 1765."""
    found = _NUMERIC_DATE.match(values.get("1", ""))
    old = (int(found[1]), int(found[2]), int(found[3])) if found is not None else None
    new = gregorian_day(old) if old is not None else None
    if old is None or new is None:
        return date(language or "ru", values)
    named = [
        (str(day), month_name(str(month), language or "ru"), str(year)) for day, month, year in (old, new)
    ]
    return _both(named[0], named[1])


def julian_and_gregorian(language: str | None, values: Values) -> str:
    """`{{JULGREGDATUM|22|4|1870}}`: 10. April jul. / 22. April 1870 greg."""
    day, month, year = (values.get(key, "") for key in ("1", "2", "3"))
    is_numeric = day.isdecimal() and month.isdecimal() and year.isdecimal()
    old = julian_day((int(day), int(month), int(year))) if is_numeric else None
    new = written_date(day, month, year, "de", day_first=True)
    if old is None:
        return new
    old_year = "" if old[2] == int(year) else str(old[2])
    return f"{written_date(str(old[0]), str(old[1]), old_year, 'de', day_first=True)} jul. / {new} greg."


CALENDARS: dict[str, LocalForm] = {
    **SORTABLE_DATES,
    "both_calendars": both_calendars,
    "from_julian": from_julian,
    "julian_and_gregorian": julian_and_gregorian,
}
"""What the table of templates names."""
