"""A file of CSV or JSON in, its rows out as plain fields, with a ledger row for what is damaged."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import orjson

from stages.core.errors import DamagedInputError
from stages.ingest.compressed import decompressed, lines
from stages.ingest.json_lines import BOM, FieldsRow, TableRows, json_rows
from stages.ingest.raw import Loss, RawFile


def table_of_csv(raw: RawFile, delimiter: str, max_row_bytes: int) -> TableRows:
    """A row for each row of a CSV file below its header, all values texts; rules `bad_row`, `encoding`.

    Damage is raised after all rows that could be read; the half row where the file breaks off belongs to it.
    """
    # of the process, and only ever raised: a document may be longer than what Python takes for a field by default
    csv.field_size_limit(max(csv.field_size_limit(), max_row_bytes))
    text = _CsvLines(raw, max_row_bytes)
    reader = csv.reader(text, delimiter=delimiter)
    header: list[str] | None = None
    number = 0
    while (
        values := _next_values(reader)
    ) is not None and text.damage is None:  # the last one may be half a row
        text.row_bytes = 0
        if header is None:
            if isinstance(values, str):
                raise DamagedInputError(f"CSV without a header ({values})", 0)
            header = values or None
        elif values:  # no blank line
            yield _csv_row(number, header, values)
            number += 1
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
        self.row_bytes = 0

    def __iter__(self) -> Iterator[str]:
        try:
            for offset, line in self._lines:
                self.row_bytes += len(line) + 1
                if self.row_bytes > self._max_bytes + 1:
                    reason = f"a row of more than {self._max_bytes} bytes; a quote may not be closed"
                    raise DamagedInputError(reason, offset, "too_large")
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
