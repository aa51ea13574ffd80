"""Documents of one stage in, the next stage's batches out, within one task: steps that run as one write nothing between."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence

import pyarrow as pa

from stages.core.manifest import DOCUMENTS, FileInfo, SourceTotals, add_sources
from stages.core.parquet import DocumentWriter, first_shard_name


class HandedDocuments:
    """What a stage kept of one shard, in memory until the next stage takes it; a batch for each row group that a shard
    would have, so that the next stage sees the same batches either way."""

    def __init__(self) -> None:
        self._batches: deque[pa.RecordBatch] = deque()

    def put(self, group: pa.Table) -> None:
        """Add a row group, whose columns are one chunk each."""
        self._batches.extend(group.to_batches())

    def take(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The batches in their order, each let go of as it is taken; `columns` of them, or all."""
        while self._batches:
            batch = self._batches.popleft()
            yield batch if columns is None else batch.select(list(columns))

    def clear(self) -> None:
        """Let go of all."""
        self._batches.clear()


class HandingWriter(DocumentWriter):
    """In the place of a task's DocumentWriter: the documents go to the next stage, and no shard is written.

    The file that its report names is not kept: it says how many documents went on, by source.
    """

    def __init__(self, task: str, handed: HandedDocuments) -> None:
        super().__init__("", task, shard_text_bytes=sys.maxsize)
        self._name, self._handed = first_shard_name(task), handed
        self._totals: list[dict[str, SourceTotals]] = []

    def _append(self, group: pa.Table, totals: dict[str, SourceTotals]) -> None:
        self._handed.put(group)
        self._totals.append(totals)

    def commit(self) -> list[FileInfo]:
        """What went on (nothing when there was no document)."""
        self.finish()
        sources = add_sources(self._totals)
        passed = FileInfo(
            name=self._name, kind=DOCUMENTS, rows=self.rows, bytes=0, sha256="", sources=sources, kept=False
        )
        return [passed] if self.rows else []

    def discard(self) -> None:
        """Hand nothing on."""
        self._handed.clear()
