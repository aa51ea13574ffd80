"""Arrow batches in, Parquet shards out (rolled at a target size, atomic), and shards back in as a stream of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.core.atomic import AtomicFile
from stages.core.bounded import BATCH_BYTES, GroupReader
from stages.core.documents import DOCUMENT_SCHEMA, text_lengths_bytes
from stages.core.manifest import DOCUMENTS, FOLDERS, FileInfo, SourceTotals, add_sources
from stages.core.names import below, name_of_number
from stages.core.stored import open_stored

SHARD_TEXT_BYTES = 256 << 20
"""Text in a shard, whatever the raw files' sizes (docs/formats.md)."""

ROW_GROUP_TEXT_BYTES = 16 << 20
"""Text in a row group: what a reader holds at a time."""

FOREIGN_BATCH_ROWS = 256
"""Rows of a batch of a row group that is larger than ours (or one long book)."""

ROW_GROUP_ROWS = 32_768
"""Rows in a row group at most, so that tiny documents do not make huge ones."""

BUFFER_ROWS = 65_536
"""Rows of a ledger or a table of values that wait for their row group."""

COMPRESSION = "zstd"


def source_totals(batch: pa.RecordBatch) -> dict[str, SourceTotals]:
    """Documents and bytes of text by source in a batch of documents."""
    return totals_by_name(batch, batch.column("source"))


def totals_by_name(batch: pa.RecordBatch, names: pa.Array) -> dict[str, SourceTotals]:
    """Documents and bytes of text of a batch by `names`, shape (rows,)."""
    table = pa.table({"name": names, "length": text_lengths_bytes(batch.column("text"))})
    grouped = table.group_by("name").aggregate([("length", "sum"), ("length", "count")]).to_pydict()
    rows = zip(grouped["name"], grouped["length_count"], grouped["length_sum"], strict=True)
    return {name: SourceTotals(documents=count, text_bytes=total) for name, count, total in sorted(rows)}


class ParquetWriter:
    """One Parquet file, which gets its name at `commit`; row groups are the tables that it is given."""

    def __init__(self, folder: str, name: str, schema: pa.Schema, kind: str) -> None:
        self._name, self._kind = name, kind
        self.rows = 0
        self._sources: list[dict[str, SourceTotals]] = []
        self._file = AtomicFile(below(folder, name))
        try:
            self._writer = pq.ParquetWriter(
                self._file, schema, compression=COMPRESSION, write_statistics=True, write_page_checksum=True
            )
        except BaseException:
            self._file.discard()
            raise

    def write(self, table: pa.Table, sources: dict[str, SourceTotals] | None = None) -> None:
        """Append one row group; `sources` are the totals of its documents."""
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows
        if sources is not None:
            self._sources.append(sources)

    def finish(self) -> None:
        """Write the footer."""
        self._writer.close()
        self._file.finish()

    def commit(self) -> FileInfo:
        """Give the file its name; returns what the report says of it."""
        self.finish()
        self._file.commit()
        return FileInfo(
            name=self._name,
            kind=self._kind,
            rows=self.rows,
            bytes=self._file.num_bytes,
            sha256=self._file.sha256,
            sources=add_sources(self._sources),
        )

    def discard(self) -> None:
        """Leave no file."""
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()  # else Arrow closes it later, into a closed stream
        self._file.discard()


class RowBuffer:
    """Batches of one schema to one Parquet file, in row groups of many: for rows that come a few at a time.

    There is no file when there was no row.
    """

    def __init__(self, folder: str, name: str, kind: str) -> None:
        self._place = (folder, name)
        self._kind = kind
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._pending_size = 0
        self._writer: ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self._pending_size += batch.nbytes
        if self._pending_rows >= BUFFER_ROWS or self._pending_size >= BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        if self._writer is None:
            self._writer = ParquetWriter(*self._place, self._pending[0].schema, self._kind)
        self._writer.write(pa.Table.from_batches(self._pending).combine_chunks())
        self._pending, self._pending_rows, self._pending_size = [], 0, 0

    def finish(self) -> None:
        """Write what is pending."""
        self._flush()
        if self._writer is not None:
            self._writer.finish()

    def commit(self) -> list[FileInfo]:
        """Give the file its name."""
        self.finish()
        return [] if self._writer is None else [self._writer.commit()]

    def discard(self) -> None:
        """Leave no file."""
        if self._writer is not None:
            self._writer.discard()


def _shard_name(task: str, number: int) -> str:
    return f"{FOLDERS[DOCUMENTS]}/{task}-{name_of_number(number)}.parquet"


def first_shard_name(task: str) -> str:
    """What the first document shard of a task is called in its stage's folder."""
    return _shard_name(task, 0)


