"""A batch of an Arrow table in, its rows a few at a time out, so few that their values have bounded bytes when decoded.

References to one large value (dictionaries, views, lists over one stretch) take hardly a byte in Arrow and all of the
value in Python, so what each row takes is counted before any is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.bounded import plain_type
from stages.core.errors import DamagedInputError

Sizes = npt.NDArray[np.int64]

SLICE_ROWS = 512
SLICE_BYTES = 64 << 20
VALUE_BYTES = 8
"""What any value counts, a number, a list or nothing at all."""

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_map)
_LIST_VIEWS = (pa.types.is_list_view, pa.types.is_large_list_view)


def bounded_slices(
    batch: pa.RecordBatch, max_row_bytes: int
) -> Iterator[tuple[int, int, pa.RecordBatch | None]]:
    """Stretches of the rows, in order: the first row's number in the batch, bytes of its values, and plain columns.

    A stretch has at most SLICE_ROWS rows and SLICE_BYTES, or is one row; a row of more than `max_row_bytes` is None.
    """
    sizes = batch_bytes(batch)
    too_large = np.append(np.flatnonzero(sizes > max_row_bytes), batch.num_rows)
    start = 0
    while start < batch.num_rows:
        room = int(too_large[np.searchsorted(too_large, start)]) - start
        if room == 0:
            yield start, int(sizes[start]), None
            start += 1
            continue
        within = np.cumsum(sizes[start : start + min(room, SLICE_ROWS)])
        count = max(1, int(np.searchsorted(within, SLICE_BYTES, "right")))
        yield start, int(within[count - 1]), _plain(batch, start, count)
        start += count


def batch_bytes(batch: pa.RecordBatch) -> Sizes:
    """Bytes that the values of each row take."""
    sizes: Sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        sizes += value_bytes(column)
    return sizes


def value_bytes(array: Any) -> Sizes:
    """Bytes that each value of an array takes, what it refers to included."""
    kind = array.type
    own: Sizes = np.full(len(array), VALUE_BYTES, np.int64)
    if isinstance(array, pa.ExtensionArray):
        return value_bytes(array.storage)
    if pa.types.is_dictionary(kind):
        return own + _taken(value_bytes(array.dictionary), array.indices)
    if any(is_kind(kind) for is_kind in _TEXTS):
        return own + _numbers(pc.binary_length(array))
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return own + _view_bytes(array)
    if any(is_kind(kind) for is_kind in _LISTS):
        offsets = np.asarray(array.offsets).astype(np.int64)
        values = _map_bytes(array) if pa.types.is_map(kind) else value_bytes(array.values)
        return own + _between(values, offsets[:-1], offsets[1:])
    if any(is_kind(kind) for is_kind in _LIST_VIEWS):
        starts = np.asarray(array.offsets).astype(np.int64)
        return own + _between(
            value_bytes(array.values), starts, starts + np.asarray(array.sizes).astype(np.int64)
        )
    if pa.types.is_fixed_size_list(kind):
        starts = np.arange(array.offset, array.offset + len(array), dtype=np.int64) * kind.list_size
        return own + _between(value_bytes(array.values), starts, starts + kind.list_size)
    if pa.types.is_struct(kind):
        return own + sum((value_bytes(array.field(i)) for i in range(kind.num_fields)), np.zeros_like(own))
    if pa.types.is_run_end_encoded(kind):
        runs = np.asarray(array.run_ends).astype(np.int64)
        rows = np.arange(array.offset, array.offset + len(array))
        return value_bytes(array.values)[np.searchsorted(runs, rows, "right")]
    if pa.types.is_union(kind):
        raise DamagedInputError(f"a column of the type {kind}", 0, "unsupported_type")
    return own + (kind.byte_width if pa.types.is_fixed_size_binary(kind) else 0)


def _numbers(array: pa.Array) -> Sizes:
    return np.asarray(pc.fill_null(array, 0)).astype(np.int64)


def _taken(sizes: Sizes, indices: pa.Array) -> Sizes:
    """The sizes at indices; nothing at a null."""
    places: Sizes = np.asarray(pc.fill_null(indices.cast(pa.int64()), len(sizes)))
    return np.append(sizes, 0)[places]


def _between(sizes: Sizes, starts: Sizes, stops: Sizes) -> Sizes:
    """The sums of sizes from starts to stops."""
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    found: Sizes = sums[stops] - sums[starts]
    return found


def _map_bytes(array: Any) -> Sizes:
    return value_bytes(array.keys) + value_bytes(array.items)


def _view_bytes(array: Any) -> Sizes:
    """Lengths of views: the first four of the sixteen bytes of each."""
    views = array.buffers()[1]
    if views is None or len(array) == 0:
        return np.zeros(len(array), np.int64)
    lengths = np.frombuffer(views, np.int32)[4 * array.offset :: 4][: len(array)].astype(np.int64)
    return np.where(np.asarray(array.is_valid()), lengths, 0)


def _plain(batch: pa.RecordBatch, start: int, count: int) -> pa.RecordBatch:
    """Some rows, and no more of what they refer to, without dictionaries and views."""
    types = [plain_type(field.type) for field in batch.schema]
    if types == batch.schema.types:
        return batch.slice(start, count)
    columns = [
        _plain_column(column.slice(start, count), kind)
        for kind, column in zip(types, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _plain_column(column: Any, kind: pa.DataType) -> Any:
    if column.type == kind:
        return column
    with suppress(pa.ArrowNotImplementedError):  # of views
        column = column.take(
            pa.array(range(len(column)), pa.int64())
        )  # a cast of lists takes all that they lie in
    with suppress(pa.ArrowNotImplementedError):
        column = column.cast(kind)
    return column
