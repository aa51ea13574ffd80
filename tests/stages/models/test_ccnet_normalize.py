"""The form in which language models see a text: CCNet's, character for character."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from stages.models.ccnet_normalize import MAX_SENTENCE_CHARS, lines_of, whole_of

PUNCTUATION = {
    **dict.fromkeys("，、", ","),
    **dict.fromkeys("。", "."),
    **dict.fromkeys("„”“«»１」「《》", '"'),
    **dict.fromkeys("´’", "'"),
    **dict.fromkeys("∶：", ":"),
    "？": "?",
    "！": "!",
    "（": "(",
    "）": ")",
    "；": ";",
    "–": "-",
    "—": " - ",
    "．": ". ",
    "～": "~",
    "…": "...",
    "━": "-",
    "〈": "<",
    "〉": ">",
    "【": "[",
    "】": "]",
    "％": "%",
    "►": "-",
}


def reference(line: str) -> str:
    """cc_net/text_normalizer.py, `normalize` with its defaults."""
    line = line.strip().lower()
    line = "".join(c for c in unicodedata.normalize("NFD", line) if unicodedata.category(c) != "Mn")
    line = re.sub(r"\d", "0", line)
    line = "".join(PUNCTUATION.get(c, c) for c in line)
    return re.sub("[\x00-\x1f\x7f-\x9f]", "", line)


TEXT = st.text(
    st.one_of(
        st.characters(blacklist_categories=["Cs"]),
        st.sampled_from("".join(PUNCTUATION) + "abcÀéİßǅ١１２９\x00\x1f\x7f\x85\xa0 \t"),
    )
)


@given(TEXT)
def test_a_line_becomes_what_ccnet_makes_of_it(text: str) -> None:
    line = text.replace("\n", " ")
    expected = reference(line)
    assert lines_of(line) == ([expected] if expected else [])


@given(TEXT)
def test_a_document_as_one_line_loses_its_line_ends_as_in_ccnet(text: str) -> None:
    expected = reference(text)
    assert whole_of(text) == ([expected] if expected else [])


def test_quirk_the_full_width_one_is_a_digit_before_it_is_a_quotation_mark() -> None:
    assert lines_of("Nr. １ «x»") == ['nr. 0 "x"']


def test_lines_are_stripped_and_empty_ones_left_out() -> None:
    assert lines_of("  One \n\n\t\n Two\x00 \n\x01\n") == ["one", "two"]


def test_a_line_of_many_characters_is_several_sentences() -> None:
    found = lines_of("ab" * MAX_SENTENCE_CHARS)
    assert [len(part) for part in found] == [MAX_SENTENCE_CHARS] * 2
    assert "".join(found) == "ab" * MAX_SENTENCE_CHARS
