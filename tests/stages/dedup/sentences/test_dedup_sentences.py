"""Sentence dedup (C4's three-sentence spans): which spans go, which occurrence stays, and what the ledger says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core import exchange_writer
from stages.dedup.repeats import spans
from stages.dedup.repeats import windows as repeats
from stages.dedup.sentences import verb as sentences
from stages.dedup.sentences.verb import DedupSentences
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from tests.stages.dedup.repeats import rank, units_left

SHORT = "short_after_sentence_dedup"
FIRST, SECOND = sorted(("c4/a", "c4/b"), key=rank)


def dedup(chain: Any, *shards: Any, **options: Any) -> Any:
    return chain.run(DedupSentences(**{"min_left_sentences": 1} | options), chain.given(*shards))[-1]


def said(*numbers: int, by: str = " ") -> str:
    return by.join(f"This is what sentence {number} says." for number in numbers)


def test_three_sentences_stay_in_the_first_by_source(chain: Any) -> None:
    shards = [("c4/a", said(8, 1, 2, 3, 9))], [("common_crawl/b", said(1, 2, 3))]
    assert chain.texts(dedup(chain, *shards)) == {"c4/a": said(8, 9), "common_crawl/b": said(1, 2, 3)}
    left = dedup(chain, *shards, priority=("c4",))
    assert chain.texts(left) == {"c4/a": said(8, 1, 2, 3, 9)}
    assert left.dropped == {SHORT: 1}


def test_two_sentences_stay(chain: Any) -> None:
    texts = {"c4/a": said(1, 2, 3), "c4/b": said(1, 2, 4), "c4/c": said(1, 2), "c4/d": said(1, 2)}
    left = dedup(chain, list(texts.items()))
    assert chain.texts(left) == texts
    assert left.edited == {} and left.dropped == {}


def test_equal_documents_of_fewer_sentences_go_where_fewer_are_asked_for(chain: Any) -> None:
    left = dedup(chain, [("c4/a", said(1, 2)), ("c4/b", said(1, 2))], min_sentences=2)
    assert chain.texts(left) == {FIRST: said(1, 2)}


def test_spans_that_overlap_are_one(chain: Any) -> None:
    kept = {"common_crawl/a": said(1, 2, 3), "common_crawl/b": said(2, 3, 4), "common_crawl/c": said(4, 5, 6)}
    left = dedup(chain, list(kept.items()), [("c4/d", said(0, 1, 2, 3, 4, 5, 6, 7))])
    assert chain.texts(left) == kept | {"c4/d": said(0, 7)}
    (row,) = chain.ledger(left)
    assert row["detail"] == '{"spans":1,"sentences":8}'


def test_a_span_goes_over_lines_and_is_compared_by_its_words(chain: Any) -> None:
    text = f"Own.\n\nTHIS is what “sentence 1” says!\nThis is what\n{said(2, 3)}"
    other = f"This is what sentence 1 says.\n\nThis is what. {said(2)}\n\n{said(3)}"
    assert len(chain.texts(dedup(chain, [("common_crawl/a", other)], [("c4/b", text)]))["c4/b"]) == len(text)
    other = other.replace("what. ", "what\n")
    left = dedup(chain, [("common_crawl/a", other)], [("c4/b", text)])
    assert chain.texts(left)["c4/b"] == "Own."


def test_a_number_that_differs_makes_another_sentence(chain: Any) -> None:
    texts = {"c4/a": said(1, 2, 3), "c4/b": said(1, 22, 3)}
    assert chain.texts(dedup(chain, list(texts.items()))) == texts


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("床前明月光。疑是地上霜。举头望明月。", "低头思故乡。"),
        ("यह एक छोटा वाक्य है। दूसरा छोटा वाक्य यहाँ है। तीसरा छोटा वाक्य यहाँ है। ", "चौथा वाक्य।"),
        ("هل هذا صحيح يا أخي؟ نعم هذا صحيح يا أخي. وهل تعرف هذا يا أخي؟ ", "لا أعرف."),
        ("Это самое первое предложение здесь. А вот и второе здесь же… И третье тоже есть здесь! ", "Своё."),
    ],
)
def test_other_scripts(chain: Any, text: str, own: str) -> None:
    left = dedup(chain, [("common_crawl/a", text)], [("c4/b", text + own)])
    assert chain.texts(left)["c4/b"] == own


def test_three_equal_sentences_of_one_document_keep_one_window(chain: Any) -> None:
    left = dedup(chain, [("c4/a", said(1, 1, 1)), ("c4/b", said(*[2] * 7))])
    assert chain.texts(left) == {"c4/a": said(1, 1, 1), "c4/b": said(2, 2, 2)}


def test_a_span_twice_in_one_document_keeps_its_first_place(chain: Any) -> None:
    left = dedup(chain, [("c4/a", said(1, 2, 3, 4, 1, 2, 3, 5))])
    assert chain.texts(left) == {"c4/a": said(1, 2, 3, 4, 5)}
    assert [row["partner"] for row in chain.ledger(left)] == ["c4/a"]


def test_the_ledger_names_sentences_and_partner(chain: Any) -> None:
    text = said(1, 2, 3, 4, 50, 7, 8, 9)
    left = dedup(
        chain, [("common_crawl/a", said(1, 2, 3, 4))], [("common_crawl/b", said(7, 8, 9)), ("c4/c", text)]
    )
    assert chain.texts(left)["c4/c"] == said(50)
    (row,) = chain.ledger(left)
    expected = {
        "id": "c4/c",
        "action": "edit",
        "rule": "repeated_sentences",
        "value": 7.0,
        "threshold": 3.0,
        "partner": "common_crawl/a",
        "detail": '{"spans":2,"sentences":8}',
        "text_bytes": len(text) - len(said(50)),
    }
    assert {name: row[name] for name in expected} == expected
    removed = {"spans": 2, "removed_sentences": 7, "removed_bytes": len(text) - len(said(50))}
    assert left.facts[1] == removed | {"bytes": len(text) + len(said(7, 8, 9))}


def test_a_document_that_is_left_with_too_few_is_dropped_as_c4_does(chain: Any) -> None:
    shards = [
        ("common_crawl/a", said(1, 2, 3)),
        ("c4/b", said(1, 2, 3, 4, 5)),
        ("c4/c", said(1, 2, 3, 6, 7, 8)),
        ("c4/d", said(9)),
    ]
    left = chain.run(DedupSentences(), chain.given(shards))[-1]
    assert chain.texts(left) == {
        "common_crawl/a": said(1, 2, 3),
        "c4/c": said(6, 7, 8),
        "c4/d": said(9),
    }
    row = next(row for row in chain.ledger(left) if row["action"] == "drop")
    assert (row["id"], row["rule"], row["value"], row["threshold"]) == ("c4/b", SHORT, 2.0, 3.0)
    assert row["partner"] == "common_crawl/a"


def test_min_words_leaves_short_lines(chain: Any) -> None:
    menu, long = "Home\nAbout\nContact us\n", said(1, 2, 3)
    shard = [("common_crawl/a", menu + long), ("c4/b", menu + "Own\n" + long)]
    assert chain.texts(dedup(chain, shard))["c4/b"] == "Own"
    assert chain.texts(dedup(chain, shard, min_words=5))["c4/b"] == menu + "Own"


def test_keep_none_removes_the_first_occurrence_too(chain: Any) -> None:
    left = dedup(chain, [("c4/a", said(8, 1, 2, 3)), ("c4/b", said(9, 1, 2, 3))], keep="none")
    assert chain.texts(left) == {"c4/a": said(8), "c4/b": said(9)}
    assert {row["id"]: row["partner"] for row in chain.ledger(left)} == {"c4/a": "c4/b", "c4/b": "c4/a"}


def test_within_source_compares_only_inside_a_source(chain: Any) -> None:
    shard = [("c4/a", said(1, 2, 3)), ("c4/b", said(1, 2, 3)), ("books/c", said(1, 2, 3))]
    assert set(chain.texts(dedup(chain, shard, within="source"))) == {FIRST, "books/c"}


@pytest.mark.parametrize("keep", ["none", "first"])
def test_small_pieces_and_many_ranges_give_the_same(
    chain: Any, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    texts = [said(*range(n * 7 % 30, n * 7 % 30 + 4 + n % 5), 1000 + n) for n in range(60)]
    shards = [[(f"c4/{s}/{d}", texts[20 * s + d]) for d in range(20)] for s in range(3)]
    whole = dedup(chain, *shards, keep=keep)
    monkeypatch.setattr(sentences, "DESTINATION_BYTES", 2000)
    monkeypatch.setattr(repeats, "ROWS_PER_PASS", 30)
    monkeypatch.setattr(spans, "WINDOWS_PER_PASS", 20)
    monkeypatch.setattr(exchange_writer, "SPILL_BYTES", 100)
    pieces = dedup(chain, *shards, keep=keep)
    assert chain.texts(pieces) == chain.texts(whole)
    assert chain.ledger(pieces) == chain.ledger(whole)
    assert whole.edited["repeated_sentences"] > 20


TEXTS = st.lists(st.tuples(st.sampled_from("abC"), st.sampled_from([" ", "\n", "\n\n"])), max_size=9)


@pytest.mark.slow
@given(
    st.lists(st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(1, 4),
    st.sampled_from(["first", "none"]),
    st.sampled_from(["all", "source"]),
    st.integers(1, 3),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_a_comparison_of_all_windows(
    chain: Any,
    shards: list[list[list[tuple[str, str]]]],
    size: int,
    keep: str,
    within: str,
    least: int,
) -> None:
    named = [
        [
            (f"{('c4', 'wikipedia')[d % 2]}/{s}{d}", "".join(f"It is all about {a}x.{b}" for a, b in text))
            for d, text in enumerate(shard)
        ]
        for s, shard in enumerate(shards)
    ]
    options = {"min_sentences": size, "keep": keep, "within": within, "min_left_sentences": least}
    left = dedup(chain, *named, **options)
    given_units = {name: text.split()[4::5] for shard in named for name, text in shard}
    assert {name: text.split()[4::5] for name, text in chain.texts(left).items()} == units_left(
        given_units, size, keep, within, least
    )
    other = dedup(chain, *(shard[::-1] for shard in named[::-1]), **options)
    assert chain.texts(other) == chain.texts(left)


@pytest.mark.real
def test_threads_that_a_dump_repeats(chain: Any, run_stage: Any, shared_data: Path) -> None:
    ingested = run_stage(StackExchangeIngest(input=(str(shared_data / "stackexchange/beer*/Posts.xml"),)))
    threads = run_stage(StackExchangeThreads(), [ingested])
    left = chain.run(DedupSentences(), threads)[-1]
    assert left.edited["repeated_sentences"] > 10
    partners = {row["partner"] for row in chain.ledger(left)}
    assert None not in partners and partners <= set(chain.texts(threads))
