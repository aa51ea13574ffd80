"""Misread places: what good texts of many languages have none of, and wrong readings many."""

from __future__ import annotations

import pytest

from stages.ingest.misreading import misread_places
from tests.linear import assert_linear


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ASCII, iPhone and McDonald",
        "Für Sie: crème brûlée, naïve «façade» – 20 €, 10 °C, m², ¿qué? CAFÉ",
        "Příští žluťoučký kůň, »Zażółć« gęślą jaźń",
        "Việt Nam là một đất nước đẹp",
        "Съешь ещё этих булок, IT-компания",
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
        "דג סקרן שט בים",
        "هذا نص عربي",
        "เป็นมนุษย์สุดประเสริฐ",
        "これは日本語のWebページです。",
        "A股，T恤和卡拉OK",
        "이것은 한국어 문장입니다",
        "two 😀 emoji",
    ],
)
def test_good_texts_have_none(text: str) -> None:
    assert misread_places(text) == 0


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("F\ufffdr", 1),
        ("it\x92s", 1),
        ("a \ue000", 1),
        ("cafÃ©s", 2),  # UTF-8 read as Windows-1252
        ("wy¿ej", 1),  # Windows-1250 read as Windows-1252
        ("lu»oučký", 1),  # ISO-8859-2 read as Windows-1250
        ("Fьr", 1),  # Latin-1 read as Windows-1251
        ("ﾅﾛﾘﾝﾜ", 1),  # KOI8-R read as Shift_JIS
        ("Ñúåøüñ", 2),  # Windows-1251 read as Windows-1252: two places where five in a row begin
        ("þÕ¤Û", 2),  # KOI8-U read as Windows-1252
        ("оПХБЕР", 1),  # Windows-1251 read as KOI8-R
        ("п╦", 1),  # UTF-8 read as KOI8-R
        ("stra遝 e", 1),  # Latin-1 read as GB18030
    ],
)
def test_wrong_readings_have_some(text: str, places: int) -> None:
    assert misread_places(text) == places


def test_capitals_in_a_row_count_where_that_is_asked() -> None:
    assert [misread_places("НОВОСТИ САЙТА", capitals=capitals) for capitals in (False, True)] == [0, 10]


def test_judging_is_linear() -> None:
    assert_linear(misread_places, lambda size: "Ñúåøü © Fьr " * size, 20_000)
