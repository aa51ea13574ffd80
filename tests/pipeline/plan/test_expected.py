"""What a recipe says of raw files that come later: sizes, yields, the paper's tokens, and the key that has another name."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.config import parse_recipe
from pipeline.expected import Expected, numbered
from stages.core.errors import UserError

STEPS = [{"dedup_exact": {}}, {"filter": ["c4"]}, {"filter": ["pii"]}]


def expected(**options: Any) -> Expected:
    loaded = parse_recipe({"name": "r", "sources": {"c4": {"input": "x", "steps": STEPS, **options}}}, {})
    return loaded.sources["c4"].expected


def test_all_that_may_be_said() -> None:
    found = expected(
        raw="1.5TB",
        raw_files=7,
        expected_tokens="198B",
        yields={"ingest": 2.5, "dedup_exact": [0.5, 1], "filter-2": 1},
    )
    yields = {"ingest": (2.5, 2.5), "dedup_exact": (0.5, 1.0), "filter-2": (1.0, 1.0)}
    assert found == Expected(1_500_000_000_000, 7, 198_000_000_000, yields)
    assert expected() == Expected()


def test_the_second_step_of_a_name_is_numbered() -> None:
    assert numbered(["filter", "dedup_exact", "filter", "filter"]) == [
        "filter",
        "dedup_exact",
        "filter-2",
        "filter-3",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"expected": "3TB"},
            "sources.c4.expected: is called raw now, the size of the raw files and not of their text; rename it",
        ),
        ({"raw": "much"}, "sources.c4.raw: 'much' is no size; write one like 783GB or 3.3TB"),
        ({"raw": "1GB", "raw_files": 0}, "sources.c4.raw_files: 0 is no number of files"),
        ({"raw_files": 5}, "sources.c4.raw_files: says how many files raw is; add raw"),
        ({"expected_tokens": "many"}, "sources.c4.expected_tokens: 'many' is no number of tokens"),
        ({"yields": [1]}, "sources.c4.yields: must be a mapping of steps to yields"),
        (
            {"yields": {"filtre": 1}},
            "sources.c4.yields.filtre: no such step of the source; did you mean 'filter'?",
        ),
        (
            {"yields": {"filter": 0}},
            "sources.c4.yields.filter: 0 is no yield; write bytes of text out per byte in",
        ),
        ({"yields": {"filter": [0.5, 0.4]}}, "sources.c4.yields.filter: [0.5, 0.4] is no yield"),
        ({"yields": {"filter": True}}, "sources.c4.yields.filter: True is no yield"),
    ],
)
def test_a_mistake_is_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        expected(**options)
    (line,) = str(caught.value).splitlines()
    assert message in line
