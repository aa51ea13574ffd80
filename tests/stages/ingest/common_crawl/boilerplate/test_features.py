"""What the features say of a line, of its place and of its neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.kernels.page.read import read_page

PROSE = "This sentence is long enough to be prose: it has more than eighty characters, and it ends well."


def features(markup: str, title: str = "") -> list[dict[str, float]]:
    page = read_page(HTMLTree.parse(f"<body>{markup}</body>").document.html)
    rows = line_features(page, title, np.zeros((len(page.nodes), 2)), np.zeros(len(PAGE_KINDS)))
    return [dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()]


@pytest.mark.parametrize(
    ("markup", "name", "value"),
    [
        ("<p>a bc</p>", "paragraph", 1),
        ("<h3>a</h3>", "heading_level", 3),
        ("été, oui", "chars", 8),
        ("été, oui", "words", 2),
        ("été, oui", "commas", 1),
        ("été, oui", "punctuation_per_word", 0.5),
        ("Été Oui non", "capital_word_share", 2 / 3),
        ("AbC1", "upper_share", 2 / 3),
        ("ab12", "digit_share", 0.5),
        ('<a href="/x">ab</a>cd', "link_share", 0.5),
        ('<a href="/x">ab</a>cd', "plain_chars", 2),
        ("He said “no.”", "ends_sentence", 1),
        ("He said no", "ends_sentence", 0),
        ("終わり。", "ends_sentence", 1),
        ("天気がいい。", "chars", 6 * 3),
        ("한국어", "chars", 9),
        ("สวัสดีครับ", "chars", 10),
        ("สวัสดีครับนะ", "words", 2),
        ("天気がいいですね、はい。", "words", 12 * 3 // 6),
        ("天気がいいですね、はい。", "chars_per_word", 6),
        ("天気がいいですね、はい。", "commas", 1),
        ("天気がいいですね、はい。", "letter_share", 10 / 12),
        ("天気がいい" * 6 + "。", "prose", 1),
        ("天気がいい" * 6, "prose", 0),
        ("以下：", "ends_colon", 1),
        ("as follows:", "ends_colon", 1),
        ("in 1999", "year", 1),
        ("in 1999, then", "year", 1),
        ("in 11999", "year", 0),
        ("in 1799", "year", 0),
        ("at 10:30", "time", 1),
        ("at 10: 30", "time", 0),
        ("© me", "copyright", 1),
        ("aha", "starts_lower", 1),
        ("| aha", "starts_symbol", 1),
        (PROSE, "prose", 1),
        (PROSE[:-1], "prose", 0),
        ("<ul><li>x</li></ul>", "item", 1),
    ],
)
def test_own(markup: str, name: str, value: float) -> None:
    assert features(markup)[0][name] == pytest.approx(value)


def test_title() -> None:
    found = features("Great things<p>of Great things - Site indeed<p>other", "Great  things - Site")
    assert [line["in_title"] for line in found] == [1, 0, 0]
    assert [line["holds_title"] for line in found] == [0, 1, 0]


def test_repeated_lines() -> None:
    assert [line["repeated"] for line in features("a<br>b<br>a")] == [1, 0, 1]


def test_place_in_the_page() -> None:
    found = features(f"<h1>head</h1><p>{PROSE}</p>x<p>{PROSE}</p>")
    chars = len(PROSE)
    assert [line["lines_since_prose"] for line in found] == [30, 30, 1, 2]
    assert [line["lines_to_prose"] for line in found] == [1, 2, 1, 30]
    assert [line["prose_share_before"] for line in found] == [0, 0, 0.5, 0.5]
    assert [line["page_prose_chars"] for line in found] == [2 * chars] * 4
    assert [line["heading_above_level"] for line in found] == [0, 1, 1, 1]
    assert [line["near_prose_lines"] for line in found] == [2] * 4


def test_neighbours_beyond_the_page_are_minus_one() -> None:
    found = features("ab<br>cdef")
    assert [line["chars-1"] for line in found] == [-1, 2]
    assert [line["chars+1"] for line in found] == [4, -1]
    assert [line["heading_level+2"] for line in found] == [-1, -1]


def test_no_lines() -> None:
    assert features("") == []
