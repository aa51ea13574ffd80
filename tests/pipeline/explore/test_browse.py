"""Pages of documents: filters by what each file says, words and languages by the documents, places that go on, bounds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.explore.asked import Asked, asked_of, parsed_query
from pipeline.explore.browse import FoundPage, find_page, place_at, shelves_of
from pipeline.explore.run_view import RunView
from pipeline.look.places import places_of
from stages.core.errors import UserError
from tests.looked_runs import NUM_PAGES, page


def pages_of(run: Path, seconds: float = 60.0, **asked: object) -> list[FoundPage]:
    """All pages, one after the other."""
    places, found = places_of(str(run)), [FoundPage((), 0, 0, 0, 1, False)]
    while not found[-1].is_over:
        last = found[-1]
        query = Asked(**{**asked, "file": last.file, "row": last.row})  # type: ignore[arg-type]
        found.append(find_page(places, query, seconds))
    return found[1:]


def names(pages: list[FoundPage]) -> list[int]:
    return [int(spot.row["id"].rpartition("/")[2]) for one in pages for spot in one.spots]


@pytest.mark.parametrize("view", ["kept", "dropped", "measured"])
@pytest.mark.parametrize("words", ["", "crane"])
def test_pages_of_any_length_hold_each_document_once(looked: Path, view: str, words: str) -> None:
    run = looked / ("values" if view == "measured" else "run")
    whole = names(pages_of(run, view=view, words=words, count=200))
    assert whole
    assert len(set(whole)) == len(whole)
    for count in (1, 2, 5):
        pages = pages_of(run, view=view, words=words, count=count)
        assert names(pages) == whole
        assert all(len(one.spots) == count for one in pages[:-1])


def test_a_page_whose_time_is_up_says_how_far_it_looked(looked: Path) -> None:
    pages = pages_of(looked / "run", seconds=0.0, view="dropped", words="no such word")
    assert names(pages) == []
    assert not any(one.is_full for one in pages)
    assert (pages[-1].rows_before, pages[-1].is_over) == (pages[-1].rows, True)
    first = find_page(places_of(str(looked / "run")), Asked(count=1))
    assert (first.is_full, first.rows_before) == (True, 1)


def test_words_are_all_wanted_in_any_case_and_quotes_hold_a_phrase(looked: Path) -> None:
    run = looked / "raw"
    assert names(pages_of(run, words="TOWN crane"))[:NUM_PAGES] == list(range(NUM_PAGES))
    assert names(pages_of(run, words='"town 3"')) == [3, 12]
    assert names(pages_of(run, words="town 3 jib")) == [12]
    assert names(pages_of(run, words="100%")) == names(pages_of(run, words="_own")) == [], "no pattern"
    (found,) = pages_of(run, words='"town 3"')
    assert found.spots[0].row["text"].startswith(page(3).splitlines()[0])


def test_sources_urls_rules_and_values(looked: Path) -> None:
    run = looked / "run"
    everything = names(pages_of(run))
    assert names(pages_of(run, source="c4")) == everything
    assert names(pages_of(run, source="books")) == []
    assert names(pages_of(run, url="X.EXAMPLE/1")) == [one for one in everything if str(one)[0] == "1"]
    few = names(pages_of(run, view="dropped", rule="gopher_quality"))
    assert few == names(pages_of(run, view="dropped", rule="gopher_quality.words"))
    assert names(pages_of(run, view="dropped", rule="gopher_q")) == []
    (dropped,) = pages_of(run, view="dropped", low=60.0, high=90.0)
    assert dropped.spots
    assert all(60 <= spot.row["value"] <= 90 for spot in dropped.spots)
    (measured,) = pages_of(looked / "values", view="measured", value="gopher_quality.words", low=100.0)
    assert measured.spots
    assert all(spot.row["gopher_quality.words"] >= 100 for spot in measured.spots)
    assert sorted(names([measured])) == sorted(everything)
    assert names(pages_of(looked / "values", view="measured", value="nothing", low=1.0)) == []
    with pytest.raises(UserError, match="no finished stage 'x'"):
        find_page(places_of(str(run)), Asked(node="x"))


def test_edits_are_a_view_of_their_own(looked: Path) -> None:
    assert len(names(pages_of(looked / "lines", view="edited", rule="duplicate_lines"))) == NUM_PAGES
    assert RunView(str(looked / "lines")).now()[1].views == ("kept", "dropped", "edited")
    assert RunView(str(looked / "values")).now()[1].values["measured"][0] == "gopher_quality.words"


def test_a_share_of_the_rows_is_a_place(looked: Path) -> None:
    shelves = shelves_of(places_of(str(looked / "values")), Asked())
    rows = sum(shelf.rows for shelf in shelves)
    assert [place_at(shelves, share) for share in (0, 0.5, 1)] == [(0, 0), (0, rows // 2), (1, 0)]
    found = find_page(places_of(str(looked / "values")), Asked(at=50.0))
    assert len(found.spots) == rows - rows // 2


def test_mistakes_in_a_query_are_told() -> None:
    for query, message in {
        "view=all": "view: 'all' is none of kept, dropped",
        "low=x": "low: 'x' is no number",
        "high=nan": "high: give a finite number",
        "row=-1": "row: '-1' is no whole number",
        "row=²": "row: '²' is no whole number",
        "count=0": "count: give 1 to 200",
        "at=101": "at: give 0 to 100",
        "&".join("a=1" for _ in range(99)): "cannot be read",
        "words=%ff": "cannot be read",
    }.items():
        with pytest.raises(UserError, match=message):
            asked_of(parsed_query(query))
    assert asked_of({"unknown": "x", "source": " "}) == Asked()


@given(
    words=st.text(st.characters(codec="utf-8"), max_size=9), row=st.integers(0, 10**12), low=st.floats(-9, 9)
)
def test_a_query_says_what_it_was_made_of(words: str, row: int, low: float) -> None:
    asked = Asked(view="dropped", words=words.strip(), row=row, low=low)
    assert asked_of(parsed_query(asked.query())) == asked
    assert set(parse_qs(asked.query(row=0))) <= {"view", "words", "low"}
