"""C4 columns: texts in public form; blank texts are told as Python tells them."""

from __future__ import annotations

import sys

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import normalize_text
from stages.ingest.c4.columns import Columns, to_records
from stages.ingest.raw import Loss, RawBatch

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def records_of(texts: list[str], timestamps: list[str | None] | None = None) -> list[RawBatch | Loss]:
    columns = Columns(
        5,
        pa.array(texts, pa.large_string()),
        pa.array(timestamps or [None] * len(texts), pa.string()),
        pa.array([f"u{i}" for i in range(len(texts))]),
    )
    return list(to_records(columns, "c4", "a"))


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
