"""Substring dedup: which spans go, which occurrence stays, how the text is joined, and what the ledger says."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.documents import SOURCES
from stages.dedup.substrings import DedupSubstrings
from stages.kernels.hashing import hash_strings

SHORT = "short_after_span_dedup"


def dedup(chain: Any, *shards: Any, **options: Any) -> Any:
    return chain.run(DedupSubstrings(**{"min_words": 4} | options), chain.given(*shards))[-1]


def rank(name: str) -> tuple[int, int]:
    source = name.split("/")[0]
    place = SOURCES.index(source) if source in SOURCES else len(SOURCES)
    return place, int(hash_strings(pa.array([name]))[0]) >> 8


def reference(
    documents: dict[str, str], size: int, keep: str = "first", within: str = "all"
) -> dict[str, list[str]]:
    """The words that stay of each document, by comparing every window with every other one."""
    words = {name: re.findall(r"\w+", text.lower()) for name, text in documents.items()}
    windows = [
        (name, place) for name in sorted(words, key=rank) for place in range(len(words[name]) - size + 1)
    ]
    removed: dict[str, set[int]] = {name: set() for name in words}

    def key(name: str, place: int) -> Any:
        return words[name][place : place + size], name.split("/")[0] if within == "source" else ""

    for name, place in windows:
        same = [other for other in windows if key(*other) == key(name, place)]
        first = same[0]
        apart = [w for w in same if w[0] != first[0] or w[1] >= first[1] + size]
        if (name, place) in (apart if keep == "first" or not apart else same):
            removed[name] |= set(range(place, place + size))
    return {
        name: [w for i, w in enumerate(words[name]) if i not in removed[name]]
        for name in words
        if len(removed[name]) < len(words[name]) or not words[name]
    }


WORDS = st.lists(st.sampled_from("ab"), max_size=14).map(" ".join) | st.lists(
    st.sampled_from(["a", "b", "C", "É", "7"]), max_size=14
).map(" ".join)


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
    assert words == reference(given_texts, size, keep, within)
    other = dedup(chain, *(shard[::-1] for shard in named[::-1]), min_words=size, keep=keep, within=within)
    assert chain.texts(other) == chain.texts(left)
