"""Dates that MediaWiki computes: what a sentence has in the place of `{{#time:..}}` and `{{#dateformat:..}}`."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.template_times import TIME_FUNCTION, time_text
from stages.ingest.wikipedia.template_values import parted
from stages.ingest.wikipedia.wikitext import plain_text


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("#time:j F Y|1990-05", "1 maggio 1990"),
        ("#time:j F Y|May 1990", "1 maggio 1990"),
        ("#time:j F Y|1990-05-01T23:59", "1 maggio 1990"),
        ("#time:j F Y|3/4/2005", "4 marzo 2005"),
        ("#time:j F Y|2000-02-30", "1 marzo 2000"),
        ("#timel:j F Y|20000229", "29 febbraio 2000"),
        (r"#time:\j j|2000-02-29", "j 29"),
        ("#time:xrY, xnY|1999-01-01", "MCMXCIX, 1999"),
        ("#time:j F Y|2001-02-03|de", "3 Februar 2001"),
        ("#time:j F Y|2001-02-03|xyz", NO_NUMBER),
        ("#time:j F Y|1 maggio 1990", NO_NUMBER),
        ("#time:j F Y|2000-13-01", NO_NUMBER),
        ("#time:j F Y|2000-01-01 25:00", NO_NUMBER),
        ("#time:j F Y|1990-05-01 +10 days", NO_NUMBER),
        ("#time:j F Y", NO_NUMBER),
        ("#time:xij|2000-01-01", NO_NUMBER),
        ("#time:U|2000-01-01", NO_NUMBER),
        ("#dateformat:25 dicembre 2009|mdy", "dicembre 25, 2009"),
        ("#dateformat:25 December 2009|mdy", "25 December 2009"),
        ("#formatdate:2009-12-25|iso 8601", "2009-12-25"),
        ("#formatdate:2009-12-25|xyz", "2009-12-25"),
        ("#dateformat:Natale|dmy", "Natale"),
    ],
)
def test_dates_of_the_italian_wiki(inner: str, expected: str) -> None:
    name, values = parted(inner)
    found = TIME_FUNCTION.fullmatch(name)
    assert found is not None
    assert time_text(found[1], found[2], "it", values) == expected


def test_other_functions_are_none_of_these() -> None:
    assert TIME_FUNCTION.fullmatch("#timer:x") is None
    assert TIME_FUNCTION.fullmatch("time:x|2000-01-01") is None


def test_what_depends_on_today_leaves_its_sentence_whole() -> None:
    wikitext = "Er war {{#time:Y}} da. Er kam am {{#time:j. F Y|2001-02-03}} ({{#time:Y|now}}) an."
    assert (
        plain_text(wikitext, Namespaces.of({}), language="de") == "Er war da. Er kam am 3. Februar 2001 an."
    )
