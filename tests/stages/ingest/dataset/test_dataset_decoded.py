"""What rows take when they are decoded: counted of every type before it is, so that references to one value add up."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import DamagedInputError
from stages.ingest.dataset import decoded
from stages.ingest.dataset.decoded import batch_bytes, bounded_slices, plain_type, value_bytes

WORDS = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0], pa.int32()), pa.array(["x" * 100, "y"]))
ARRAYS: dict[str, tuple[Any, list[int]]] = {
    "numbers": (pa.array([1, None, 3]), [8, 8, 8]),
    "nothing": (pa.nulls(2), [8, 8]),
    "texts": (pa.array(["a", None, "\u00fcb"]), [9, 8, 11]),
    "views": (pa.array(["a", "b" * 100, None], pa.string_view()), [9, 108, 8]),
    "fixed": (pa.array([b"abc", None], pa.binary(3)), [11, 11]),
    "dictionary": (WORDS, [116, 17, 8, 116]),
    "lists": (pa.array([["a", "bb"], [], None, ["ccc"]]), [27, 8, 8, 19]),
    "lists of a dictionary": (pa.ListArray.from_arrays([0, 3, 4], WORDS), [149, 124]),
    "lists over one stretch": (
        pa.ListViewArray.from_arrays([0, 0, 1], [2, 2, 1], pa.array(["aaa", "b"])),
        [28, 28, 17],
    ),
    "lists of one length": (pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)), [24, 24]),
    "structs": (pa.array([{"x": "a"}, None, {"x": "bbb"}]), [17, 16, 19]),
    "maps": (pa.array([[("k", "vv")], []], pa.map_(pa.string(), pa.string())), [27, 8]),
    "runs": (pa.RunEndEncodedArray.from_arrays([2, 3], ["abc", "d"]), [11, 11, 9]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_bytes_of_each_value_also_of_slices(name: str) -> None:
    array, sizes = ARRAYS[name]
    assert value_bytes(array).tolist() == sizes
    for start in range(len(array)):
        assert value_bytes(array.slice(start)).tolist() == sizes[start:]
        assert value_bytes(array.slice(start, 1)).tolist() == sizes[start : start + 1]


def test_a_union_is_no_column_of_ours() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(DamagedInputError, match="a column of the type sparse_union") as raised:
        value_bytes(union)
    assert raised.value.rule == "unsupported_type"


def slices(batch: pa.RecordBatch, limit: int) -> list[tuple[int, int, Any]]:
    return [
        (at, size, None if part is None else part.to_pylist())
        for at, size, part in bounded_slices(batch, limit)
    ]


def test_a_row_that_is_too_large_stands_alone_and_is_not_decoded() -> None:
    batch = pa.record_batch({"t": WORDS.take([1, 0, 1, 1])})
    assert slices(batch, 20) == [(0, 17, [{"t": "y"}]), (1, 116, None), (2, 34, [{"t": "y"}, {"t": "y"}])]


def test_few_rows_at_a_time_by_rows_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = pa.record_batch({"n": list(range(5))})
    monkeypatch.setattr(decoded, "SLICE_ROWS", 3)
    assert [(at, size) for at, size, _ in slices(batch, 100)] == [(0, 24), (3, 16)]
    monkeypatch.setattr(decoded, "SLICE_BYTES", 17)
    assert [(at, size) for at, size, _ in slices(batch, 100)] == [(0, 16), (2, 16), (4, 8)]
    monkeypatch.setattr(decoded, "SLICE_BYTES", 1)
    assert [(at, size) for at, size, _ in slices(batch, 100)] == [(at, 8) for at in range(5)]


def test_references_become_values_at_any_depth() -> None:
    nested = pa.struct([("a", pa.list_(pa.dictionary(pa.int8(), pa.string_view())))])
    plain = pa.struct([("a", pa.list_(pa.large_string()))])
    assert (plain_type(nested), plain_type(plain)) == (plain, plain)
    batch = pa.record_batch({"l": pa.ListArray.from_arrays([0, 3, 4], WORDS)})
    (found,) = bounded_slices(batch, 1000)
    assert found[2] is not None
    assert found[2].schema.types == [pa.list_(pa.large_string())]
    assert found[2].to_pylist() == batch.to_pylist()


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | st.text(max_size=5),
            "tags": st.none() | st.lists(st.none() | st.text(max_size=3), max_size=3),
            "more": st.none() | st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.text(max_size=2)}),
        }
    ),
    max_size=8,
)
SCHEMA = pa.schema(
    {
        "text": pa.string_view(),
        "tags": pa.list_(pa.string()),
        "more": pa.struct([("a", pa.int8()), ("b", pa.string())]),
    }
)


@settings(max_examples=50)
@given(rows=ROWS, start=st.integers(0, 8))
def test_slices_hold_the_rows_and_count_their_texts(rows: list[dict[str, Any]], start: int) -> None:
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA).slice(start)
    found = slices(batch, 1 << 20)
    assert [row for _, _, part in found for row in part] == rows[start:]
    assert sum(size for _, size, _ in found) == int(batch_bytes(batch).sum())
    for row, size in zip(rows[start:], batch_bytes(batch).tolist(), strict=True):
        assert size >= len((row["text"] or "").encode()) + sum(
            len((t or "").encode()) for t in row["tags"] or []
        )
