"""Documents and rows to remove in, the other documents out: the last stage of every dedup by document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, ShardReport
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks

REMOVALS_SCHEMA = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("partner", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""A document to remove: `row` counts the documents of its shard from 0; the rest goes to the ledger."""


class RemoveDocumentsParams(ShardParams):
    """A shard, and the removals of all."""

    removals: Exchange


class RemoveDocuments(Stage[RemoveDocumentsParams]):
    """Drop the rows that an exchange of REMOVALS_SCHEMA names (destination i is document shard i).

    Inputs: the documents, the removals. When a row is named twice the first file counts.
    """

    stage_name: ClassVar[str] = "remove"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RemoveDocumentsParams]]:
        """One task per document shard."""
        documents, removals = inputs[0], Exchange.of(inputs[1])
        return shard_tasks(documents, lambda shard: RemoveDocumentsParams(shard=shard, removals=removals))

    def run(self, task: Task[RemoveDocumentsParams]) -> ShardReport:
        """Stream the shard past its removals, which lie in memory sorted by row."""
        with TaskWriter(task, self.stage_name) as out:
            removals = first_removals(out.receive(task.params.removals, task.params.shard))
            rows = removals.column("row").to_numpy()
            start = 0
            for batch in out.read(task.inputs):
                begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
                keep = np.ones(batch.num_rows, dtype=bool)
                keep[rows[begin:end] - start] = False
                _drop(out, batch, removals.slice(begin, end - begin), rows[begin:end] - start)
                out.keep(batch.filter(pa.array(keep)) if end > begin else batch)
                start += batch.num_rows
            if len(rows) and rows[-1] >= start:
                raise ValueError(f"removal of row {rows[-1]} in a shard of {start} rows: {task.inputs[0]}")
        return out.report


def first_removals(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """The removals of a shard sorted by row, the first one of each row."""
    table = pa.Table.from_batches(batches, REMOVALS_SCHEMA).combine_chunks()
    _, first = np.unique(table.column("row").to_numpy(), return_index=True)
    removals = table.take(pa.array(first)).combine_chunks()
    return removals.to_batches()[0] if removals.num_rows else pa.RecordBatch.from_pylist([], REMOVALS_SCHEMA)


def _drop(
    out: TaskWriter, batch: pa.RecordBatch, removals: pa.RecordBatch, rows: npt.NDArray[np.integer]
) -> None:
    """Ledger rows for `rows` of `batch`, rule by rule, with what `removals` says of each."""
    for rule in sorted(pc.unique(removals.column("rule")).to_pylist()):
        of_rule = pc.equal(removals.column("rule"), rule)
        reasons = removals.filter(of_rule)
        documents = batch.take(pa.array(rows[of_rule.to_numpy(zero_copy_only=False)]))
        columns = {name: reasons.column(name) for name in ("value", "threshold", "partner", "detail")}
        out.ledger.rows(documents, rule=rule, **columns)
