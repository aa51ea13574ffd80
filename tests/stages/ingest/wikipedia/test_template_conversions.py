"""The first measure of `{{convert}}`, where its values are not as the wikis' tables of examples have them."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.template_conversions import convert, short_convert
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("language", "values", "expected"),
    [
        ("en", "5|furlongs per week", "5 furlongs per week"),
        ("en", "six|mi", "six miles"),
        ("en", "", ""),
        ("en", "5", "5"),
        ("en", "5|ft|x|in|m", "5 feet"),
        ("en", "5|m|8|in", "5 metres"),
        ("en", "5-3/4|in", "5 3/4 inches"),
        ("en", "1-2-3|mi", "1–2–3 miles"),
        ("en", "5|mi|km|adj=mid", "5-mile"),
        ("en", "5|mi|km|adj=pre|", "5 miles"),
        ("en", "5|mi|km|spell=off", "5 miles"),
        ("en", "5/7|mi|spell=in", "5/7 mile"),
        ("en", "100|ft|m|order=flip", "100 feet"),
        ("en", "100|ft|m|disp=out", "100 feet"),
        ("en", "100|ft|m|disp=number", NO_NUMBER),
        ("nl", "12|e6acre", "12×10⁶ acres"),
        ("nl", "-1234,5|km", "−1.234,5 km"),
        ("ru", "5|mi|spell=in", "5 миль"),
        (None, "1500|km", "1500 km"),
    ],
)
def test_the_measure_of_the_author_stands_alone(language: str | None, values: str, expected: str) -> None:
    assert convert(language, values_behind(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("5|mi", "5 mi"),
        ("5|mi|abbr=off", "5 miles"),
        ("5|acre", "5 acres"),
        ("60|F|C|abbr=off", "60 degrees Fahrenheit"),
    ],
)
def test_a_short_measure_has_its_symbol_where_it_has_one(values: str, expected: str) -> None:
    assert short_convert("en", values_behind(values)) == expected
