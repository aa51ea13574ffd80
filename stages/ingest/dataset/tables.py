"""A file of a table in (Parquet, Arrow, CSV, JSON), its rows out as plain fields, with a ledger row for what is damaged."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from stages.core.errors import DamagedInputError
from stages.ingest.compressed import decompressed, lines
from stages.ingest.json_lines import BOM, FieldsRow, json_rows
from stages.ingest.parquet_rows import first_line, group_rows, open_parquet
from stages.ingest.raw import Loss, RawFile

BATCH_ROWS = 512
DICTIONARY_ROWS = 8
"""TableRows with columns of a dictionary that are decoded at a time: each may refer to the same large value."""

TableRows = Iterator[FieldsRow | Loss]


def table_of_parquet(raw: RawFile) -> TableRows:
    """A row for each row of a Parquet file; a damaged row group is a ledger row, and the next one is read."""
    with raw.open() as stream:
        file = open_parquet(stream)
        columns, start = file.schema_arrow.names, 0
        for index in range(file.num_row_groups):
            for found in group_rows(file, index, start, columns, BATCH_ROWS):
                if isinstance(found, Loss):
                    yield found
                else:
                    yield from _batch_rows(*found)
            start += file.metadata.row_group(index).num_rows


def table_of_arrow(raw: RawFile) -> TableRows:
    """A row for each row of an Arrow IPC file or stream, as `datasets` and Feather write them; damage ends it."""
    number = 0
    with raw.open() as stream:
        is_file = stream.read(6) == b"ARROW1"
        stream.seek(0)
        try:
            for batch in _ipc_batches(stream, is_file):
                batch.validate(full=True)
                for start in range(0, batch.num_rows, BATCH_ROWS):
                    yield from _batch_rows(number + start, batch.slice(start, BATCH_ROWS))
                number += batch.num_rows
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, MemoryError):  # ArrowMemoryError is both
                raise
            reason = f"Arrow, from row {number}: {first_line(error)}"
            raise DamagedInputError(reason, min(stream.tell(), raw.size)) from error


def _ipc_batches(stream: Any, is_file: bool) -> Iterator[pa.RecordBatch]:
    if not is_file:
        yield from pa.ipc.open_stream(stream)
        return
    reader = pa.ipc.open_file(stream)
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _batch_rows(number: int, batch: pa.RecordBatch) -> TableRows:
    """The rows of a batch, the first of which is `number`; rule `encoding` for one with a text that is no UTF-8."""
    coded = any(pa.types.is_dictionary(column.type) for column in batch.columns)
    step = DICTIONARY_ROWS if coded else BATCH_ROWS
    for start in range(0, batch.num_rows, step):
        part = batch.slice(start, step)
        try:
            rows = part.to_pylist()
        except UnicodeDecodeError:
            yield from _rows_one_by_one(number + start, part)
            continue
        size = part.nbytes // max(1, part.num_rows)
        for place, fields in enumerate(rows, number + start):
            yield FieldsRow(place, fields, size)


def _rows_one_by_one(number: int, batch: pa.RecordBatch) -> TableRows:
    for row in range(batch.num_rows):
        one = batch.slice(row, 1)
        try:
            yield FieldsRow(number + row, one.to_pylist()[0], one.nbytes)
        except UnicodeDecodeError as error:
            reason = f"undecodable as utf-8 at byte {error.start} of a column"
            yield Loss(str(number + row), "encoding", reason, text_bytes=one.nbytes)


def table_of_csv(raw: RawFile, delimiter: str, max_row_bytes: int) -> TableRows:
    """A row for each row of a CSV file below its header, all values texts; rules `bad_row`, `encoding`.

    Damage is raised after all rows that could be read; the half row where the file breaks off belongs to it.
    """
    # of the process, and only ever raised: a document may be longer than what Python takes for a field by default
    csv.field_size_limit(max(csv.field_size_limit(), max_row_bytes))
    text = _CsvLines(raw, max_row_bytes)
    reader = csv.reader(text, delimiter=delimiter)
    header: list[str] | None = None
    held: FieldsRow | Loss | None = None
    number = 0
    while (values := _next_values(reader)) is not None:
        if held is not None:
            yield held
            held = None
        if header is None:
            if isinstance(values, str):
                raise DamagedInputError(f"CSV without a header ({values})", 0)
            header = values or None
        elif values:  # no blank line
            held = _csv_row(number, header, values)
            number += 1
    if held is not None and text.damage is None:
        yield held
    if text.damage is not None:
        raise text.damage


def _next_values(reader: Iterator[list[str]]) -> list[str] | str | None:
    """The values of the next row, or what is wrong with it; None at the end."""
    try:
        return next(reader, None)
    except csv.Error as error:
        return str(error)


class _CsvLines:
    """The lines of a CSV file as text, up to its damage, which is kept for later."""

    def __init__(self, raw: RawFile, max_line_bytes: int) -> None:
        self._lines, self._max_bytes = lines(decompressed(raw), max_line_bytes), max_line_bytes
        self.damage: DamagedInputError | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for offset, line in self._lines:
                if len(line) > self._max_bytes:
                    raise DamagedInputError(
                        f"a line of more than {self._max_bytes} bytes", offset, "too_large"
                    )
                data = line.removeprefix(BOM) if offset == 0 else line
                yield data.decode("utf-8", "surrogateescape") + "\n"
        except DamagedInputError as error:
            self.damage = error


def _csv_row(number: int, header: list[str], values: list[str] | str) -> FieldsRow | Loss:
    if isinstance(values, str):
        return Loss(str(number), "bad_row", values)
    size = sum(map(len, values))
    if len(values) != len(header):
        return Loss(str(number), "bad_row", "values", len(values), len(header), text_bytes=size)
    try:
        for value in values:
            value.encode()
    except UnicodeEncodeError:
        return Loss(str(number), "encoding", "undecodable as utf-8", text_bytes=size)
    return FieldsRow(number, dict(zip(header, values, strict=True)), size, is_json=True)


def table_of_json(raw: RawFile, max_row_bytes: int) -> TableRows:
    """A row for each line of JSON lines, for each object of a JSON array, or for the one object of a file."""
    if (whole := _whole_json(raw, max_row_bytes)) is None:
        yield from json_rows(raw, max_row_bytes)
        return
    for number, fields in enumerate(whole):
        if isinstance(fields, dict):
            yield FieldsRow(number, fields, 0, is_json=True)
        else:
            yield Loss(str(number), "bad_json", "not an object")


def _whole_json(raw: RawFile, max_bytes: int) -> list[Any] | None:
    """The values of a file that is one array, or one object over several lines; None of JSON lines.

    A DamagedInputError when such a file is too large to be read whole, or is no JSON.
    """
    pieces = decompressed(raw)
    head = next(pieces, b"")
    start = head.removeprefix(BOM).lstrip()
    line = start.partition(b"\n")[0]
    is_array = start.startswith(b"[")
    if not is_array and (not start.startswith(b"{") or b"\n" not in start or _is_json(line)):
        return None
    data = bytearray(head)
    for piece in pieces:
        data += piece
        if len(data) > max_bytes:
            if not is_array:
                return None
            raise DamagedInputError(
                f"a JSON array of more than {max_bytes} bytes; write JSON lines", 0, "too_large"
            )
    try:
        value = orjson.loads(bytes(data).removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        if not is_array:
            return None
        raise DamagedInputError(f"a JSON array that is none ({error})", 0) from error
    return value if is_array else [value]


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
