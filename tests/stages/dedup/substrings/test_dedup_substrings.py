"""Substring dedup: which spans go, which occurrence stays, how the text is joined, and what the ledger says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core import exchange_writer
from stages.dedup.repeats import spans
from stages.dedup.repeats import windows as repeats
from stages.dedup.substrings import verb as substrings
from stages.dedup.substrings import windows as window_rows
from stages.dedup.substrings.verb import DedupSubstrings
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from tests.stages.dedup.repeats import rank, units_left

SHORT = "short_after_span_dedup"


def dedup(chain: Any, *shards: Any, **options: Any) -> Any:
    return chain.run(DedupSubstrings(**{"min_words": 4} | options), chain.given(*shards))[-1]


def numbered(start: int, count: int) -> str:
    return " ".join(f"w{n}" for n in range(start, start + count))


def test_a_span_of_two_documents_stays_in_the_first_by_source(chain: Any) -> None:
    shards = (
        [("c4/a", "Start here.\n\nOne two three four.\n\nAnd on.")],
        [("common_crawl/b", "x. One, two: three FOUR!")],
    )
    assert chain.texts(dedup(chain, *shards)) == {
        "c4/a": "Start here.\n\nAnd on.",
        "common_crawl/b": shards[1][0][1],
    }
    other = dedup(chain, *shards, priority=("c4",))
    assert chain.texts(other) == {"c4/a": shards[0][0][1], "common_crawl/b": "x."}


def test_a_repeat_of_fewer_words_stays(chain: Any) -> None:
    texts = {"c4/a": "one two three and", "c4/b": "one two three or"}
    left = dedup(chain, list(texts.items()))
    assert chain.texts(left) == texts
    assert left.edited == {} and left.dropped == {}


def test_the_ledger_names_words_and_partner(chain: Any) -> None:
    text = f"{numbered(0, 9)} own {numbered(20, 5)}"
    left = dedup(
        chain, [("common_crawl/a", numbered(0, 9))], [("common_crawl/b", numbered(20, 5)), ("c4/c", text)]
    )
    assert chain.texts(left)["c4/c"] == "own"
    (row,) = chain.ledger(left)
    expected = {
        "id": "c4/c",
        "action": "edit",
        "rule": "repeated_span",
        "value": 14.0,
        "threshold": 4.0,
        "partner": "common_crawl/a",
        "detail": '{"spans":2,"words":15}',
        "text_bytes": len(text) - 3,
    }
    assert {name: row[name] for name in expected} == expected
    assert left.facts[1] == {
        "spans": 2,
        "removed_words": 14,
        "bytes": len(text) + 19,
        "removed_bytes": len(text) - 3,
    }


def test_a_document_of_which_nothing_is_left_is_dropped(chain: Any) -> None:
    left = dedup(
        chain, [("common_crawl/a", "zero one two three four"), ("c4/b", "* one two three four.\n\n---\n")]
    )
    assert set(chain.texts(left)) == {"common_crawl/a"}
    (row,) = chain.ledger(left)
    assert (row["action"], row["rule"], row["value"], row["partner"]) == (
        "drop",
        SHORT,
        0.0,
        "common_crawl/a",
    )
    assert left.edited == {}


def test_min_left_words_drops_only_documents_that_lost_a_span(chain: Any) -> None:
    shards = [
        ("common_crawl/a", numbered(0, 4)),
        ("c4/b", numbered(0, 6)),
        ("c4/c", "no"),
        ("c4/d", numbered(0, 4) + " x y z"),
    ]
    left = dedup(chain, shards, min_left_words=3)
    assert chain.texts(left) == {"common_crawl/a": numbered(0, 4), "c4/c": "no", "c4/d": "x y z"}
    assert left.dropped == {SHORT: 1}


def test_keep_none_removes_the_first_occurrence_too(chain: Any) -> None:
    left = dedup(chain, [("c4/a", f"a {numbered(0, 4)}"), ("c4/b", f"b {numbered(0, 4)}")], keep="none")
    assert chain.texts(left) == {"c4/a": "a", "c4/b": "b"}
    assert {row["id"]: row["partner"] for row in chain.ledger(left)} == {"c4/a": "c4/b", "c4/b": "c4/a"}


def test_within_source_compares_only_inside_a_source(chain: Any) -> None:
    same = numbered(0, 4)
    shard = [("c4/a", same), ("c4/b", same), ("books/c", same)]
    assert len(chain.texts(dedup(chain, shard, within="source"))) == 2
    assert set(chain.texts(dedup(chain, shard))) < {"c4/a", "c4/b", "books/c"}


def test_a_repeat_inside_a_document_keeps_its_first_place(chain: Any) -> None:
    left = dedup(chain, [("c4/a", "One two three four five.\nThen one two three four five, again.")])
    assert chain.texts(left) == {"c4/a": "One two three four five.\nThen again."}
    assert [row["partner"] for row in chain.ledger(left)] == ["c4/a"]


def test_a_refrain_that_overlaps_itself_keeps_one_whole_window(chain: Any) -> None:
    """Without the rule of overlaps `la la la ...` would come down to a single word, and the window be nowhere."""
    left = dedup(chain, [("c4/a", "la " * 7), ("c4/b", "na " * 30)])
    assert chain.texts(left) == {"c4/a": "la " * 7, "c4/b": "na na na na"}


def test_documents_without_words_and_shards_without_documents(chain: Any) -> None:
    texts = {"c4/a": "", "c4/b": "-- !\n", "c4/c": "one"}
    assert chain.texts(dedup(chain, [], list(texts.items()))) == texts
    assert chain.texts(dedup(chain, [])) == {}
    assert chain.texts(dedup(chain)) == {}


def test_a_chinese_character_is_a_word(chain: Any) -> None:
    left = dedup(
        chain, [("common_crawl/a", "床前明月光，疑是地上霜。"), ("c4/b", "他说：“床前明月光，疑是”天下")]
    )
    assert chain.texts(left)["c4/b"] == "他说：“ 天下"


def test_words_are_compared_case_folded_and_without_apostrophes(chain: Any) -> None:
    left = dedup(chain, [("common_crawl/a", "STRASSE don’t éa ß"), ("c4/b", "x straße Don't ÉA ss y")])
    assert chain.texts(left)["c4/b"] == "x y"


def test_boilerplate_of_a_thousand_documents_stays_in_one(chain: Any) -> None:
    notice = f"This notice {numbered(0, 60)} ends."
    texts = {f"c4/{n}": f"Own text {n}.\n\n{notice}\n\n{n} own text." for n in range(1000)}
    left = dedup(
        chain, *([(k, v)] for k, v in list(texts.items())[:3]), list(texts.items())[3:], min_words=50
    )
    first = min(texts, key=rank)
    assert chain.texts(left) == {
        name: texts[name] if name == first else f"Own text {name[3:]}.\n\n{name[3:]} own text."
        for name in texts
    }
    assert {row["partner"] for row in chain.ledger(left)} == {first}


def test_twenty_thousand_equal_documents_take_linear_time(chain: Any) -> None:
    """Were they compared in pairs, this would be 2 * 10^9 comparisons of windows."""
    names = [f"c4/{n}" for n in range(20_000)]
    left = dedup(chain, [(name, numbered(0, 60)) for name in names], min_words=50)
    assert list(chain.texts(left)) == [min(names, key=rank)]
    assert left.dropped == {SHORT: 19_999}


@pytest.mark.parametrize("keep", ["none", "first"])
def test_small_pieces_and_many_ranges_give_the_same(
    chain: Any, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    texts = [numbered(n * 7 % 90, 5 + n % 17) + f" own{n}" for n in range(60)]
    shards = [[(f"c4/{s}/{d}", texts[20 * s + d]) for d in range(20)] for s in range(3)]
    whole = dedup(chain, *shards, keep=keep)
    monkeypatch.setattr(substrings, "DESTINATION_BYTES", 2000)
    monkeypatch.setattr(substrings, "ROWS_PER_PASS", 30)
    monkeypatch.setattr(repeats, "ROWS_PER_PASS", 30)
    monkeypatch.setattr(spans, "WINDOWS_PER_PASS", 20)
    monkeypatch.setattr(window_rows, "PIECE_ANCHORS", 7)
    monkeypatch.setattr(exchange_writer, "SPILL_BYTES", 100)
    pieces = dedup(chain, *shards, keep=keep)
    assert chain.texts(pieces) == chain.texts(whole)
    assert chain.ledger(pieces) == chain.ledger(whole)
    assert whole.edited["repeated_span"] > 20


WORDS = st.lists(st.sampled_from("ab"), max_size=14).map(" ".join) | st.lists(
    st.sampled_from(["a", "b", "C", "É", "7"]), max_size=14
).map(" ".join)


@pytest.mark.slow
@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(2, 5),
    st.sampled_from(["first", "none"]),
    st.sampled_from(["all", "source"]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_a_comparison_of_all_windows(
    chain: Any, shards: list[list[str]], size: int, keep: str, within: str
) -> None:
    named = [
        [(f"{('c4', 'wikipedia')[d % 2]}/{s}{d}", text) for d, text in enumerate(shard)]
        for s, shard in enumerate(shards)
    ]
    given_texts = dict(row for shard in named for row in shard)
    left = dedup(chain, *named, min_words=size, keep=keep, within=within)
    words = {name: text.lower().split() for name, text in chain.texts(left).items()}
    given_words = {name: re.findall(r"\w+", text.lower()) for name, text in given_texts.items()}
    assert words == units_left(given_words, size, keep, within)
    other = dedup(chain, *(shard[::-1] for shard in named[::-1]), min_words=size, keep=keep, within=within)
    assert chain.texts(other) == chain.texts(left)


@pytest.mark.real
def test_two_dumps_of_one_site_share_their_threads(chain: Any, run_stage: Any, shared_data: Path) -> None:
    """What is left after one run has next to nothing to remove in another: only what seams brought together."""
    ingested = run_stage(StackExchangeIngest(input=(str(shared_data / "stackexchange/beer*/Posts.xml"),)))
    threads = run_stage(StackExchangeThreads(), [ingested])
    left = chain.run(DedupSubstrings(), threads)[-1]
    assert left.edited["repeated_span"] > 50
    again = chain.run(DedupSubstrings(), left)[-1]
    assert sum(again.edited.values()) + sum(again.dropped.values()) <= 2
    partners = {row["partner"] for row in chain.ledger(left)}
    assert None not in partners and partners <= set(chain.texts(threads))
