"""The table of languages: it has the languages that it must, English is as published, every stop word can be found."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest

from stages.filter.rule_languages import RuleLanguage, english, rule_language, rule_languages
from stages.filter.rules.language import LLAMA_LANGUAGES
from stages.kernels.words.gopher import quality_counts

TWENTY_MORE = "zh ja ko th hi ar fa he tr vi id el fi no et lv lt sk bn ur".split()


def test_it_has_the_languages_of_llama_and_twenty_more() -> None:
    assert {*LLAMA_LANGUAGES, *TWENTY_MORE} <= set(rule_languages())


def test_english_is_as_published() -> None:
    words = ("the", "be", "to", "of", "and", "that", "have", "with")
    assert english() == RuleLanguage("en", 1.0, 1.0, 1.0, words, ".?!\"'")


@pytest.mark.parametrize(
    "own", {own.code: own for own in rule_languages().values()}.values(), ids=lambda o: o.code
)
def test_every_stop_word_is_found_and_every_number_is_one(own: RuleLanguage) -> None:
    assert len(set(own.stop_words)) == len(own.stop_words) <= 64
    assert all(unicodedata.is_normalized("NFC", word) for word in own.stop_words)  # as documents are
    text = " ".join(f"({word.upper()})," for word in own.stop_words)
    found = quality_counts(pa.array([text], pa.large_string()), own.stop_words, "", own.spaced)
    assert found["stop_words"].tolist() == [len(own.stop_words)]
    assert 0.5 < own.words < 6
    assert 0 < own.word_length < 2
    assert 0 < own.chars < 2
    assert all(not c.isalnum() for c in own.marks)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("zh-TW", "zh"),
        ("pt_BR", "pt"),
        ("simple", "en"),
        ("nb", "no"),
        ("sh", "sr"),
    ],
)
def test_names_of_a_language(name: str, code: str) -> None:
    own = rule_language(name)
    assert own is not None
    assert own.code == code


@pytest.mark.parametrize("name", ["", "xx", "zhx", "unknown", "-zh", "aliases"])
def test_names_of_no_language_that_is_known(name: str) -> None:
    assert rule_language(name) is None


@pytest.mark.parametrize(("code", "characters"), [("en", 1), ("vi", 1), ("zh", 2), ("ja", 2), ("th", 5)])
def test_characters_that_stand_for_a_word(code: str, characters: int) -> None:
    assert rule_languages()[code].word_chars == characters
