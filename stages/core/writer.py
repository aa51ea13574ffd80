"""What a stage writes through while it runs one task: documents, ledger, tables, exchange, files; then the report.

The writer owns all of it: on success every file gets its name at the end of the context, on error none is left, and no
stage can forget to finish one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.atomic import AtomicFile
from stages.core.documents import text_lengths_bytes
from stages.core.exchange import Exchange
from stages.core.exchange_writer import ExchangeWriter
from stages.core.handed import HandingWriter
from stages.core.ledger import LedgerWriter
from stages.core.manifest import FOLDERS, TABLE, VALUES, FileInfo, Record, ShardReport
from stages.core.names import below
from stages.core.parquet import (
    SHARD_TEXT_BYTES,
    DocumentWriter,
    ParquetWriter,
    RowBuffer,
    first_shard_name,
    read_documents,
)
from stages.core.reused import ReusedFile
from stages.core.stage import Task
from stages.core.values import values_batch


class _Output(Protocol):
    """What the writer owns."""

    def finish(self) -> None:
        """Bring all bytes to the disk."""

    def discard(self) -> None:
        """Leave nothing."""


class TaskWriter:
    """The outputs of one task as a context: on success all files are in place, on error none is left.

    Counts come from what passes through: `read` counts documents in, `keep` documents out, the ledger the drops,
    `receive` the rows of an exchange. So the conservation checks hold a stage to what it really did.
    """

    def __init__(self, task: Task[Any], stage_name: str, shard_text_bytes: int = SHARD_TEXT_BYTES) -> None:
        self.task = task
        self._documents = (
            DocumentWriter(task.output, task.id, shard_text_bytes)
            if task.hands_on is None
            else HandingWriter(task.id, task.hands_on)
        )
        self.ledger = LedgerWriter(task.output, task.id, stage_name)
        self._exchange: ExchangeWriter | None = None
        self._values: RowBuffer | None = None
        self._tables: list[ParquetWriter] = []
        self._files: list[tuple[AtomicFile, str, str]] = []
        self._file_rows: dict[str, int] = {}
        self._reused: list[ReusedFile] = []
        self._report: ShardReport | None = None
        self._rows_read: dict[str, int] = {}
        self.documents_in = 0
        self.bytes_in = 0
        self.created = 0
        self._reused_bytes = 0
        self.rows_out = 0
        self.facts: Record | None = None

    def read(self, uris: Iterable[str], columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Stream document shards, or what was handed on in their place, and count them in; `columns` must hold `text` for
        bytes to be counted."""
        handed = self.task.handed
        for batch in read_documents(uris, columns) if handed is None else handed.take(columns):
            self.documents_in += batch.num_rows
            if "text" in batch.schema.names:
                self.bytes_in += pc.sum(text_lengths_bytes(batch.column("text"))).as_py() or 0
            yield batch

    def receive(self, exchange: Exchange, destination: int) -> Iterator[pa.RecordBatch]:
        """Stream the rows of an exchange for one destination, and count them."""
        yield from self.received(exchange, exchange.read(destination))

    def received(self, exchange: Exchange, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Count rows of an exchange that the stage reads in a way of its own; each must come once over all tasks."""
        yield from self.counted(exchange.stage, batches)

    def counted(self, sender: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Count rows as those of `sender`: a stage's fingerprint, or `parts` of the stage's own exchange."""
        self._rows_read.setdefault(sender, 0)
        for batch in batches:
            self._rows_read[sender] += batch.num_rows
            yield batch

    def keep(self, batch: pa.RecordBatch) -> None:
        """Write documents to the output shards."""
        self._documents.write(batch)

    def exchange(self, schema: pa.Schema, num_destinations: int) -> ExchangeWriter:
        """The task's exchange; its rows are not documents unless `pass_on` says so."""
        place, tasks = (self.task.output, self.task.id), self.task.among
        return self._open(ExchangeWriter(*place, schema, num_destinations, tasks=tasks))

    def merged_exchange(
        self, schema: pa.Schema, first_destination: int, num_destinations: int, spill_bytes: int
    ) -> ExchangeWriter:
        """The second level of an exchange, for its destinations from `first_destination` on."""
        place = (self.task.output, self.task.id)
        return self._open(ExchangeWriter(*place, schema, num_destinations, spill_bytes, first_destination))

    def _open(self, exchange: ExchangeWriter) -> ExchangeWriter:
        if self._exchange is not None:
            raise ValueError(f"task {self.task.id} has an exchange already")
        self._exchange = exchange
        return exchange

    def table(self, name: str, schema: pa.Schema, kind: str = TABLE) -> ParquetWriter:
        """A Parquet file of any schema, `<folder of its kind>/<name>.parquet`, to be written a row group at a time."""
        file = f"{FOLDERS[kind]}/{name}.parquet"
        self._tables.append(ParquetWriter(self.task.output, file, schema, kind))
        return self._tables[-1]

    def write_table(
        self, name: str, schema: pa.Schema, tables: Iterable[pa.Table], kind: str = TABLE
    ) -> None:
        """A Parquet file of `tables`, a row group each."""
        writer = self.table(name, schema, kind)
        for table in tables:
            writer.write(table)

    def file(self, name: str, kind: str, rows: int = 0) -> AtomicFile:
        """A file of any content (a model, packed tokens), `<folder of its kind>/<name>`, to be written into."""
        path = f"{FOLDERS[kind]}/{name}"
        self._files.append((AtomicFile(below(self.task.output, path)), path, kind))
        self._file_rows[path] = rows
        return self._files[-1][0]

    def reuse(self, uri: str, file: FileInfo) -> None:
        """Take a finished file of another stage over as it is, under the name that `file` gives it."""
        self._reused.append(ReusedFile(uri, self.task.output, file))

    def reuse_documents(self, uri: str, file: FileInfo) -> None:
        """Take a document shard over as it is; its documents count in and out."""
        self.reuse(uri, replace(file, name=first_shard_name(self.task.id)))
        text_bytes = sum(totals.text_bytes for totals in file.sources.values())
        self.documents_in += file.rows
        self.bytes_in += text_bytes
        self._reused_bytes += text_bytes
        self.pass_on(file.rows)

    def values(self, batch: pa.RecordBatch, measures: Mapping[str, npt.NDArray[np.floating]]) -> None:
        """Write what was measured of the documents of `batch`; the columns are those of the first batch."""
        if self._values is None:
            name = f"{FOLDERS[VALUES]}/{self.task.id}.parquet"
            self._values = RowBuffer(self.task.output, name, VALUES)
        self._values.write(values_batch(batch, measures))

    def pass_on(self, documents: int) -> None:
        """Count documents that leave as rows of an exchange or token file and not of a document shard."""
        self.rows_out += documents

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._discard()
            return
        try:
            for output in self._outputs():
                output.finish()
            report = self._counts()
            report.check_conservation()
            self._report = report.model_copy(update={"files": tuple(self._commit())})
        except BaseException:
            self._discard()
            raise

    def _outputs(self) -> list[_Output]:
        maybe = [self._exchange, self._values]
        return [
            self._documents,
            *self._tables,
            *(file for file, _, _ in self._files),
            *self._reused,
            *(output for output in maybe if output is not None),
            self.ledger,
        ]

    def _discard(self) -> None:
        for output in self._outputs():
            output.discard()

    def _commit(self) -> list[FileInfo]:
        """Give all files their names."""
        found = self._documents.commit()
        for file, name, kind in self._files:
            file.commit()
            rows = self._file_rows[name]
            found.append(FileInfo(name=name, kind=kind, rows=rows, bytes=file.num_bytes, sha256=file.sha256))
        found += [file.commit() for file in self._reused]
        found += [table.commit() for table in self._tables]
        if self._exchange is not None:
            found += self._exchange.commit()
        if self._values is not None:
            found += self._values.commit()
        return found + self.ledger.commit()

    def _counts(self) -> ShardReport:
        return ShardReport(
            task=self.task.id,
            documents_in=self.documents_in,
            created=self.created,
            documents_out=self._documents.rows + self.rows_out,
            merged=sum(self.ledger.merged.values()),
            bytes_in=self.bytes_in,
            bytes_out=self._documents.text_bytes + self._reused_bytes,
            dropped=dict(sorted(self.ledger.dropped.items())),
            edited=dict(sorted(self.ledger.edited.items())),
            rows_read=dict(sorted(self._rows_read.items())),
            facts={} if self.facts is None else self.facts.model_dump(mode="json"),
        )

    @property
    def report(self) -> ShardReport:
        """The report of the task, after the context ended."""
        if self._report is None:
            raise RuntimeError(f"task {self.task.id} has not finished")
        return self._report
