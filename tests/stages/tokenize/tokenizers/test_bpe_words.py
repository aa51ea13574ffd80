"""Byte-pair merges by a kernel: the ids of SentencePiece for any vocabulary, in its order of merging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.tokenize.tokenizers.bpe_words import BpeWords
from stages.tokenize.tokenizers.words import without_prefix
from tests.stages.bpe_models import model

LETTERS = "ab\u2581.é漢"


def both(proto: Any, words: Sequence[str]) -> tuple[list[list[int]], list[list[int]]]:
    """The kernel's ids of words, and SentencePiece's."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=without_prefix(proto.SerializeToString()))
    ids, offsets = BpeWords(proto, processor).encode(pa.array(words, pa.large_string()))
    found = [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(len(words))]
    return found, processor.encode(list(words))


def test_the_highest_score_is_joined_first_and_the_leftmost_of_equal_ones() -> None:
    found, theirs = both(
        model(["a", "b", "ab", "ba", "aa"], [-9, -9, -9, -1, -2, -2]), ["aba", "baab", "aaa", "bab"]
    )
    assert found == theirs
    ids = {"a": 260, "b": 261, "ab": 262, "ba": 263, "aa": 264}
    assert found[:3] == [[ids["ab"], ids["a"]], [ids["ba"], ids["ab"]], [ids["aa"], ids["a"]]]


def test_characters_without_a_piece_are_bytes() -> None:
    found, theirs = both(model(["a"]), ["aé", "漢", "\U0001f600a", ""])
    assert found == theirs
    assert found[0] == [260, 3 + 0xC3, 3 + 0xA9]


def test_the_character_of_a_space_is_a_space() -> None:
    found, theirs = both(
        model(["a", "\u2581a", "\u2581\u2581"]), [" a", "\u2581a", " \u2581a", "\u2581 ", "\xe2a"]
    )
    assert found == theirs
    assert found[0] == found[1]


@settings(max_examples=300)
@given(
    pieces=st.lists(
        st.text(LETTERS, min_size=1, max_size=5).filter(lambda p: "\u2581" not in p[1:]), max_size=40
    ),
    words=st.lists(st.text([*LETTERS, " ", "c", "\U0001f600"], max_size=60)),
    data=st.data(),
)
def test_any_vocabulary_has_the_ids_of_sentencepiece(pieces: list[str], words: list[str], data: Any) -> None:
    count = len(dict.fromkeys(["\u2581", *pieces]))
    scores = data.draw(st.lists(st.integers(-3, 0), min_size=count, max_size=count))
    found, theirs = both(model(pieces, scores), words)
    assert found == theirs


def test_a_word_that_is_too_long_for_the_kernel_goes_to_sentencepiece() -> None:
    words = ["ab" * 127, "ab" * 128, "ab" * 5000, "a" * 255, "漢" * 85, "漢" * 86]
    found, theirs = both(model(["a", "b", "ab", "abab", "aa"]), words)
    assert found == theirs


@pytest.mark.parametrize("length", [8, 16, 17, 33, 255, 256])
def test_pieces_of_every_length(length: int) -> None:
    """A piece is found by all its bytes, however many, when those that it is joined of are pieces."""
    pieces = ["a" * n for n in range(2, length + 1)] + ["a", "b"]
    found, theirs = both(model(pieces), ["a" * length, "a" * (length - 1) + "b", "b" + "a" * (length - 1)])
    assert found == theirs
