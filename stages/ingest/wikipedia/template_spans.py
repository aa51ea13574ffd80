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


def age(language: str | None, values: Values) -> str:
    """`{{age|1953|8|28|2018|8|16}}` is 64: whole years between two days; what is 0 of them is not known."""
    given = [values.get(str(number), "") for number in range(1, 7)]
    if all(part.isdecimal() for part in given):
        born, then = [[int(part) for part in given[at : at + 3]] for at in (0, 3)]
    else:
        days = [english_day(text) for text in given[:2]]
        if days[0] is None or days[1] is None or any(given[2:]):
            return NO_NUMBER
        born, then = [list(day) for day in days if day is not None]
    known = 2 if born[1] and then[1] and not (born[2] and then[2]) else 3 if born[1] and then[1] else 1
    return str(then[0] - born[0] - (then[1:known] < born[1:known]))


def hours(language: str | None, values: Values) -> str:
    """French `{{heure|22|55|30}}`: 22 h 55 min 30 s."""
    hour, minute, second = (values.get(key, "") for key in ("1", "2", "3"))
    return f"{hour} h {minute} min {second} s" if second else f"{hour} h {minute}".strip()


def french_duration(language: str | None, values: Values) -> str:
    """`{{durée|2|12|1998|3|11|2001}}` is 2 ans, 11 mois et 1 jour; `{{durée|1|30}}` 1 h 30."""
    given = [values.get(str(number), "") for number in range(1, 7)]
    if not any(given[3:]) and not _YEAR.fullmatch(given[2]):
        return hours(language, values)
    try:
        start, end = [datetime.date(*(int(part) for part in reversed(given[at : at + 3]))) for at in (0, 3)]
    except (ValueError, TypeError):
        return NO_NUMBER
    if end < start:
        return NO_NUMBER
    if values.get("en jours") == "oui":
        return f"{local_number(str((end - start).days), 'fr')} jours"
    months = 12 * (end.year - start.year) + end.month - start.month - (end.day < start.day)
    counts = [(months // 12, "an", "ans"), (months % 12, "mois", "mois")]
    if values.get("en mois") == "oui":
        return f"{months} mois"
    if values.get("en années") == "oui":
        counts = counts[:1]
    else:
        counts.append(((end - _after_months(start, months)).days, "jour", "jours"))
    words = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    return ", ".join(words[:-1]) + (" et " if len(words) > 1 else "") + words[-1] if words else "0 jour"


def _after_months(day: datetime.date, months: int) -> datetime.date:
    """The day so many months later, the last of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    first_of_next = datetime.date(day.year + years + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - datetime.timedelta(days=1)).day
    return datetime.date(day.year + years, month + 1, min(day.day, last))


SPANS: dict[str, LocalForm] = {"age": age, "hour": hours, "french_duration": french_duration}
"""What the table of templates names."""
