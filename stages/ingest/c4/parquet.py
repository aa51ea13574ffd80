"""A Parquet file with the columns text, timestamp and url in, documents and ledger rows out, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.errors import DamagedInputError
from stages.ingest.c4.columns import Columns, to_records
from stages.ingest.parquet_rows import group_rows, open_parquet
from stages.ingest.raw import Loss, RawBatch, RawDocument, RawFile

BATCH_ROWS = 1024
_WANTED = ("text", "timestamp", "url")
_TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)

Records = Iterator[RawDocument | RawBatch | Loss]


def read_parquet(raw: RawFile, source: str, max_text_bytes: int) -> Records:
    """A document for each row, keyed by its number; memory is a few pages and a few rows.

    Rules: `missing_text`, `too_large`, `encoding`; `damaged` for a row group that cannot be read. Raises
    DamagedInputError when the footer cannot be read, or there is no column `text`.
    """
    with raw.open() as stream:
        file = open_parquet(stream)
        # lists and structs are no text, and one row of them may stand for any number of bytes
        columns = [
            field.name
            for field in file.schema_arrow
            if field.name in _WANTED and not pa.types.is_nested(field.type)
        ]
        if "text" not in columns:
            raise DamagedInputError("Parquet without a column text", 0, "missing_text")
        number = 0
        for index in range(file.num_row_groups):
            for found in group_rows(file, index, number, columns, BATCH_ROWS):
                if isinstance(found, Loss):
                    yield found
                else:
                    first, batch = found
                    yield from _batch_records(batch, first, source, raw.name, max_text_bytes)
            number += file.metadata.row_group(index).num_rows


def _batch_records(
    batch: pa.RecordBatch, number: int, source: str, raw_name: str, max_text_bytes: int
) -> Records:
    texts, timestamps, urls = (_strings(batch, name) for name in _WANTED)
    if texts is not None and timestamps is not None and urls is not None and not texts.null_count:
        longest = pc.max(pc.binary_length(texts)).as_py()
        if longest is None or longest <= max_text_bytes:
            yield from to_records(Columns(number, texts, timestamps, urls), source, raw_name)
            return
    for row in range(batch.num_rows):
        text, timestamp, url = (_value(batch, name, row) for name in _WANTED)
        yield _row_record(str(number + row), text, timestamp, url, max_text_bytes)


def _strings(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    """A column as valid strings, all null when there is none; None when not all of it is text."""
    at = batch.schema.get_field_index(name)
    wanted = pa.large_string() if name == "text" else pa.string()
    if at < 0:
        return pa.nulls(batch.num_rows, wanted)
    column = batch.column(at)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and name == "timestamp":  # written as in C4's own files
        return pc.strftime(column.cast(pa.timestamp("s", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
    if not any(is_type(column.type) for is_type in _TEXT_TYPES):
        return None
    try:
        column.validate(full=True)
        return column.cast(wanted)
    except pa.ArrowInvalid:
        return None


def _value(batch: pa.RecordBatch, name: str, row: int) -> Any:
    """One value, strings as bytes: one that is no UTF-8 must not cost the rows beside it."""
    at = batch.schema.get_field_index(name)
    if at < 0:
        return None
    column = batch.column(at).slice(row, 1)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if any(is_type(column.type) for is_type in _TEXT_TYPES):
        column = column.cast(pa.large_binary())
    elif name == "timestamp" and (times := _strings(batch.slice(row, 1), name)) is not None:
        column = times
    return column[0].as_py()


def _row_record(key: str, text: Any, timestamp: Any, url: Any, max_text_bytes: int) -> RawDocument | Loss:
    timestamp, url = _replaced(timestamp), _replaced(url)
    if not isinstance(url, str):
        url = None
    if not isinstance(text, bytes):
        return Loss(key, "missing_text", type(text).__name__, url=url)
    size = len(text)
    if size > max_text_bytes:
        return Loss(key, "too_large", "bytes", size, max_text_bytes, url, size)
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        return Loss(key, "encoding", f"undecodable as utf-8 at byte {error.start}", url=url, text_bytes=size)
    return RawDocument(
        key, decoded, url=url, metadata={} if timestamp is None else {"timestamp": str(timestamp)}
    )


def _replaced(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
