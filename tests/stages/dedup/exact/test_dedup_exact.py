"""Exact dedup: what is equal, who is kept, by text and by raw content, and mistakes of the user."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from stages.core.errors import UserError
from stages.dedup.exact import verb as exact
from stages.dedup.exact.verb import DedupExact


def dedup(chain: Any, *shards: Any, metadata: dict[str, str] | None = None, **options: Any) -> Any:
    return chain.run(DedupExact(**options), chain.given(*shards, metadata=metadata))[-1]


def partners(chain: Any, left: Any) -> dict[str, str]:
    return {row["id"]: row["partner"] for row in chain.ledger(left)}


def test_only_equal_texts_are_duplicates(chain: Any) -> None:
    left = dedup(chain, [("c4/b", "one"), ("c4/c", "One")], [("c4/a", "one"), ("c4/d", "one "), ("c4/e", "")])
    assert partners(chain, left) == {"c4/b": "c4/a"}
    assert [(r["rule"], r["value"], r["threshold"]) for r in chain.ledger(left)] == [
        ("exact_duplicate", 1.0, 1.0)
    ]


def test_empty_documents_are_equal_to_each_other(chain: Any) -> None:
    assert partners(chain, dedup(chain, [("c4/a", ""), ("c4/b", ""), ("c4/c", "x")])) == {"c4/b": "c4/a"}


def test_the_keeper_has_the_first_source_then_the_smallest_id(chain: Any) -> None:
    shard = [("books/a", "one"), ("c4/z", "one"), ("c4/b", "one")]
    assert partners(chain, dedup(chain, shard)) == {"books/a": "c4/b", "c4/z": "c4/b"}
    other = dedup(chain, shard, priority=("books", "c4"))
    assert partners(chain, other) == {"c4/b": "books/a", "c4/z": "books/a"}


def test_within_each_source_or_across_all(chain: Any) -> None:
    shard = [("books/a", "one"), ("c4/b", "one"), ("c4/c", "one")]
    assert partners(chain, dedup(chain, shard, within="source")) == {"c4/c": "c4/b"}


def test_code_by_its_raw_content_and_other_documents_by_text(chain: Any) -> None:
    """Equal code under two licence headers: equal texts, two contents. A JSON string cannot pass for the key."""
    shard = [
        ("github/a", "x = 1"),
        ("github/b", "x = 1"),
        ("github/c", "x = 1"),
        ("c4/d", "t"),
        ("c4/e", "t"),
    ]
    metadata = {
        "github/a": '{"content_hash":"00aa"}',
        "github/b": '{"content_hash":"00bb"}',
        "github/c": '{"path":"a","content_hash":"00aa"}',
        "c4/e": json.dumps({"title": '"content_hash":"00aa"'}, separators=(",", ":")),
    }
    by_content = dedup(chain, shard, metadata=metadata, by="content")
    assert partners(chain, by_content) == {"github/c": "github/a", "c4/e": "c4/d"}
    by_text = dedup(chain, shard, metadata=metadata)
    assert partners(chain, by_text) == {"github/b": "github/a", "github/c": "github/a", "c4/e": "c4/d"}


def test_order_and_sharding_change_nothing(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [(f"c4/{n}", f"text {n % 17}") for n in range(60)]
    left = dedup(chain, documents)
    assert len(chain.texts(left)) == 17
    shuffled = random.Random(1).sample(documents, len(documents))
    monkeypatch.setattr(exact, "DESTINATION_ROWS_BYTES", 5_000)
    other = dedup(chain, shuffled[:7], [], shuffled[7:])
    assert partners(chain, other) == partners(chain, left)
    assert chain.texts(other) == chain.texts(left)


def test_an_id_that_repeats_is_named(chain: Any) -> None:
    with pytest.raises(UserError, match="two documents have the id 'c4/a'"):
        dedup(chain, [("c4/a", "one")], [("c4/a", "one")])


def test_a_priority_that_names_no_source_or_one_twice_is_refused(chain: Any) -> None:
    with pytest.raises(UserError, match="priority: no source 'boks'; known: common_crawl"):
        dedup(chain, [("books/a", "one")], priority=("boks",))
    with pytest.raises(UserError, match="priority: books is there twice"):
        dedup(chain, [("books/a", "one")], priority=("books", "books"))
    left = dedup(chain, [("mine/a", "one"), ("books/b", "one")], priority=("mine",))
    assert partners(chain, left) == {"books/b": "mine/a"}
