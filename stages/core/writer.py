"""What a stage writes through while it runs one task: document shards, ledger, exchange, counts; then the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.documents import text_lengths_bytes
from stages.core.exchange import ExchangeWriter
from stages.core.ledger import LedgerWriter
from stages.core.parquet import SHARD_TEXT_BYTES, DocumentWriter, read_documents
from stages.core.stage import FileInfo, ShardReport, Task


class TaskWriter:
    """The outputs of one task as a context: on success all files are in place, on error none is left.

    Counts come from what passes through: `read` counts documents in, `keep` documents out, the ledger the drops.
    So the conservation check holds a stage to what it really did.
    """

    def __init__(self, task: Task, stage_name: str, shard_text_bytes: int = SHARD_TEXT_BYTES) -> None:
        self.task = task
        self._documents = DocumentWriter(task.output, task.id, shard_text_bytes)
        self.ledger = LedgerWriter(task.output, task.id, stage_name)
        self._exchange: ExchangeWriter | None = None
        self._files: list[FileInfo] = []
        self._report: ShardReport | None = None
        self.documents_in = 0
        self.bytes_in = 0
        self.created = 0
        self.rows_out = 0
        self.facts: dict[str, Any] = {}

    def read(self, uris: Iterable[str], columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Stream document shards and count them in; `columns` must hold `text` for bytes to be counted."""
        for batch in read_documents(uris, columns):
            self.documents_in += batch.num_rows
            if "text" in batch.schema.names:
                self.bytes_in += pc.sum(text_lengths_bytes(batch.column("text"))).as_py() or 0
            yield batch

    def keep(self, batch: pa.RecordBatch) -> None:
        """Write documents to the output shards."""
        self._documents.write(batch)

    def exchange(self, schema: pa.Schema, num_destinations: int) -> ExchangeWriter:
        """The task's exchange file; its rows are not documents unless `pass_on` says so."""
        self._exchange = ExchangeWriter(self.task.output, self.task.id, schema, num_destinations)
        return self._exchange

    def pass_on(self, documents: int) -> None:
        """Count documents that leave as rows of an exchange or token file and not of a document shard."""
        self.rows_out += documents

    def add_file(self, file: FileInfo) -> None:
        """Add a file that the stage wrote by itself (a model, a table, a token shard)."""
        self._files.append(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._documents.abandon(error)
            self.ledger.abandon(error)
            return
        files = [*self._documents.finish(), *self._files]
        if self._exchange is not None:
            files.append(self._exchange.finish())
        files += self.ledger.finish()
        self._report = ShardReport(
            task=self.task.id,
            files=tuple(files),
            documents_in=self.documents_in,
            created=self.created,
            documents_out=self._documents.rows + self.rows_out,
            merged=sum(self.ledger.merged.values()),
            bytes_in=self.bytes_in,
            bytes_out=self._documents.text_bytes,
            dropped=dict(sorted(self.ledger.dropped.items())),
            edited=dict(sorted(self.ledger.edited.items())),
            facts=self.facts,
        )
        self._report.check_conservation()

    @property
    def report(self) -> ShardReport:
        """The report of the task, after the context ended."""
        if self._report is None:
            raise RuntimeError(f"task {self.task.id} has not finished")
        return self._report
