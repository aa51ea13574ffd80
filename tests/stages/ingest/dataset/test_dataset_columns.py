"""Rows of anyone's tables: what becomes a field of a document, and what is metadata."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.dataset.columns import RowReader, check_mapping, missing_column
from stages.ingest.json_lines import FieldsRow
from stages.ingest.raw import Loss, RawDocument


def read(columns: dict[str, str] | None = None, **fields: Any) -> RawDocument | Loss:
    return RowReader(columns or {}).document(FieldsRow(7, fields, 11))


def test_fields_come_from_columns_of_their_names_and_the_rest_is_metadata() -> None:
    assert read(id="a/1", text="t", url="u", language="de", quality=1, tags=["x"], none=None) == RawDocument(
        "7", "t", url="u", language="de", quality=1.0, metadata={"tags": ["x"]}, own_id="a/1"
    )


def test_a_mapping_says_which_columns_are_read() -> None:
    columns = {"text": "content", "id": "uid", "url": "link"}
    assert read(columns, content="t", uid=3, link="u", text="other", id="x") == RawDocument(
        "7", "t", url="u", metadata={"text": "other", "id": "x"}, own_id="3"
    )


@pytest.mark.parametrize(
    ("fields", "document"),
    [
        ({"id": True}, RawDocument("7", "t", metadata={"id": True})),
        ({"id": ""}, RawDocument("7", "t", metadata={"id": ""})),
        ({"id": [1]}, RawDocument("7", "t", metadata={"id": [1]})),
        ({"url": 5}, RawDocument("7", "t", metadata={"url": 5})),
        ({"language_score": "0.5"}, RawDocument("7", "t", language_score=0.5)),
        ({"language_score": "high"}, RawDocument("7", "t", metadata={"language_score": "high"})),
        ({"perplexity": float("nan")}, None),
        ({"source": "theirs"}, RawDocument("7", "t", metadata={"source": "theirs"})),
        ({"__index_level_0__": 4}, RawDocument("7", "t")),
        ({"blob": b"ab", "bytes": b"\xff"}, RawDocument("7", "t", metadata={"blob": "ab", "bytes": "/w=="})),
        ({"price": Decimal("1.50")}, RawDocument("7", "t", metadata={"price": "1.50"})),
        ({"day": datetime.date(2020, 1, 2)}, RawDocument("7", "t", metadata={"day": "2020-01-02"})),
        ({"large": 2**70}, RawDocument("7", "t", metadata={"large": str(2**70)})),
    ],
)
def test_a_value_of_another_kind_is_metadata(fields: dict[str, Any], document: RawDocument | None) -> None:
    found = read(text="t", **fields)
    if document is None:
        assert isinstance(found, RawDocument)
        assert found.perplexity is None
        assert list(found.metadata) == ["perplexity"]
    else:
        assert found == document


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ('{"a": 1}', {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ("no object", {"metadata": "no object", "b": 2}),
        ("[1]", {"metadata": "[1]", "b": 2}),
        ('{"b": 3}', {"metadata": '{"b": 3}', "b": 2}),
        ('{"metadata": 3}', {"metadata": 3, "b": 2}),
    ],
)
def test_foreign_metadata_is_taken_apart_where_it_is_an_object_and_never_lost(
    metadata: Any, kept: dict[str, Any]
) -> None:
    assert read(text="t", metadata=metadata, b=2) == RawDocument("7", "t", metadata=kept)


@pytest.mark.parametrize(
    ("fields", "loss"),
    [
        ({}, Loss("7", "missing_text", "none", text_bytes=11)),
        ({"text": None, "id": "a"}, Loss("7", "missing_text", "none", text_bytes=11, own_id="a")),
        ({"text": 5, "url": "u"}, Loss("7", "missing_text", "int", url="u", text_bytes=11)),
        ({"text": b"\xff"}, Loss("7", "encoding", "undecodable as utf-8 at byte 0", text_bytes=11)),
    ],
)
def test_a_row_without_a_text_is_a_ledger_row(fields: dict[str, Any], loss: Loss) -> None:
    assert read(**fields) == loss


@given(
    st.dictionaries(
        st.sampled_from(["id", "text", "url", "language", "quality", "metadata", "x", "y"]),
        st.none() | st.text() | st.integers() | st.floats(allow_nan=False) | st.lists(st.text(), max_size=2),
    )
)
def test_no_value_of_a_row_with_a_text_is_lost(fields: dict[str, Any]) -> None:
    found = read(**fields)
    if not isinstance(fields.get("text"), str):
        assert isinstance(found, Loss)
        return
    assert isinstance(found, RawDocument)
    there = {name for name, value in fields.items() if value is not None} - {"text"}
    taken = {"id": found.own_id, "url": found.url, "language": found.language, "quality": found.quality}
    assert there == {name for name, value in taken.items() if value is not None} | set(found.metadata)


def test_a_missing_column_is_one_line_that_lists_those_there() -> None:
    assert missing_column("f", {}, ["text", "a"]) is None
    assert str(missing_column("f", {}, ["content", "a"])) == (
        "f: no column 'text'; its columns: content, a; say which holds the text: `columns: {text: NAME}`, "
        "or ingest dataset --columns text=NAME"
    )
    assert str(missing_column("f", {"id": "uid"}, ["text"])) == "f: no column 'uid' for id; its columns: text"
    assert "and 60 more" in str(missing_column("f", {}, [f"c{i}" for i in range(100)]))


def test_a_mapping_of_no_field_or_of_one_column_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="txt: no field of a document; did you mean 'text'"):
        check_mapping({"txt": "a"})
    with pytest.raises(ValueError, match="two fields are read from one column"):
        check_mapping({"text": "a", "url": "a"})