class DocumentWriter:
    """Document shards `documents/<task>-<n>.parquet`, rolled when a shard holds `shard_text_bytes` of text."""

    def __init__(self, folder: str, task: str, shard_text_bytes: int = SHARD_TEXT_BYTES) -> None:
        self._folder, self._task = folder, task
        self._shard_text_bytes = shard_text_bytes
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0
        self._pending_rows = 0
        self._pending_size = 0
        self._shard_bytes = 0
        self._writer: ParquetWriter | None = None
        self._shards: list[ParquetWriter] = []
        self.rows = 0
        self.text_bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append documents (schema DOCUMENT_SCHEMA)."""
        for start, stop in _cuts(batch):
            piece = batch.slice(start, stop - start)
            num_bytes = pc.sum(text_lengths_bytes(piece.column("text"))).as_py() or 0
            self._pending.append(piece)
            self._pending_bytes += num_bytes
            self._pending_rows += piece.num_rows
            self._pending_size += piece.nbytes
            self.rows += piece.num_rows
            self.text_bytes += num_bytes
            is_full = self._pending_bytes >= ROW_GROUP_TEXT_BYTES or self._pending_rows >= ROW_GROUP_ROWS
            if is_full or self._pending_size >= BATCH_BYTES:  # long addresses and metadata count too
                self._flush()
                if self._shard_bytes >= self._shard_text_bytes:
                    self._roll()

    def _flush(self) -> None:
        if not self._pending:
            return
        group = pa.Table.from_batches(self._pending).combine_chunks()
        self._append(group, source_totals(group))
        self._shard_bytes += self._pending_bytes
        self._pending, self._pending_bytes, self._pending_rows, self._pending_size = [], 0, 0, 0

    def _append(self, group: pa.Table, totals: dict[str, SourceTotals]) -> None:
        if self._writer is None:
            name = _shard_name(self._task, len(self._shards))
            self._writer = ParquetWriter(self._folder, name, DOCUMENT_SCHEMA, DOCUMENTS)
            self._shards.append(self._writer)
        self._writer.write(group, totals)

    def _roll(self) -> None:
        if self._writer is not None:
            self._writer.finish()
        self._writer, self._shard_bytes = None, 0

    def finish(self) -> None:
        """Write what is pending."""
        self._flush()
        self._roll()

    def commit(self) -> list[FileInfo]:
        """Give the shards their names (none when there was no document)."""
        self.finish()
        return [shard.commit() for shard in self._shards]

    def discard(self) -> None:
        """Leave no shard."""
        for shard in self._shards:
            shard.discard()


def _cuts(batch: pa.RecordBatch) -> Iterator[tuple[int, int]]:
    """Row ranges of `batch` with at most a row group's text each (one long document is a range of its own)."""
    if batch.num_rows == 0:
        return
    ends = pc.cumulative_sum(text_lengths_bytes(batch.column("text"))).to_numpy(zero_copy_only=False)
    start = 0
    while start < batch.num_rows:
        base = ends[start - 1] if start else 0
        stop = int(ends.searchsorted(base + ROW_GROUP_TEXT_BYTES, side="left")) + 1
        stop = min(max(stop, start + 1), start + ROW_GROUP_ROWS, batch.num_rows)
        yield start, stop
        start = stop


def read_batches(
    uris: Iterable[str], columns: Sequence[str] | None = None, max_rows: int = ROW_GROUP_ROWS
) -> Iterator[pa.RecordBatch]:
    """Stream Parquet files in order as batches; memory is one row group of ours, or a bounded batch of a larger one."""
    for uri in uris:
        with open_stored(uri) as raw:
            reader = GroupReader(raw, columns, FOREIGN_BATCH_ROWS)
            for index in range(reader.metadata.num_row_groups):
                for batch in reader.batches(index):
                    yield from _at_most(batch, max_rows)


def _at_most(batch: pa.RecordBatch, max_rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, max_rows):
        yield batch.slice(start, max_rows)


def read_rows(
    uri: str, rows: npt.NDArray[np.integer], columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file with these numbers (ascending), in batches; row groups without one are not read."""
    with open_stored(uri) as raw:
        reader = GroupReader(raw, columns, FOREIGN_BATCH_ROWS)
        start = 0
        for index in range(reader.metadata.num_row_groups):
            stop = start + reader.metadata.row_group(index).num_rows
            begin, end = np.searchsorted(rows, [start, stop])
            if end > begin:
                yield from _taken(reader.batches(index), rows[begin:end].astype(np.int64) - start)
            start = stop


def _taken(batches: Iterable[pa.RecordBatch], rows: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """The rows with these numbers of the rows in `batches`."""
    start = 0
    for batch in batches:
        begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
        if end > begin:
            yield batch.take(pa.array(rows[begin:end] - start))
        start += batch.num_rows


def read_documents(uris: Iterable[str], columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Stream document shards; with all columns the batches have exactly DOCUMENT_SCHEMA."""
    # a foreign file's other columns are not read at all
    for batch in read_batches(uris, DOCUMENT_SCHEMA.names if columns is None else columns):
        if columns is None:
            yield batch if batch.schema == DOCUMENT_SCHEMA else _as_documents(batch, DOCUMENT_SCHEMA)
        else:
            yield _as_documents(batch, pa.schema([DOCUMENT_SCHEMA.field(name) for name in columns]))


def _as_documents(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of a foreign Parquet file with our columns: order and types mended, missing nullable ones null."""
    if batch.schema == schema:
        return batch
    arrays: list[Any] = []
    for field in schema:
        at = batch.schema.get_field_index(field.name)
        arrays.append(pa.nulls(batch.num_rows, field.type) if at < 0 else batch.column(at).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
