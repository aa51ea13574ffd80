"""A BigQuery export of source files (JSON lines or Parquet) in, its rows out as plain fields, with damage as ledger rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from stages.ingest.json_lines import FieldsRow, json_rows
from stages.ingest.parquet_rows import group_rows, open_parquet
from stages.ingest.raw import Loss, RawFile

BATCH_ROWS = 64

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


def export_json_rows(raw: RawFile, max_line_bytes: int) -> Iterator[FieldsRow | Loss]:
    """`json_rows` with the fields by our names."""
    for row in json_rows(raw, max_line_bytes):
        yield row if isinstance(row, Loss) else replace(row, fields=_named(row.fields))


def _named(fields: Mapping[str, Any]) -> dict[str, Any]:
    named = {}
    for name, aliases in _ALIASES.items():
        values = [fields[alias] for alias in aliases if fields.get(alias) is not None]
        named[name] = values[0] if values else None
    return named


def export_parquet_rows(raw: RawFile) -> Iterator[FieldsRow | Loss]:
    """A row for each row of a Parquet file; memory is a few pages. A damaged row group is a ledger row, the next is read.

    Raises DamagedInputError when the footer cannot be read.
    """
    with raw.open() as stream:
        file = open_parquet(stream)
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


def _row_group(file: Any, index: int, start: int, columns: list[str]) -> Iterator[FieldsRow | Loss]:
    if not columns:  # rows without any field that we know
        for number in range(start, start + file.metadata.row_group(index).num_rows):
            yield FieldsRow(number, _named({}), 0)
        return
    for found in group_rows(file, index, start, columns, BATCH_ROWS):
        if isinstance(found, Loss):
            yield found
            continue
        first, batch = found
        size = batch.nbytes // max(1, batch.num_rows)
        for number, fields in enumerate(_as_bytes(batch).to_pylist(), first):
            yield FieldsRow(number, _named(_decoded(fields)), size)


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
