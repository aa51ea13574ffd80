"""Documents: the schema's types, and the public form of text."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import DOCUMENT_SCHEMA, document_batch, normalize_text, to_valid_unicode


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
