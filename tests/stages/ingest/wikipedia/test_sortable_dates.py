"""Dates of the English `{{dts}}` that are no dates, and their eras."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.sortable_dates import english_sortable_date
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("", ""),
        ("unknown", "unknown"),
        ("early 2010", "early 2010"),
        ("2010|Frimaire|3", "2010"),
        ("2010|13|3", "2010"),
        ("1 May 2010 at noon", "1 May 2010 at noon"),
        ("1 May 2010|format=ymd", "1 May 2010"),
        ("1 May 2010|abbr=on", "1 May 2010"),
        ("1 June 2010|abbr=on", "1 Jun 2010"),
        ("Jun 2010|abbr=off", "June 2010"),
        ("476|9|4|CE", "September 4, 476"),
        ("-44|3|15|BC", "March 15, 44 BC"),
    ],
)
def test_a_date_that_no_rule_reads_stays(values: str, expected: str) -> None:
    assert english_sortable_date("en", values_behind(values)) == expected
