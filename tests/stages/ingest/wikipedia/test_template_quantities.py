"""Quantities of `{{val}}` on wikis of other marks, and values that are no numbers."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_quantities import grouped_decimals, value
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("language", "values", "expected"),
    [
        ("en", "", ""),
        ("en", "about 5|u=km", "about 5 km"),
        ("en", "5|up=s|u=m", "5 m/s"),
        ("en", "5|u=kg.m|up=s2", "5 (kg⋅m)/s²"),
        ("en", "5|u=%|up=s", "5%/s"),
        ("en", "5|-", "5"),
        ("en", "5|u=unit", "5 unit"),
        ("en", "5|u=usec", "5 usec"),
        ("ru", "-1234.5|0.2|u=м", "−1234,5 ± 0,2 м"),
        ("fr", "-1234567.12345", "−1 234 567,123 45"),
        ("de", "12345.5|u=km", "12345,5 km"),
        (None, "5|to|10|u=m", "5 to 10 m"),
    ],
)
def test_a_quantity_has_the_marks_of_its_wiki(language: str | None, values: str, expected: str) -> None:
    assert value(language, values_behind(values)) == expected


def test_decimals_stand_in_threes_from_four_on() -> None:
    assert grouped_decimals("1,23456789") == "1,234 567 89"
    assert grouped_decimals("1,234") == "1,234"
