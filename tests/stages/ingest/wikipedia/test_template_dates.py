"""Dates and spans of time as templates write them, where the wikis' pages show no example."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.template_dates import german_iso_date, sortable_date
from stages.ingest.wikipedia.template_spans import age, death_date, span
from stages.ingest.wikipedia.template_values import slavic_form, values_behind


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("-333-7-11", "11. Juli 333 v. Chr."),
        ("2012-2-1|M", "1. Feb. 2012"),
        ("2012-2-1|S", "1. Feb 2012"),
        ("2012-3-1|M", "1. März 2012"),
        ("2012-1-0|AT=ja", "Jänner 2012"),
        ("0-5-9", "9. Mai"),
        ("Anfang 2012", "Anfang 2012"),
    ],
)
def test_a_german_date_of_iso_has_its_month_in_words(values: str, text: str) -> None:
    assert german_iso_date("de", values_behind(values)) == text


def test_a_sorted_date_in_parts_is_a_date_as_any_other() -> None:
    assert sortable_date("da", values_behind("1987|8|12")) == "12. august 1987"
    assert sortable_date("da", values_behind("1987-08-12")) == "12. august 1987"


def test_an_age_that_no_two_days_tell_is_not_known() -> None:
    assert age("en", values_behind("1989|7|23")) == NO_NUMBER
    assert age("en", values_behind("2003|7|14|1989|7|23")) == NO_NUMBER
    assert age("en", values_behind("1989|2|30|2003|7|14")) == NO_NUMBER


def test_a_death_without_a_birth_is_its_date() -> None:
    assert death_date("en", values_behind("1993|2|24")) == "February 24, 1993"
    assert death_date("en", values_behind("24 February 1993")) == "24 February 1993"


def test_days_are_not_counted_where_one_is_not_known() -> None:
    assert span("en", {"@": "age in days", **values_behind("1989|7||2003|7|14")}) == NO_NUMBER
    assert (
        span("sr", {"@": "age in years, months and days", **values_behind("2001|1|1|2003|3|1")})
        == "2 године и 2 месеца"
    )


def test_slavic_words_go_by_the_last_digits() -> None:
    assert [slavic_form(number) for number in (1, 3, 5, 11, 13, 21, 24, 112)] == [0, 1, 2, 2, 2, 0, 1, 2]
