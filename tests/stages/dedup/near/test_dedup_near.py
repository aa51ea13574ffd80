"""Near dedup: who is found, who is kept, what the ledger says, and that order and sharding change nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from stages.core import exchange_writer
from stages.core.errors import UserError
from stages.core.manifest import EXCHANGE
from stages.dedup.near import verb as near
from stages.dedup.near.verb import DedupNear
from tests.stages.dedup.near.near_texts import text_of, with_changes
from tests.wiring import Noted


def dedup(chain: Any, *shards: Any, **options: Any) -> Any:
    return chain.run(DedupNear(**options), chain.given(*shards))[-1]


def reasons(chain: Any, left: Any) -> dict[str, tuple[str, float, float]]:
    return {
        r["id"]: (r["partner"], round(r["value"], 2), round(r["threshold"], 2)) for r in chain.ledger(left)
    }


def test_a_near_duplicate_goes_and_names_what_is_kept(chain: Any) -> None:
    one = text_of(1)
    shards = ([("c4/a", one), ("c4/b", text_of(2))], [("c4/c", with_changes(one, 1)), ("c4/d", text_of(3))])
    left = dedup(chain, *shards)
    assert set(chain.texts(left)) == {"c4/c", "c4/b", "c4/d"}  # the longer one is kept
    assert left.dropped == {"near_duplicate": 1}
    partner, value, threshold = reasons(chain, left)["c4/a"]
    assert (partner, threshold) == ("c4/c", 0.72)
    assert 0.8 < value < 1.0


def test_case_punctuation_and_space_make_no_difference(chain: Any) -> None:
    one = text_of(1)
    left = dedup(chain, [("c4/a", one), ("c4/b", one.upper().replace(" ", ",\n"))])
    assert reasons(chain, left) == {"c4/a": ("c4/b", 1.0, 0.72)}


def test_the_keeper_has_the_first_source_then_the_longest_text_then_the_smallest_id(chain: Any) -> None:
    one = text_of(1)
    left = dedup(
        chain, [("books/a", one + " x y"), ("c4/b", one)], [("c4/d", one + " x"), ("c4/c", one + " x")]
    )
    assert set(chain.texts(left)) == {"c4/c"}
    assert {partner for partner, _, _ in reasons(chain, left).values()} == {"c4/c"}
    left = dedup(chain, [("books/a", one), ("c4/b", one)], priority=("books",))
    assert set(chain.texts(left)) == {"books/a"}


def test_documents_without_words_are_never_duplicates_and_short_ones_are(chain: Any) -> None:
    shard = [
        ("c4/a", ""),
        ("c4/b", ""),
        ("c4/c", "..."),
        ("c4/d", "word"),
        ("c4/e", "Word!"),
        ("c4/f", "two words"),
    ]
    left = dedup(chain, shard)
    assert reasons(chain, left) == {"c4/d": ("c4/e", 1.0, 0.72)}


def test_verified_clusters_do_not_chain(chain: Any) -> None:
    """Each differs a little from the one before, the last wholly from the first."""
    texts = [text_of(0, 400)]
    for step in range(8):
        words = texts[-1].split(" ")
        words[step * 40 : step * 40 + 40] = [f"step{step}word{n}" for n in range(40)]
        texts.append(" ".join(words))
    shard = [(f"c4/{n}", text) for n, text in enumerate(texts)]
    left = dedup(chain, shard)
    found = reasons(chain, left)
    assert 2 <= len(found) <= 6
    assert all(value >= 0.72 and partner in chain.texts(left) for partner, value, _ in found.values())
    chained = dedup(chain, shard, verify=False)
    assert len(chain.ledger(chained)) > len(found)


def test_identical_documents_in_tens_of_thousands(chain: Any) -> None:
    shards = [
        [(f"c4/{s}-{n:05d}", "the same ten words in every one of these documents") for n in range(15_000)]
        for s in range(2)
    ]
    outputs = chain.run(DedupNear(), chain.given(*shards))
    assert set(chain.texts(outputs[-1])) == {"c4/0-00000"}
    assert sum(file.rows for file in outputs[2].of_kind(EXCHANGE)) == 29_999


def test_order_and_sharding_change_nothing(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [
        (f"c4/{family}-{n}", with_changes(text_of(family), n)) for family in range(25) for n in range(5)
    ]
    left = dedup(chain, documents)
    assert 25 <= len(chain.texts(left)) < 100
    shuffled = random.Random(3).sample(documents, len(documents))
    monkeypatch.setattr(near, "DESTINATION_BYTES", 20_000)
    monkeypatch.setattr(exchange_writer, "SPILL_BYTES", 10_000)
    other = dedup(chain, shuffled[:50], shuffled[50:51], shuffled[51:])
    assert chain.texts(other) == chain.texts(left)
    assert reasons(chain, other) == reasons(chain, left)


def test_an_id_that_repeats_is_named(chain: Any) -> None:
    with pytest.raises(UserError, match="two documents have the id 'c4/a'"):
        dedup(chain, [("c4/a", text_of(1))], [("c4/a", text_of(1)), ("c4/b", text_of(2))])


def test_bands_come_from_the_threshold() -> None:
    assert DedupNear().banding() == (14, 8)
    bands, rows = DedupNear(threshold=0.8).banding()
    assert bands * rows <= 112
    found = 1 - (1 - 0.8**rows) ** bands
    assert found > 0.75
    assert DedupNear(threshold=0.5).banding()[1] < rows
    noted = Noted()
    assert DedupNear(threshold=0.8).wire(noted, "documents") == "remove"
    assert noted.inputs == {
        "near_sign": ("documents",),
        "near_match": ("near_sign", "documents"),
        "near_merge": ("near_match",),
        "near_cluster": ("near_merge", "documents"),
        "near_label": ("near_cluster", "near_sign", "documents"),
        "near_decide": ("near_label", "documents"),
        "near_store": ("near_sign", "near_decide", "documents"),
        "remove": ("documents", "near_decide"),
    }


def test_nothing_in_common_and_nothing_at_all(chain: Any) -> None:
    left = dedup(chain, [(f"c4/{n}", text_of(n)) for n in range(20)])
    assert len(chain.texts(left)) == 20
    assert chain.texts(dedup(chain)) == {}
