"""Word F1 of extracted texts, and halves and folds that share no host."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.page_types import TypedPage, mean_and_spread, read_typed_pages, word_f1


@pytest.mark.parametrize(
    ("gold", "text", "f1"),
    [
        ("One two", "two ONE", 1.0),
        ("a a b", "a b b", 4 / 6),
        ("a", "", 0.0),
        ("", "a", 0.0),
        ("", "", 1.0),
        ("schön, schön", "schön", 2 / 3),
    ],
)
def test_word_f1(gold: str, text: str, f1: float) -> None:
    assert word_f1(gold, text) == pytest.approx(f1)


def test_a_page_without_text_counts_as_nothing_found_and_the_spread_is_that_of_the_folds() -> None:
    pages = [TypedPage(str(n), "", "a", "article", "develop", n % 2) for n in range(4)]
    assert mean_and_spread(pages, {"0": "a", "2": "a"}) == "0.500 ± 0.707"
    assert mean_and_spread(pages[:1], {"0": "a"}) == "1.000"


@pytest.mark.real
def test_every_page_has_its_gold_and_no_host_is_in_two_halves_or_folds(shared_data: Path) -> None:
    pages = read_typed_pages(shared_data / "common_crawl/wcxb")
    hosts: dict[str, set[tuple[str, int]]] = {}
    for page in pages:
        hosts.setdefault(page.url.split("/")[2].split(":")[0], set()).add((page.half, page.fold))
    assert len(pages) == 1_310
    assert {page.half for page in pages} == {"develop", "final"}
    assert {page.fold for page in pages} == set(range(5))
    assert [places for places in hosts.values() if len(places) > 1] == []
