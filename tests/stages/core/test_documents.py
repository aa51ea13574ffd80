"""Documents: the schema's types, and the public form of text."""

from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from stages.core import documents
from stages.core.documents import (
    DOCUMENT_SCHEMA,
    UNSETTLED,
    document_batch,
    normalize_text,
    to_valid_unicode,
)

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def test_missing_nullable_columns_become_null_and_text_is_normalised() -> None:
    batch = document_batch(
        {"id": ["a"], "source": ["c4"], "text": ["cafe\u0301\r\nb\rc\0"], "metadata": ["{}"]}
    )
    assert batch.schema == DOCUMENT_SCHEMA
    assert batch.to_pylist() == [
        {
            "id": "a",
            "source": "c4",
            "text": "caf\u00e9\nb\nc",
            "url": None,
            "language": None,
            "language_score": None,
            "perplexity": None,
            "quality": None,
            "metadata": "{}",
        }
    ]


@given(st.lists(st.text()))
def test_public_form_is_nfc_with_newlines_and_stays_so(texts: list[str]) -> None:
    once = normalize_text(pa.array(texts, pa.large_string()))
    expected = [
        unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""))
        for text in texts
    ]
    assert once.to_pylist() == expected
    assert normalize_text(once) == once


@given(st.text(st.characters(codec=None)))
def test_any_python_string_can_be_stored(text: str) -> None:
    mended = to_valid_unicode(text)
    assert pa.array([mended], pa.large_string()).to_pylist() == [mended]


def test_surrogate_pairs_join_and_lone_ones_are_replaced() -> None:
    assert to_valid_unicode("a\ud83d\ude00b\ud800c") == "a\U0001f600b\ufffdc"


def test_settled_characters_never_change_and_never_melt() -> None:
    """Each is assigned, its own NFC, of combining class 0, and no second part of a composition."""
    second_parts = {
        chr(int(parts[1], 16))
        for character in CHARACTERS
        if len(parts := unicodedata.decomposition(character).split()) == 2 and not parts[0].startswith("<")
    } | {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    unsettled = pc.match_substring_regex(pa.array(CHARACTERS), UNSETTLED).to_pylist()
    settled = [
        character for character, is_unsettled in zip(CHARACTERS, unsettled, strict=True) if not is_unsettled
    ]
    wrong = [
        hex(ord(character))
        for character in settled
        if character in second_parts
        or unicodedata.combining(character)
        or unicodedata.category(character) == "Cn"
        or not unicodedata.is_normalized("NFC", character)
    ]
    assert wrong == []
    assert len(settled) > 37_000
    assert normalize_text(pa.array(settled, pa.large_string())).to_pylist() == settled


@given(
    st.lists(
        st.text(max_size=20) | st.text(alphabet="ab\r\n\0e\u0301\u1100\u1161\u11a8\u2126é", max_size=8),
        max_size=6,
    )
)
def test_texts_that_are_passed_over_would_not_change(texts: list[str]) -> None:
    column = pa.array(texts, pa.large_string())
    assert normalize_text(column).to_pylist() == documents._normalized(column).to_pylist()
