"""The table of values: a Parquet row for every document of a task with all that a stage measured of it, kept or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.documents import text_lengths_bytes
from stages.core.parquet import ParquetWriter
from stages.core.stage import TABLE, FileInfo

FIXED = (
    pa.field("id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("text_bytes", pa.int64(), nullable=False),
)
"""The first columns of every table of values; a column of float64 for each measure follows."""

FLUSH_ROWS = 65_536
_MARK = {b"altiplano": b"values"}


class ValuesWriter:
    """The table `values-<task>.parquet` of one task; its columns are those of the first batch."""

    def __init__(self, folder: str, task: str) -> None:
        self._folder, self._task = folder, task
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._writer: ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch, measures: Mapping[str, npt.NDArray[np.floating]]) -> None:
        """Add the documents of `batch`; an array of `measures` has a value for each."""
        fields = [*FIXED, *(pa.field(name, pa.float64()) for name in measures)]
        lengths = text_lengths_bytes(batch.column("text"))
        arrays = [batch.column("id"), batch.column("source"), lengths]
        arrays += [pa.array(values, pa.float64()) for values in measures.values()]
        schema = pa.schema(fields, metadata=_MARK)
        self._pending.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._pending_rows += batch.num_rows
        if self._pending_rows >= FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        if self._writer is None:
            self._writer = ParquetWriter(
                self._folder, f"values-{self._task}.parquet", self._pending[0].schema
            )
        self._writer.write(pa.Table.from_batches(self._pending).combine_chunks())
        self._pending, self._pending_rows = [], 0

    def finish(self) -> list[FileInfo]:
        """Close; the table, or nothing when there was no document."""
        self._flush()
        return [self._writer.finish(TABLE)] if self._writer is not None else []

    def abandon(self, error: BaseException) -> None:
        """Delete the unfinished table after `error`."""
        if self._writer is not None:
            self._writer.abandon(error)


def is_values(schema: pa.Schema) -> bool:
    """Whether a Parquet file with this schema is a table of values."""
    return (schema.metadata or {}).get(b"altiplano") == _MARK[b"altiplano"]
