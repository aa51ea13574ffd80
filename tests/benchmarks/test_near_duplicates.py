"""The labels of the near dedup benchmark: exact similarities, variants, and what is counted of a tool's answer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus import cut, deleted, generated, inserted, replaced
from benchmarks.labels import (
    EDITS,
    Pairs,
    our_shingles,
    plain_shingles,
    plain_words,
    similar_pairs,
    variants,
)
from benchmarks.near_duplicates import (
    bucket_pairs,
    codes,
    document_scores,
    pair_scores,
    recall_by_bin,
)

LETTERS = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=14).map(" ".join), min_size=1, max_size=8
)


def brute_force(texts: list[str], floor: float) -> list[tuple[int, int, float]]:
    sets = []
    for text in texts:
        words = text.split()
        width = min(5, len(words))
        sets.append({tuple(words[i : i + width]) for i in range(len(words) - width + 1)})
    found = []
    for i, j in itertools.combinations(range(len(texts)), 2):
        jaccard = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        if jaccard >= floor:
            found.append((i, j, jaccard))
    return found


@settings(max_examples=60, deadline=None)
@given(LETTERS)
def test_similarities_are_those_of_brute_force(texts: list[str]) -> None:
    for shingles in (our_shingles(texts), plain_shingles(texts)):
        pairs = similar_pairs(shingles, 0.3)
        found = list(zip(pairs.one.tolist(), pairs.other.tolist(), pairs.jaccard.tolist(), strict=True))
        assert found == brute_force(texts, 0.3)


def test_plain_words_are_folded_and_lose_the_punctuation_around_them() -> None:
    assert plain_words("“Don't” — STOP, now... $5.00 (Straße)!") == [
        "don't",
        "stop",
        "now",
        "5.00",
        "strasse",
    ]


def test_texts_are_cut_into_100_to_1000_words_and_nothing_of_them_is_lost_but_short_ends() -> None:
    text = " ".join(f"w{i}" for i in range(5_000))
    pieces = list(cut([text, "too short"], 1))
    lengths = [len(piece.split()) for piece in pieces]
    assert all(100 <= length <= 1_001 for length in lengths)
    assert text.startswith(" ".join(pieces))
    assert 5_000 - sum(lengths) < 1_001
    assert pieces == list(cut([text, "too short"], 1))


def test_a_text_without_spaces_is_one_long_word() -> None:
    assert list(cut(["字" * 5_000], 1)) == ["字" * 5_000]
    assert list(cut(["字" * 500], 1)) == []


def test_generated_words_follow_each_other_in_the_texts_they_come_from() -> None:
    source = "a b c a c b a"
    (text,) = generated([source], 1, 3, words=50)
    follows = set(itertools.pairwise(source.split())) | {("a", "a")}  # the end leads to the beginning
    assert len(text.split()) == 50
    assert set(itertools.pairwise(text.split())) <= follows


def test_word_edits_change_the_share_of_words_that_they_name() -> None:
    words = [f"w{i}" for i in range(20_000)]
    other = ["x"]
    assert replaced(words, 0.05, other, np.random.default_rng(1)).count("x") == pytest.approx(1_000, rel=0.1)
    assert len(deleted(words, 0.05, np.random.default_rng(1))) == pytest.approx(19_000, rel=0.01)
    added = inserted(words, 0.05, other, np.random.default_rng(1))
    assert [word for word in added if word != "x"] == words
    assert added.count("x") == pytest.approx(1_000, rel=0.1)


def test_variants_are_seeded_and_each_edit_does_what_its_name_says() -> None:
    texts = [" ".join(f"d{row}w{i}" for i in range(200)) for row in range(12)]
    made = variants(texts, 120, 7)
    assert made == variants(texts, 120, 7)
    assert made != variants(texts, 120, 8)
    assert {name for _, name, _ in made} == set(EDITS)
    for row, name, text in made:
        words = text.split()
        own = [word for word in words if word.startswith(f"d{row}w")]
        if name == "truncate":
            assert texts[row].startswith(text)
            assert 100 <= len(words) <= 200
        if name == "merge":
            assert text.startswith(texts[row])
            assert len(words) == 400
        if name == "boilerplate":
            assert text.endswith(texts[row])
            assert 210 <= len(words) <= 300
        if name == "delete":
            assert own == words
            assert len(words) <= 200
        if name in ("replace", "insert"):
            assert len(words) >= 200
            assert len(own) >= 150


def test_pairs_of_a_bucket_are_all_pairs_of_its_rows_once() -> None:
    keys = np.array([7, 7, 7, 9, 9, 3])
    rows = np.array([0, 2, 1, 1, 0, 5])
    assert bucket_pairs(keys, rows, 10).tolist() == [1, 2, 12]


TRUTH = Pairs(np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4]), np.array([0.95, 0.85, 0.5, 0.8]))


def test_precision_and_recall_count_pairs_of_the_threshold() -> None:
    found = codes(np.array([1, 2, 1]), np.array([0, 0, 2]), 10)
    precision, recall, f1 = pair_scores(found, TRUTH, 0.8, 10)
    assert (precision, recall) == (2 / 3, 2 / 3)
    assert f1 == pytest.approx(2 / 3)


def test_a_removed_document_needs_a_kept_one_and_a_kept_one_must_not_have_another() -> None:
    assert document_scores(np.array([1, 2, 4]), TRUTH, 0.8, 10) == (0, 0)
    assert document_scores(np.array([0, 1, 2, 5]), TRUTH, 0.8, 10) == (4, 1)
    assert document_scores(np.array([2]), TRUTH, 0.8, 10) == (0, 2)


def test_recall_stands_beside_the_theory_of_its_bin() -> None:
    bins = recall_by_bin(codes(np.array([0]), np.array([1]), 10), TRUTH, 2, 1, 10)
    assert [total for total, _, _ in bins] == [0, 0, 1, 0, 0, 2, 1]
    assert bins[6] == (1, 1.0, pytest.approx(1 - 0.05**2))
    assert bins[2] == (1, 0.0, pytest.approx(0.75))
