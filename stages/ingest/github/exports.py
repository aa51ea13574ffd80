"""A BigQuery export of source files (JSON lines or Parquet) in, its rows out as plain fields, with damage as ledger rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.bounded import bounded_batches
from stages.core.chunks import group_places
from stages.core.errors import DamagedInputError
from stages.ingest.compressed import decompressed, lines
from stages.ingest.raw import Loss, RawFile

PARQUET_MAGIC = b"PAR1"
BATCH_ROWS = 64
BUFFER_BYTES = 1 << 20

_ALIASES = {
    "repo_name": ("repo_name", "sample_repo_name"),
    "path": ("path", "sample_path"),
    "ref": ("ref", "sample_ref"),
    "content": ("content",),
    "license": ("license",),
    "size": ("size",),
    "binary": ("binary",),
    "copies": ("copies",),
    "id": ("id",),
}
"""Our name of a column: its names in the public dataset's tables (`files` joined with `contents`; `sample_contents`)."""


@dataclass(frozen=True)
class ExportRow:
    """A row of an export: its number from 0, its fields by our names, the bytes that it takes."""

    number: int
    fields: Mapping[str, Any]
    num_bytes: int


def json_rows(raw: RawFile, max_line_bytes: int) -> Iterator[ExportRow | Loss]:
    """A row for each line that is not blank; the half line where a damaged file breaks off belongs to the damage.

    Rules: `too_large`, `bad_json`. Raises DamagedInputError after all that could be read.
    """
    pieces = _Pieces(decompressed(raw))
    held: tuple[int, bytes] | None = None
    for number, (_, line) in enumerate(lines(iter(pieces), max_line_bytes)):
        if held is not None:
            yield from _json_row(*held, max_line_bytes)
        held = (number, line)
    if held is not None and (pieces.damage is None or pieces.ends_a_line or _is_whole(held[1])):
        yield from _json_row(*held, max_line_bytes)
    if pieces.damage is not None:
        raise pieces.damage


class _Pieces:
    """Pieces of a stream up to its damage, which is kept for later."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.damage: DamagedInputError | None = None
        self.ends_a_line = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.ends_a_line = piece.endswith(b"\n")
                yield piece
        except DamagedInputError as error:
            self.damage = error


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _json_row(number: int, line: bytes, max_line_bytes: int) -> Iterator[ExportRow | Loss]:
    if number == 0:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return
    if len(line) > max_line_bytes:
        yield Loss(str(number), "too_large", "bytes, at least", len(line), max_line_bytes, None, len(line))
        return
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield Loss(str(number), "bad_json", str(error), text_bytes=len(line))
        return
    if isinstance(fields, dict):
        yield ExportRow(number, _named(fields), len(line))
    else:
        yield Loss(str(number), "bad_json", "not an object", text_bytes=len(line))


def _named(fields: Mapping[str, Any]) -> dict[str, Any]:
    named = {}
    for name, aliases in _ALIASES.items():
        values = [fields[alias] for alias in aliases if fields.get(alias) is not None]
        named[name] = values[0] if values else None
    return named


def parquet_rows(raw: RawFile) -> Iterator[ExportRow | Loss]:
    """A row for each row of a Parquet file; memory is a few pages. A damaged row group is a ledger row, the next is read.

    Raises DamagedInputError when the footer cannot be read.
    """
    with raw.open() as stream:
        try:
            file = pq.ParquetFile(stream, buffer_size=BUFFER_BYTES, pre_buffer=False)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # a column's name may be no text
            if isinstance(error, MemoryError):  # ArrowMemoryError is both
                raise
            raise DamagedInputError(f"Parquet without a readable footer ({_first_line(error)})", 0) from error
        wanted = [alias for aliases in _ALIASES.values() for alias in aliases]
        # of what nests, only the licences of a row are ever read
        columns = [
            field.name
            for field in file.schema_arrow
            if field.name in wanted and (field.name == "license" or not pa.types.is_nested(field.type))
        ]
        start = 0
        for index in range(file.num_row_groups):
            yield from _row_group(file, index, start, columns)
            start += file.metadata.row_group(index).num_rows


def _row_group(
    file: pq.ParquetFile, index: int, start: int, columns: list[str]
) -> Iterator[ExportRow | Loss]:
    group = file.metadata.row_group(index)
    number = start
    if not columns:  # rows without any field that we know
        for number in range(start, start + group.num_rows):
            yield ExportRow(number, _named({}), 0)
        return
    try:
        for batch in bounded_batches(file, index, columns, BATCH_ROWS):
            sizes = batch.nbytes // max(1, batch.num_rows)
            for fields in _as_bytes(batch).to_pylist():
                yield ExportRow(number, _named(_decoded(fields)), sizes)
                number += 1
        if number < start + group.num_rows:
            raise pa.ArrowInvalid("fewer rows than the footer says")
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        places = group_places(file.metadata)
        place = None if places is None else places[index]
        offset = f"group-{index}" if place is None else place.first_column
        rows = f"rows {number} to {start + group.num_rows - 1}"
        size = group.total_byte_size if place is None else place.num_bytes
        reason = f"row group {index}, {rows}: {_first_line(error)}"
        yield Loss(f"@{offset}", "damaged", reason, text_bytes=size)


def _as_bytes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows with strings as bytes: one string that is no UTF-8 must not cost the rows beside it."""
    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = column.cast(pa.large_binary())
        columns[name] = column
    return pa.RecordBatch.from_pydict(columns)


def _decoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) and name != "content" else value
        for name, value in fields.items()
    }


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
