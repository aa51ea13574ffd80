"""Pages grouped by the language of their gold text."""

from __future__ import annotations

from benchmarks.page_languages import gold_languages, language_groups
from benchmarks.page_types import TypedPage

GERMAN = "Die Fähre zu den nördlichen Inseln fährt im Morgengrauen ab und nimmt die Post, zwei Autos und eine Kuh mit. "


def page(gold: str = "") -> TypedPage:
    return TypedPage("u", "", gold, "article", "develop", 0)


def test_a_language_is_that_of_the_gold_text_and_none_is_told_of_a_short_one() -> None:
    assert gold_languages([page(GERMAN * 3), page("Die Kuh")]) == ["de", ""]


def test_rare_languages_are_one_group_that_names_them() -> None:
    pages = [page() for _ in range(15)]
    languages = ["de"] * 5 + ["en"] * 6 + ["fr", "ja", "ja", ""]
    groups = [(name, len(members)) for name, members in language_groups(pages, languages)]
    assert groups == [("en", 6), ("de", 5), ("others: ja 2, fr 1", 3), ("too little text to tell", 1)]
