"""Words and word shingles, by the kernels and by plain Python."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.kernels.unicode.code_points import IGNORED, SEPARATOR, SINGLE, word_character
from stages.kernels.words.ngrams import sketch_shingles

MASK = (1 << 64) - 1
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]), st.sampled_from("abAB  \n.'’-ßé\u0301İΣ日本カไทย1٣_\u00ad")
)
TEXTS = st.text(CHARACTERS, max_size=80)


def mix(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def word_hash(word: str) -> int:
    value = 0xCBF29CE484222325
    for character in word:
        value = (value ^ ord(character)) * 0x100000001B3 & MASK
    return mix(value)


def reference_words(text: str, fold: bool) -> list[str]:
    words: list[str] = []
    current = ""
    for character in text:
        kind, becomes = word_character(character, fold)
        if kind == IGNORED:
            continue
        if kind in (SEPARATOR, SINGLE) and current:
            words.append(current)
            current = ""
        if kind == SINGLE:
            words.append(becomes)
        elif kind != SEPARATOR:
            current += becomes
    return [*words, current] if current else words


def reference_shingles(text: str, num_words: int, fold: bool) -> list[int]:
    hashes = [word_hash(word) for word in reference_words(text, fold)]
    width = min(num_words, len(hashes))
    shingles = []
    for start in range(len(hashes) - width + 1 if hashes else 0):
        rolled = 0
        for value in hashes[start : start + width]:
            rolled = (rolled * 0x9E3779B97F4A7C15 + value) & MASK
        shingles.append(mix(rolled * 0xD6E8FEB86659FD93 & MASK))
    return shingles


def shingles_of(text: str, num_words: int = 5, scale: int = 1, fold: bool = False) -> list[int]:
    sketches = sketch_shingles(pa.array([text], pa.large_string()), num_words, scale, fold)
    return [int(value) for value in sketches.hashes]


@given(TEXTS, st.integers(1, 6), st.booleans())
def test_shingles_equal_plain_python(text: str, num_words: int, fold: bool) -> None:
    assert shingles_of(text, num_words, fold=fold) == sorted(set(reference_shingles(text, num_words, fold)))


@given(st.integers(1015, 1045), st.integers(1, 5))
@settings(max_examples=20)
def test_texts_longer_than_a_tile(count: int, num_words: int) -> None:
    text = " ".join(str(number) for number in range(count))
    expected = reference_shingles(text, num_words, False)
    assert shingles_of(text, num_words) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, don’t stop_it!", ["dont", "stop", "dont", "stop", "it"]),
        ("Straße ΟΔΟΣ", ["strasse", "οδοσ"]),  # case folding, not lower case
        ("日本語 です", ["日", "本", "語", "で", "す"]),  # no spaces between words: each character is one
        ("abc日def", ["abc", "日", "def"]),
        ("co\u00adop 3.14 x²", ["coop", "3", "14", "x²"]),
        (" .,\n", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert reference_words(text, False) == words
    assert shingles_of(text, 1) == sorted({*reference_shingles(" ".join(words), 1, False)})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Doña Perfecta's “café”", "Dona Perfectas cafe"),
        ("_Italic_ words—dashed", "italic words -- dashed"),
        ("Cæsar œuvre Straße", "Caesar oeuvre strasse"),
        ("naïve e\u0301", "naive é"),
        (unicodedata.normalize("NFD", "Ångström"), "angstrom"),
    ],
)
def test_folded_words_agree_between_encodings(one: str, other: str) -> None:
    assert shingles_of(one, 2, fold=True) == shingles_of(other, 2, fold=True)
    assert reference_words(one, True) == reference_words(other, True)


def test_a_text_of_few_words_has_one_shingle_and_none_without_words() -> None:
    assert len(shingles_of("only three words")) == 1
    assert shingles_of("only three words") != shingles_of("three only words")
    assert shingles_of("") == shingles_of("... !") == []


def test_a_sketch_holds_the_shingles_below_its_limit() -> None:
    text = " ".join(str(number) for number in range(5000))
    every = shingles_of(text, 3)
    assert shingles_of(text, 3, scale=16) == [value for value in every if value <= (1 << 60) - 1]
    sketches = sketch_shingles(pa.array(["a b", "", text], pa.large_string()), 3, 16, False)
    assert sketches.num_shingles.tolist() == [1, 0, 4998]
    assert np.all(np.diff(sketches.starts) >= 0)
