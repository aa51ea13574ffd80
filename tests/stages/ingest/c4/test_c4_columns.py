"""C4 columns: only texts that normalisation may change go through it; blank texts are told as Python tells them."""

from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import normalize_text
from stages.ingest.base import Loss, RawBatch
from stages.ingest.c4.columns import UNSETTLED, Columns, to_records

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def records_of(texts: list[str], timestamps: list[str | None] | None = None) -> list[RawBatch | Loss]:
    columns = Columns(
        5,
        pa.array(texts, pa.large_string()),
        pa.array(timestamps or [None] * len(texts), pa.string()),
        pa.array([f"u{i}" for i in range(len(texts))]),
    )
    return list(to_records(columns, "c4", "a"))


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
def test_texts_come_out_as_by_normalize_text(texts: list[str]) -> None:
    found = {
        row["id"]: row["text"]
        for record in records_of(texts)
        if isinstance(record, RawBatch)
        for row in record.documents.to_pylist()
    }
    public = normalize_text(pa.array(texts, pa.large_string())).to_pylist()
    assert found == {f"c4/a/{5 + i}": public[i] for i, text in enumerate(texts) if text.strip()}


def test_every_white_space_of_python_makes_a_blank_text() -> None:
    white = [character for character in CHARACTERS if character.isspace()]
    texts = ["", *white, *(character + "\n" for character in white)]
    assert [record.rule for record in records_of(texts) if isinstance(record, Loss)] == ["empty_text"] * len(
        texts
    )


def test_text_behind_white_space_is_no_blank() -> None:
    loss, batch = records_of(["\u3000 x", " "])
    assert loss == Loss("6", "empty_text", url="u1")
    assert isinstance(batch, RawBatch)
    assert batch.documents["text"].to_pylist() == ["\u3000 x"]


def test_times_are_written_as_json() -> None:
    (batch,) = records_of(["x"] * 3, ["2019", None, "2020"])
    (odd,) = records_of(["x"] * 3, ['"\\\n\x7f', None, "é"])
    assert isinstance(batch, RawBatch)
    assert isinstance(odd, RawBatch)
    assert batch.documents["metadata"].to_pylist() == ['{"timestamp":"2019"}', "{}", '{"timestamp":"2020"}']
    assert odd.documents["metadata"].to_pylist() == [
        '{"timestamp":"\\"\\\\\\n\x7f"}',
        "{}",
        '{"timestamp":"é"}',
    ]
