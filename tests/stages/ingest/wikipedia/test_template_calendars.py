"""Days of the Julian and the Gregorian calendar, and the templates that write both."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.wikipedia.template_calendars import (
    both_calendars,
    from_julian,
    gregorian_day,
    julian_and_gregorian,
    julian_day,
)
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("julian", "gregorian"),
    [
        ((25, 10, 1917), (7, 11, 1917)),
        ((31, 1, 1918), (13, 2, 1918)),
        ((4, 10, 1582), (14, 10, 1582)),
        ((29, 2, 1700), (11, 3, 1700)),
        ((28, 2, 1700), (10, 3, 1700)),
        ((23, 12, 1893), (4, 1, 1894)),
    ],
)
def test_known_days_of_both_calendars(julian: tuple[int, int, int], gregorian: tuple[int, int, int]) -> None:
    assert gregorian_day(julian) == gregorian
    assert julian_day(gregorian) == julian


@given(st.dates(min_value=datetime.date(1, 1, 5)))
def test_there_and_back_is_the_same_day(day: datetime.date) -> None:
    old = julian_day((day.day, day.month, day.year))
    assert old is not None
    assert gregorian_day(old) == (day.day, day.month, day.year)


@pytest.mark.parametrize("day", [(1, 13, 1900), (0, 1, 1900), (32, 1, 1900), (1, 1, 99999)])
def test_what_is_no_day_has_no_other(day: tuple[int, int, int]) -> None:
    assert gregorian_day(day) is None
    assert julian_day(day) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("25|июля|1826 год|13", "13 (25) июля 1826 год"),
        ("3|июня|1900|21|мая", "21 мая (3 июня) 1900"),
        ("4|января|1915|22|декабря|1914 года", "22 декабря 1914 года (4 января 1915)"),
        ("28 августа||1916 года|15", "15 (28) августа 1916 года"),
        ("28|8|1916|15", "15 (28) августа 1916"),
        ("28|ноября||15", "15 (28) ноября"),
        ("7 ноября|1917|25 октября", "25 октября (7 ноября) 1917"),
        ("5|5|1900", "5 мая 1900"),
    ],
)
def test_russian_dates_of_both_calendars(values: str, expected: str) -> None:
    assert both_calendars("ru", values_behind(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("8.4.1765", "8 (19) апреля 1765"),
        ("1.13.1765", "1765-13-01"),
        ("8 апреля 1765", "8 апреля 1765"),
        ("", ""),
    ],
)
def test_a_russian_date_of_the_old_calendar(values: str, expected: str) -> None:
    assert from_julian("ru", values_behind(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("22|4|1870|Link=true", "10. April jul. / 22. April 1870 greg."),
        ("4|1|1915", "22. Dezember 1914 jul. / 4. Januar 1915 greg."),
        ("32|1|1915", "32. Januar 1915"),
        ("22|April|1870", "22. April 1870"),
    ],
)
def test_a_german_date_of_both_calendars(values: str, expected: str) -> None:
    assert julian_and_gregorian("de", values_behind(values)) == expected
