"""Values of `{{#time:..}}` and `{{#dateformat:..}}` in, the date as MediaWiki writes it in the wiki's language out.

https://www.mediawiki.org/wiki/Help:Extension:ParserFunctions##time; what depends on today has no text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from stages.ingest.wikipedia.marks import GONE, NO_NUMBER
from stages.ingest.wikipedia.template_values import Values

TIME_FUNCTION = re.compile(r"#(timel?|dateformat|formatdate):(.*)", re.DOTALL | re.IGNORECASE)
"""Name and first value of those that are computed here."""

_WORDS_PATH = Path(__file__).with_name("time_words.txt")
_CODE = re.compile(r'x[a-zA-Z]|\\.|"[^"]*"|.', re.DOTALL)
_CLOCK = re.compile(r"(?:^|[ T])(\d{1,2}):(\d{2})(?::(\d{2}))?(?:Z|$)")
_DATES = [
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?:(?P<day>\d{1,2}) )?(?P<name>[^\W\d_]+),? (?P<year>\d{4})"),
    re.compile(r"(?P<name>[^\W\d_]+) (?P<day>\d{1,2}),? (?P<year>\d{4})"),
]
_ROMANS = list(
    zip(
        "M CM D CD C XC L XL X IX V IV I".split(),
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        strict=True,
    )
)
_UNSUPPORTED = frozenset("eILOPTUZort")
_ORDERS = {"dmy": "j F Y", "mdy": "F j, Y", "ymd": "Y F j", "iso 8601": "Y-m-d"}


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    """Months and days by language, then by the code that asks for them."""
    found: dict[str, dict[str, list[str]]] = {}
    language = ""
    for line in _WORDS_PATH.read_text("utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
            found[language] = {}
        elif line and not line.startswith("#"):
            code, _, words = line.partition(" ")
            found[language][code] = words.split("|")
    return found


def time_text(function: str, argument: str, language: str | None, values: Values) -> str:
    """The text of `{{#function:argument|values}}`; NO_NUMBER where only the wiki could tell."""
    argument = argument.replace(GONE, "").strip()
    if not function.startswith("time"):
        return _ordered(argument, language, values.get("1", "").lower())
    language = values.get("2", "") or language or ""
    moment = _moment(values.get("1", ""), "en")
    if moment is None or language not in _words():
        return NO_NUMBER
    return _written(argument, moment, language)


def _ordered(text: str, language: str | None, order: str) -> str:
    """`{{#dateformat:2009-12-25|dmy}}`: day, month and year as asked for, a text that is no date as it is."""
    moment = _moment(text, language or "")
    if order not in _ORDERS or moment is None or language not in _words():
        return text
    return _written(_ORDERS[order], moment, language)


def _moment(text: str, language: str) -> datetime | None:
    """The moment that a date and an hour name, with months in the words of the language; None for other text."""
    clock = _CLOCK.search(text)
    text = text[: clock.start()] if clock is not None else text
    for pattern in _DATES:
        found = pattern.fullmatch(text.strip())
        if found is None:
            continue
        given = found.groupdict()
        month = int(given.get("month") or _month_number(given.get("name") or "", language))
        day = int(given.get("day") or 1)
        if not (1 <= month <= 12 and 1 <= day <= 31 and int(given["year"]) > 0):
            return None
        hour, minute, second = (int(part or 0) for part in clock.groups()) if clock is not None else (0, 0, 0)
        if hour > 23 or minute > 59 or second > 59:
            return None
        return datetime(int(given["year"]), month, 1, hour, minute, second) + timedelta(days=day - 1)
    return None


def _month_number(name: str, language: str) -> int:
    words = _words().get(language, {})
    for code in ("F", "xg", "M"):
        months = [month.lower().rstrip(".") for month in words.get(code, [])]
        if name.lower() in months:
            return months.index(name.lower()) + 1
    return 0


def _written(form: str, moment: datetime, language: str) -> str:
    """The moment in the form that PHP's letters give, NO_NUMBER where one of them is not known here."""
    out = []
    is_roman = False
    for code in _CODE.findall(form):
        if code in ("xr", "xn", "xN"):
            is_roman = code == "xr"
        elif code in _UNSUPPORTED or (code[0] == "x" and code not in ("xg", "xx") and len(code) > 1):
            return NO_NUMBER
        elif code[0] == '"' and len(code) > 1:
            out.append(code[1:-1])
        elif code[0] == "\\" and len(code) > 1:
            out.append(code[1:])
        else:
            text = _part(code, moment, language)
            out.append(_roman(int(text)) if is_roman and text.isdigit() else text)
            is_roman = is_roman and not text.isdigit()
    return "".join(out)


def _part(code: str, moment: datetime, language: str) -> str:
    words = _words()[language]
    if code in ("F", "M", "xg"):
        return words.get(code, words["F"])[moment.month - 1]
    if code in ("l", "D"):
        return words[code][moment.weekday()]
    return _NUMBERS[code](moment) if code in _NUMBERS else "x" if code == "xx" else code


def _roman(number: int) -> str:
    out = ""
    for letters, value in _ROMANS:
        count, number = divmod(number, value)
        out += letters * count
    return out


_NUMBERS: dict[str, Callable[[datetime], str]] = {
    "d": lambda moment: f"{moment.day:02}",
    "j": lambda moment: str(moment.day),
    "m": lambda moment: f"{moment.month:02}",
    "n": lambda moment: str(moment.month),
    "Y": lambda moment: str(moment.year),
    "y": lambda moment: f"{moment.year % 100:02}",
    "N": lambda moment: str(moment.isoweekday()),
    "w": lambda moment: str(moment.isoweekday() % 7),
    "W": lambda moment: f"{moment.isocalendar()[1]:02}",
    "z": lambda moment: str(moment.timetuple().tm_yday - 1),
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "g": lambda moment: str(moment.hour % 12 or 12),
    "h": lambda moment: f"{moment.hour % 12 or 12:02}",
    "G": lambda moment: str(moment.hour),
    "H": lambda moment: f"{moment.hour:02}",
    "i": lambda moment: f"{moment.minute:02}",
    "s": lambda moment: f"{moment.second:02}",
    "c": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
}
"""What PHP's letters of numbers write."""
