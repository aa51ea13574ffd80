"""Numbers in English words."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.number_words import NUMBER_WORDS, number_in_words
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("-0", "zero"),
        ("13", "thirteen"),
        ("20", "twenty"),
        ("100", "one hundred"),
        ("1,001", "one thousand and one"),
        ("1100", "one thousand one hundred"),
        ("2000000", "two million"),
        ("1000000000000000000", None),
        ("0.05", "zero point zero five"),
        (".5", "zero point five"),
        ("7/16", "seven-sixteenths"),
        ("-1/8", "negative one-eighth"),
        ("3+1/8", "three and an eighth"),
        ("5/7", None),
        ("", None),
        ("six", None),
        ("1.2.3", None),
    ],
)
def test_what_the_wiki_spells_is_spelled(digits: str, words: str | None) -> None:
    assert number_in_words(digits) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [("9", "ninth"), ("40", "fortieth"), ("111", "one hundred and eleventh"), ("1000", "one thousandth")],
)
def test_an_ordinal_changes_the_last_word(digits: str, words: str) -> None:
    assert number_in_words(digits, ordinal=True) == words


def test_a_template_of_words_keeps_what_is_no_number() -> None:
    words = NUMBER_WORDS["number_to_words"]
    assert words("en", values_behind("many")) == "many"
    assert words("en", values_behind("42|adj=on|case=u")) == "Forty-two"
    assert words("en", values_behind("2|ord=on")) == "second"
