"""Values of the English `{{dts}}` in, the date as it stands in a table out.

Module:Date table sorting (also the Bulgarian wiki's, untranslated): a date in one value keeps its order and the length of its
month's name, `format` and `abbr` say otherwise.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, local_number

_MONTHS = ("January February March April May June July August September October November December").split()
_WORD = re.compile(r"\W+")
_DAY, _YEAR = re.compile(r"\d{1,2}"), re.compile(r"\d{3,4}")
_WHOLE = re.compile(r"-?\d{1,12}")
_FORMATS = frozenset("dmy mdy dm md my y m d hide".split())
_MOST_YEARS_UNGROUPED = 9999
_LAST_MONTH = 12


class _Date(NamedTuple):
    """What of a date is given, the order of day and month, and whether its month's name is short."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    order: str = "mdy"
    is_short: bool = False


def english_sortable_date(language: str | None, values: Values) -> str:
    """`{{dts|2010|3|25}}` is March 25, 2010, `{{dts|-500}}` 500 BC, `{{dts|2010|3|25|format=my}}` March 2010."""
    given = values.get("1", "")
    in_parts = any(values.get(key) for key in "234")
    date = _from_parts(values) if in_parts else _from_text(given)
    if date is None:
        return given
    order = values.get("format") or date.order
    if order not in _FORMATS:
        return given
    if values.get("abbr"):
        date = date._replace(is_short=values["abbr"] in ("on", "yes", "y", "1", "true"))
    return "" if order == "hide" else _shown(date, order)


def _from_parts(values: Values) -> _Date | None:
    """Year, month, day and era: `{{dts|44|March|15|BC}}`."""
    year, month, day, era = (values.get(key, "") for key in "1234")
    number, is_short = _month(month)
    if (year and not _WHOLE.fullmatch(year)) or (month and not number) or (day and not _DAY.fullmatch(day)):
        return None
    counted = int(year) if year else None
    if counted is not None and era.lower() in ("bc", "bce"):
        counted = -abs(counted)
    return _Date(counted, number, int(day) if day else None, is_short=is_short)


def _from_text(text: str) -> _Date | None:
    """`25 March 2010`, `Mar 25, 2010`, `2010-03`, `25-03-2010`, `March`, `-500`."""
    if _WHOLE.fullmatch(text):
        return _Date(year=int(text))
    parts = _WORD.split(text)
    if not all(parts) or len(parts) > len("dmy"):
        return None
    first, second, third = [*parts, "", ""][:3]
    month, is_short = _month(first, named=True)
    if month:
        day_first = False
        day, year = (second, third) if third or not _YEAR.fullmatch(second) else ("", second)
    elif _YEAR.fullmatch(first):
        day_first = False
        year, day = first, third
        month, is_short = _month(second)
    else:
        day_first = True
        day, year = first, third
        month, is_short = _month(second)
    if not month or (day and not _DAY.fullmatch(day)) or (year and not _YEAR.fullmatch(year)):
        return None
    order = "dmy" if day_first else "mdy"
    return _Date(int(year) if year else None, month, int(day) if day else None, order, is_short)


def _month(text: str, *, named: bool = False) -> tuple[int | None, bool]:
    """The number of a month, and whether its name is short."""
    if text.isdecimal():
        return (int(text), False) if not named and 1 <= int(text) <= _LAST_MONTH else (None, False)
    folded = text.lower()
    for at, name in enumerate(_MONTHS, 1):
        if folded == name.lower():
            return at, False
        if folded == name[:3].lower() or (folded == "sept" and name == "September"):
            return at, True
    return None, False


def _shown(date: _Date, order: str) -> str:
    month = "" if date.month is None or "m" not in order else _MONTHS[date.month - 1]
    month = month[:3] if date.is_short else month
    day = "" if date.day is None or "d" not in order else str(date.day)
    year = ""
    if date.year is not None and "y" in order:
        year = local_number(str(abs(date.year)), "en", is_grouped=abs(date.year) > _MOST_YEARS_UNGROUPED)
        year += " BC" if date.year < 0 else ""
    if day and month and "md" in order:
        return f"{month} {day}, {year}" if year else f"{month} {day}"
    return " ".join(part for part in (day, month, year) if part)


SORTABLE_DATES: dict[str, LocalForm] = {"english_sortable_date": english_sortable_date}
"""What the table of templates names."""
