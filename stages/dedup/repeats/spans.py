"""Windows to remove in, the spans that they cover out; and the id of a document that keeps each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, node_ids, num_shards, shard_tasks, split_nodes
from stages.dedup.repeats.windows import TWINS_SCHEMA, RepeatOptions

SPANS_SCHEMA = pa.schema([("row", pa.uint32()), ("first", pa.uint32()), ("stop", pa.uint32())])
"""Units (words, sentences) first:stop of a document go. Spans are sorted and do not touch."""

QUESTIONS_SCHEMA = pa.schema([("row", pa.uint32()), ("asker", pa.uint64())])
"""For the shard of a keeper: document `asker` wants the id of the document in `row`."""

NAMES_SCHEMA = pa.schema([("row", pa.uint32()), ("id", pa.string())])
"""For the shard of an asker: the id that the document in `row` asked for."""

WINDOWS_PER_PASS = 4 << 20


class SpanParams(ShardParams):
    """A shard of `shards`, and the windows to remove from all."""

    twins: Exchange
    shards: int


class FindRepeats(RepeatOptions, Stage[SpanParams]):
    """Windows to remove -> spans (a table per shard), and questions by shard of keeper. Inputs: windows, documents."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[SpanParams]]:
        """One task per document shard."""
        twins, documents = Exchange.of(inputs[0]), inputs[1]
        shards = num_shards(documents)
        return shard_tasks(documents, lambda shard: SpanParams(shard=shard, twins=twins, shards=shards))

    def run(self, task: Task[SpanParams]) -> ShardReport:
        """Join the windows of each document; ask for the keeper of its longest span."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(QUESTIONS_SCHEMA, task.params.shards)
            table = out.table(f"spans-{task.id}", SPANS_SCHEMA)
            for twins in _twins_by_rows(out, task.params):
                spans, keepers = join_windows(twins, self.window)
                table.write(pa.Table.from_batches([spans]))
                longest = longest_spans(spans)
                shards, rows = split_nodes(keepers[longest])
                askers = node_ids(task.params.shard, 0, 1) + spans.column("row").to_numpy()[longest]
                columns = [pa.array(rows), pa.array(askers.astype(np.uint64))]
                exchange.write(pa.RecordBatch.from_arrays(columns, schema=QUESTIONS_SCHEMA), shards)
        return out.report


def _twins_by_rows(out: TaskWriter, params: SpanParams) -> Iterator[pa.Table]:
    """The windows to remove from a shard, those of some documents at a time when there are many."""
    count = last = 0
    for batch in params.twins.read(params.shard):
        count += batch.num_rows
        last = max(last, pc.max(batch.column("row")).as_py() or 0)
    passes = -(-count // WINDOWS_PER_PASS)
    step = -(-(last + 1) // max(1, passes))
    for part in range(passes):
        batches = []
        for batch in params.twins.read(params.shard):
            rows = batch.column("row").to_numpy()
            batches.append(batch.filter(pa.array((rows >= part * step) & (rows < (part + 1) * step))))
        yield pa.Table.from_batches(out.received(params.twins, batches), TWINS_SCHEMA)


def join_windows(twins: pa.Table, window: int) -> tuple[pa.RecordBatch, npt.NDArray[np.uint64]]:
    """The spans (SPANS_SCHEMA) that windows (TWINS_SCHEMA) cover, and the keeper of the first window of each."""
    rows, places = (twins.column(name).to_numpy().astype(np.int64) for name in ("row", "place"))
    order = np.lexsort((places, rows))
    rows, places = rows[order], places[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]) | (places[1:] > places[:-1] + window)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(rows))[: len(starts)] - 1
    columns = [rows[starts], places[starts], places[ends] + window]
    spans = pa.RecordBatch.from_arrays([pa.array(c, pa.uint32()) for c in columns], schema=SPANS_SCHEMA)
    return spans, twins.column("keeper").to_numpy()[order[starts]]


def longest_spans(spans: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The index of the longest span of each document, the first of equal ones."""
    rows, firsts, stops = (spans.column(name).to_numpy().astype(np.int64) for name in SPANS_SCHEMA.names)
    order = np.lexsort((firsts, firsts - stops, rows))
    new = np.ones(len(rows), bool)
    new[1:] = rows[order[1:]] != rows[order[:-1]]
    return order[new]


class NameParams(ShardParams):
    """A shard of `shards`, and the questions to all."""

    questions: Exchange
    shards: int


class NameRepeats(Stage[NameParams]):
    """Shard -> the ids that others asked for, by their shard. Inputs: questions, documents."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[NameParams]]:
        """One task per document shard."""
        questions, documents = Exchange.of(inputs[0]), inputs[1]
        shards = num_shards(documents)
        return shard_tasks(
            documents, lambda shard: NameParams(shard=shard, questions=questions, shards=shards)
        )

    def run(self, task: Task[NameParams]) -> ShardReport:
        """Stream the ids of the shard past the questions, which lie in memory sorted by row."""
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(task.params.questions, task.params.shard)
            questions = pa.Table.from_batches(batches, QUESTIONS_SCHEMA)
            rows, askers = questions.column("row").to_numpy(), questions.column("asker").to_numpy()
            order = np.lexsort((askers, rows))
            rows, askers = rows[order], askers[order]
            exchange = out.exchange(NAMES_SCHEMA, task.params.shards)
            start = 0
            for batch in read_batches(task.inputs, ["id"]) if len(rows) else ():
                begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
                places = rows[begin:end].astype(np.int64) - start
                shards, asked_by = split_nodes(askers[begin:end])
                columns = [pa.array(asked_by), batch.column("id").take(pa.array(places))]
                exchange.write(pa.RecordBatch.from_arrays(columns, schema=NAMES_SCHEMA), shards)
                start += batch.num_rows
        return out.report
