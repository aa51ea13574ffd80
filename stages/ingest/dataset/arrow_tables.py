"""A Parquet, Arrow IPC or Feather file in, its rows out as plain fields, with a ledger row for what is damaged.

Arrow asks for as much memory as wrong bytes say, and a row of lists may stand for any number of bytes of a file of a few.
So Arrow IPC, and Parquet with columns that are nested, are read by a process of its own; the rows come as Arrow IPC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pyarrow as pa

from stages.core.errors import DamagedInputError
from stages.ingest.apart import read_apart
from stages.ingest.dataset.decoded import bounded_slices
from stages.ingest.json_lines import FieldsRow, TableRows
from stages.ingest.parquet_rows import first_line, group_rows, open_parquet
from stages.ingest.raw import Loss, RawFile

BATCH_ROWS = 512
MAX_COLUMNS = 10_000
"""Of a Parquet or Arrow file: each has readers and buffers of its own."""

TEXT_BYTES = 4
"""Bytes that a character may have: a row whose text may be kept is decoded."""

_LOSS, _ROWS, _NUMBER_BYTES = b"L", b"R", 8

Found = tuple[int, pa.RecordBatch] | Loss


def table_of_parquet(raw: RawFile, max_row_bytes: int) -> TableRows:
    """A row for each row of a Parquet file; a damaged row group is a ledger row, and the next one is read."""
    with raw.open() as stream:
        file = open_parquet(stream)
        _check_columns(len(file.schema))
        is_nested = any(pa.types.is_nested(field.type) for field in file.schema_arrow)
        if not is_nested:
            for found in _parquet_batches(file):
                yield from _slices(found, max_row_bytes, _rows)
    if is_nested:
        yield from _rows_apart(raw, "parquet", max_row_bytes)


def table_of_arrow(raw: RawFile, max_row_bytes: int) -> TableRows:
    """A row for each row of an Arrow IPC file or stream, as `datasets` and Feather write them; damage ends it."""
    return _rows_apart(raw, "arrow", max_row_bytes)


def _check_columns(count: int) -> None:
    if count > MAX_COLUMNS:
        raise DamagedInputError(f"{count} columns, at most {MAX_COLUMNS}", 0, "too_much_work")


def _parquet_batches(file: Any) -> Iterator[Found]:
    columns, start = file.schema_arrow.names, 0
    for index in range(file.num_row_groups):
        yield from group_rows(file, index, start, columns, BATCH_ROWS)
        start += file.metadata.row_group(index).num_rows


def _arrow_batches(stream: Any, size: int) -> Iterator[Found]:
    is_file = stream.read(6) == b"ARROW1"
    stream.seek(0)
    number = 0
    try:
        reader = pa.ipc.open_file(stream) if is_file else pa.ipc.open_stream(stream)
        _check_columns(len(reader.schema))
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        for batch in batches:
            batch.validate(full=True)
            yield number, batch
            number += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        reason = f"Arrow, from row {number}: {first_line(error)}"
        raise DamagedInputError(reason, min(stream.tell(), size)) from error


def _slices(
    found: Found, max_row_bytes: int, use: Callable[[int, int, pa.RecordBatch], TableRows]
) -> TableRows:
    """What `use` makes of each few rows; rule `too_large` for a row that would be too large to decode."""
    if isinstance(found, Loss):
        yield found
        return
    number, batch = found
    limit = TEXT_BYTES * max_row_bytes
    try:
        for start, size, part in bounded_slices(batch, limit):
            if part is None:
                yield Loss(str(number + start), "too_large", "bytes of values", size, limit, text_bytes=size)
            else:
                yield from use(number + start, size, part)
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise
        raise DamagedInputError(f"Arrow, from row {number}: {first_line(error)}", 0) from error


def _rows(number: int, size: int, batch: pa.RecordBatch) -> TableRows:
    """The rows of a few, the first of which is `number`; rule `encoding` for one with a text that is no UTF-8."""
    each = size // max(1, batch.num_rows)
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError as error:
        if batch.num_rows > 1:
            for row in range(batch.num_rows):
                yield from _rows(number + row, each, batch.slice(row, 1))
        else:
            reason = f"undecodable as utf-8 at byte {error.start} of a column"
            yield Loss(str(number), "encoding", reason, text_bytes=size)
        return
    for place, fields in enumerate(rows, number):
        yield FieldsRow(place, fields, each)


def send_table(raw: RawFile, send: Callable[[bytes], None], kind: str, max_row_bytes: int) -> None:
    """Send a table's few rows and losses, as `_rows_apart` reads them."""

    def send_rows(number: int, size: int, part: pa.RecordBatch) -> TableRows:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, part.schema) as writer:
            writer.write_batch(part)
        numbers = number.to_bytes(_NUMBER_BYTES, "little") + size.to_bytes(_NUMBER_BYTES, "little")
        send(_ROWS + numbers + sink.getvalue().to_pybytes())
        yield from ()

    with raw.open() as stream:
        batches = (
            _arrow_batches(stream, raw.size) if kind == "arrow" else _parquet_batches(open_parquet(stream))
        )
        for found in batches:
            for loss in _slices(found, max_row_bytes, send_rows):
                send(_LOSS + orjson.dumps(loss))


def _rows_apart(raw: RawFile, kind: str, max_row_bytes: int) -> TableRows:
    for message in read_apart(raw, f"{__name__}:{send_table.__name__}", kind, max_row_bytes):
        if message.startswith(_LOSS):
            yield Loss(**orjson.loads(message[1:]))
            continue
        number, size = (
            int.from_bytes(message[start : start + _NUMBER_BYTES], "little")
            for start in (1, 1 + _NUMBER_BYTES)
        )
        for batch in pa.ipc.open_stream(pa.py_buffer(message)[1 + 2 * _NUMBER_BYTES :]):
            yield from _rows(number, size, batch)
