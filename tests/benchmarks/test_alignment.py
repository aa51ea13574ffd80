"""Which words of a page stand in its gold text: what difflib finds."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.alignment import matched_words


@pytest.mark.parametrize(
    ("words", "gold", "found"),
    [
        ("a b c d", "b c", "0110"),
        ("the menu the cat sat there the end", "the cat sat", "00111000"),
        ("a b a b c", "a b c", "00111"),
        ("x y", "y x", "10"),
        ("x", "y", "0"),
        ("", "y", ""),
        ("x", "", "0"),
    ],
)
def test_longest_blocks_first(words: str, gold: str, found: str) -> None:
    assert matched_words(words.split(), gold.split()).tolist() == [mark == "1" for mark in found]


WORDS = st.lists(st.sampled_from("abcd"), max_size=24)


@given(WORDS, WORDS)
def test_as_difflib_without_junk(words: list[str], gold: list[str]) -> None:
    expected = [False] * len(words)
    for at, _, size in difflib.SequenceMatcher(None, words, gold, autojunk=False).get_matching_blocks():
        expected[at : at + size] = [True] * size
    assert matched_words(words, gold).tolist() == expected
