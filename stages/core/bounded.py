"""A row group of a Parquet file in, its rows as batches of bounded bytes out, however few bytes of the file they take.

Nothing that a file says of its size bounds what its rows take: a page may hold one value of 20 MB and two thousand
references to it (a dictionary), or to its beginning (DELTA_BYTE_ARRAY), and a footer may lie. So rows are decoded a few
at a time, which costs hardly more than many at a time, and joined again up to a number of rows or of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

STEP_ROWS = 8
"""Rows that are decoded at a time: memory is at most so many of the longest value."""

BATCH_BYTES = 64 << 20
"""Bytes of a batch, unless it is a single row."""

READ_BYTES = 1 << 20
"""What is read of a column of a large row group at a time, and not all of it."""

_SMALL_ROWS = 1 << 20
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def bounded_batches(
    file: pq.ParquetFile,
    group: int,
    columns: Sequence[str] | None,
    max_rows: int,
    max_bytes: int = BATCH_BYTES,
) -> Iterator[pa.RecordBatch]:
    """The rows of a row group in batches of at most `max_rows` rows, and of `max_bytes` but for a single row.

    Rows before damage are given before the error is raised.
    """
    held: list[pa.RecordBatch] = []
    rows = num_bytes = 0
    wanted = None if columns is None else list(columns)
    step = min(STEP_ROWS, max_rows)
    try:
        for found in file.iter_batches(step, [group], wanted, use_threads=False):
            for piece in _pieces(found, max_bytes):
                size = piece.nbytes
                if held and (rows + piece.num_rows > max_rows or num_bytes + size > max_bytes):
                    yield _joined(held)
                    held, rows, num_bytes = [], 0, 0
                held.append(piece)
                rows += piece.num_rows
                num_bytes += size
    except (pa.ArrowException, OSError):
        if held:
            yield _joined(held)
        raise
    if held:
        yield _joined(held)


def _pieces(batch: pa.RecordBatch, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batch, or its rows one by one when it is too large."""
    if batch.num_rows < 2 or batch.nbytes <= max_bytes:
        yield batch
        return
    for row in range(batch.num_rows):
        yield batch.slice(row, 1)


def _joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type with large texts in place of dictionaries and views, at any depth; the type itself where there are none."""
    if pa.types.is_dictionary(kind):
        inner = plain_type(kind.value_type)
        large = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
        return large.get(inner, inner)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = plain_type(kind.value_type)
        if inner == kind.value_type:
            return kind
        field = kind.value_field.with_type(inner)
        return pa.list_(field) if pa.types.is_list(kind) else pa.large_list(field)
    if pa.types.is_struct(kind):
        fields = [kind.field(i).with_type(plain_type(kind.field(i).type)) for i in range(kind.num_fields)]
        found = pa.struct(fields)
        return kind if found == kind else found
    return kind


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    wanted = pa.schema([field.with_type(plain_type(field.type)) for field in batch.schema])
    return batch if batch.schema.equals(wanted) else batch.cast(wanted)


class GroupReader:
    """The row groups of a Parquet file: a small one whole, a large one in batches.

    Columns of texts are read as what the file holds, a dictionary and references to it, so that what a small row group
    takes is known before it is decoded. Batches have plain types (`plain_type`).
    """

    def __init__(self, raw: Any, columns: Sequence[str] | None, large_rows: int) -> None:
        plain = pq.ParquetFile(raw)
        self.metadata = plain.metadata
        self._raw, self._large_rows = raw, large_rows
        self._schema = plain.schema_arrow
        self._columns = None if columns is None else list(columns)
        names = self._schema.names if columns is None else [n for n in columns if n in self._schema.names]
        texts = [name for name in names if any(is_type(self._schema.field(name).type) for is_type in _TEXTS)]
        self._compact = pq.ParquetFile(
            raw, metadata=self.metadata, read_dictionary=texts, page_checksum_verification=True
        )
        self._large: pq.ParquetFile | None = None

    def batches(self, group: int) -> Iterator[pa.RecordBatch]:
        """All rows of a row group: one batch of a small one."""
        table = self._small(group)
        if table is not None:
            yield from table.to_batches()
            return
        if self._large is None:
            self._large = pq.ParquetFile(
                self._raw, metadata=self.metadata, buffer_size=READ_BYTES, page_checksum_verification=True
            )
        for batch in bounded_batches(self._large, group, self._columns, self._large_rows):
            yield _plain(batch)

    def _small(self, group: int) -> pa.Table | None:
        """All rows of a row group that takes at most `BATCH_BYTES`; None of another."""
        about = self.metadata.row_group(group)
        if about.total_byte_size > BATCH_BYTES or about.num_rows > _SMALL_ROWS:
            return None
        try:
            table = self._compact.read_row_group(group, columns=self._columns, use_threads=False)
        except OSError as error:
            if "Not yet implemented" not in str(error):
                raise
            return None  # Arrow makes no dictionary of DELTA encodings
        if sum(map(_decoded_bytes, table.columns)) > BATCH_BYTES:
            return None
        fields = [self._schema.field(name) for name in table.schema.names]
        schema = pa.schema([f.with_type(plain_type(f.type)) for f in fields], self._schema.metadata)
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for field, column in zip(schema, table.columns, strict=True)
        ]
        return pa.Table.from_arrays(columns, schema=schema).combine_chunks()


def _decoded_bytes(column: pa.ChunkedArray) -> int:
    """Bytes of a column without its dictionary."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary) if len(chunk.dictionary) else None
        taken = None if lengths is None else pc.sum(lengths.cast(pa.int64()).take(chunk.indices)).as_py()
        total += taken or 0
    return total
