"""The automaton finds whole words and phrases, as C4's regular expression does, whatever surrounds them."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.match.phrase_automaton import count_listed_phrases, fold_phrase, phrase_automaton


def found(phrases: list[str], text: str) -> tuple[int, str | None]:
    """How many matches, and the first phrase found."""
    folded = [fold_phrase(phrase) for phrase in phrases]
    counts, _, first = count_listed_phrases(pa.array([text], pa.large_string()), phrase_automaton(folded))
    return int(counts[0]), None if first[0] < 0 else folded[first[0]]


@pytest.mark.parametrize(
    ("phrases", "text", "expected"),
    [
        (["ass"], "ASS class assess ass", (2, "ass")),
        (["ass"], "ass's ass-ass ass_ _ass as s", (3, "ass")),
        (["ass hole"], "an ass \n hole", (1, "ass hole")),
        (["ass", "ass hole"], "an ass hole", (1, "ass")),
        (["hole", "ass hole"], "an ass hole", (1, "ass hole")),
        (["Straße"], "STRASSE, straße; Strasse straßen", (3, "strasse")),
        (["ώς"], "ΏΣ ώσ", (2, "ώσ")),
        (["café"], "cafe\u0301 CAFÉ", (1, "café")),
        (["s&m"], "S&M s m as&m", (1, "s&m")),
        (["性"], "女性的", (1, "性")),
        (["アイ"], "アイアイ", (2, "アイ")),
        (["xyz"], "日本xyz日本 xyzw", (1, "xyz")),
        (["🖕"], "x🖕 🖕.", (1, "🖕")),
        (["अच्छा"], "अच्छा अच्छाई", (1, "अच्छा")),
        (["a"], "", (0, None)),
        (["abab", "ba"], "abab", (1, "abab")),
    ],
)
def test_what_is_found(phrases: list[str], text: str, expected: tuple[int, str | None]) -> None:
    assert found(phrases, text) == expected


def test_texts_of_a_batch_do_not_run_into_each_other() -> None:
    texts = pa.array(["ab", "c ab", "", "ab c", None], pa.large_string())
    counts, words, first = count_listed_phrases(texts, phrase_automaton(["ab c", "c"]))
    assert (counts.tolist(), words.tolist(), first.tolist()) == (
        [0, 1, 0, 1, 0],
        [1, 2, 0, 2, 0],
        [-1, 1, -1, 0, -1],
    )


LETTERS = st.text(alphabet="abé_-1. ", min_size=0, max_size=30)
PHRASES = st.lists(st.from_regex(r"[abé1][abé1 .-]{0,4}", fullmatch=True), min_size=1, max_size=5)


@given(PHRASES, LETTERS)
def test_a_match_is_found_exactly_where_c4s_expression_finds_one(phrases: list[str], text: str) -> None:
    folded = list(dict.fromkeys(fold_phrase(phrase) for phrase in phrases))
    expression = r"(?:\W|^)(?:{})(?:\W|$)".format("|".join(re.escape(phrase) for phrase in folded))
    line = re.sub(r"\s+", " ", text)
    assert (found(folded, text)[0] > 0) == (re.search(expression, line) is not None)
