"""What the features say of a line of plain text, of its place and of its neighbours, in scripts of all kinds."""

from __future__ import annotations

import pytest

from stages.ingest.common_crawl.boilerplate.text_features import TEXT_FEATURES, text_features
from stages.ingest.common_crawl.boilerplate.text_lines import text_page

PROSE = "This sentence is long enough to be prose: it has more than eighty characters, and it ends well."


def features(text: str) -> list[dict[str, float]]:
    rows = text_features(text_page(text))
    return [dict(zip(TEXT_FEATURES, row, strict=True)) for row in rows.tolist()]


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("été, oui", "chars", 8),
        ("été, oui", "words", 2),
        ("Été Oui non", "capital_word_share", 2 / 3),
        ("Да и нет", "capital_word_share", 1 / 3),
        ("天気がいい。", "capital_word_share", -1),
        ("हम घर जाते हैं।", "starts_lower", -1),
        ("123", "upper_share", -1),
        ("天気がいい。", "chars", 6 * 3),
        ("한국어", "chars", 9),
        ("สวัสดีครับ", "chars", 10),
        ("天気がいいですね、はい。", "words", 12 * 3 // 6),
        ("天気がいいですね、はい。", "chars_per_word", 6),
        ("天気がいいですね、はい。", "punctuation_per_word", 2 / 6),
        ("終わり。", "ends_sentence", 1),
        ("天気がいい" * 6 + "。", "prose", 1),
        ("天気がいい" * 6, "prose", 0),
        (PROSE, "prose", 1),
        (PROSE[:-1], "prose", 0),
    ],
)
def test_own(line: str, name: str, value: float) -> None:
    assert features(line)[0][name] == pytest.approx(value)


def test_the_first_line_is_the_title() -> None:
    found = features("Great things - Site\nGreat things\nother\nAll of Great things - Site")
    assert [line["in_title"] for line in found] == [1, 1, 0, 0]
    assert [line["holds_title"] for line in found] == [1, 0, 0, 1]


def test_copies() -> None:
    found = features("a\nb\na\n a \nc")
    assert [(line["copies"], line["copies_before"]) for line in found] == [
        (3, 0),
        (1, 0),
        (3, 1),
        (3, 2),
        (1, 0),
    ]


def test_place_in_the_page() -> None:
    found = features(f"head\n{PROSE}\nx\n{PROSE}")
    assert [line["lines_since_prose"] for line in found] == [30, 30, 1, 2]
    assert [line["lines_to_prose"] for line in found] == [1, 2, 1, 30]
    assert [line["prose_share_before"] for line in found] == [0, 0, 0.5, 0.5]
    assert [line["short_run"] for line in found] == [1, 0, 1, 0]
    assert [line["prose_in_2"] for line in found] == [1, 2, 2, 2]
    assert [line["longest_in_2"] for line in found] == [len(PROSE)] * 4
    assert [line["chars_in_16"] for line in found] == [5 + 2 * len(PROSE)] * 4


def test_runs_of_short_lines_are_told_whole_to_each_of_them() -> None:
    assert [line["short_run"] for line in features(f"a\nb\n{PROSE}\nc\nd\ne")] == [2, 2, 0, 3, 3, 3]


def test_neighbours_beyond_the_page_are_minus_one() -> None:
    found = features("ab\ncdef")
    assert [(line["chars-1"], line["chars+1"]) for line in found] == [(-1, 4), (2, -1)]
