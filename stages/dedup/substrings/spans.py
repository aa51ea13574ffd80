"""Windows to remove in, documents without the spans that they cover out; and the id of a document that keeps each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, node_ids, num_shards, shard_tasks, split_nodes
from stages.dedup.rewrite import Touched, write_rewritten
from stages.dedup.substrings.windows import TWINS_SCHEMA
from stages.kernels.words.cut_words import cut_words

SPANS_SCHEMA = pa.schema([("row", pa.uint32()), ("first", pa.uint32()), ("stop", pa.uint32())])
"""Words first:stop of a document go. Spans are sorted and do not touch."""

QUESTIONS_SCHEMA = pa.schema([("row", pa.uint32()), ("asker", pa.uint64())])
"""For the shard of a keeper: document `asker` wants the id of the document in `row`."""

NAMES_SCHEMA = pa.schema([("row", pa.uint32()), ("id", pa.string())])
"""For the shard of an asker: the id that the document in `row` asked for."""

WINDOWS_PER_PASS = 4 << 20


class SpanOptions(Record):
    """How long a repeat must be."""

    min_words: int = Field(50, ge=2, description="words in a row, at least, that make a repeat")


class LeftOptions(Record):
    """Which documents are dropped when their spans are gone."""

    min_left_words: int = Field(
        1, ge=1, description="a document that lost a span and is left with fewer words is dropped"
    )


class SpanParams(ShardParams):
    """A shard of `shards`, and the windows to remove from all."""

    twins: Exchange
    shards: int


class FindSpans(SpanOptions, Stage[SpanParams]):
    """Windows to remove -> spans (a table per shard), and questions by shard of keeper. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "substrings_span"

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
                spans, keepers = join_windows(twins, self.min_words)
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


def join_windows(twins: pa.Table, min_words: int) -> tuple[pa.RecordBatch, npt.NDArray[np.uint64]]:
    """The spans (SPANS_SCHEMA) that windows (TWINS_SCHEMA) cover, and the keeper of the first window of each."""
    rows, places = (twins.column(name).to_numpy().astype(np.int64) for name in ("row", "place"))
    order = np.lexsort((places, rows))
    rows, places = rows[order], places[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]) | (places[1:] > places[:-1] + min_words)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(rows))[: len(starts)] - 1
    columns = [rows[starts], places[starts], places[ends] + min_words]
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


class NameKeepers(Stage[NameParams]):
    """Shard -> the ids that others asked for, by their shard. Inputs: questions, documents."""

    stage_name: ClassVar[str] = "substrings_name"

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


class RemoveSpansParams(ShardParams):
    """A shard, its table of spans, and the names of keepers for all."""

    spans: str
    names: Exchange


class RemovedSpans(Record):
    """The spans cut from a shard, in words and bytes, of how many bytes."""

    spans: int
    removed_words: int
    bytes: int
    removed_bytes: int


class RemoveSpans(SpanOptions, LeftOptions, Stage[RemoveSpansParams]):
    """Shard -> its documents without the spans. Inputs: documents, spans, names of keepers."""

    stage_name: ClassVar[str] = "substrings_remove"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RemoveSpansParams]]:
        """One task per document shard."""
        documents, spans, names = inputs[0], inputs[1].uris(TABLE), Exchange.of(inputs[2])
        return shard_tasks(
            documents, lambda shard: RemoveSpansParams(shard=shard, spans=spans[shard], names=names)
        )

    def run(self, task: Task[RemoveSpansParams]) -> ShardReport:
        """Cut the spans out of the texts, which stream past them."""
        spans = pa.Table.from_batches(read_batches([task.params.spans]), SPANS_SCHEMA)
        rows = spans.column("row").to_numpy()
        with TaskWriter(task, self.stage_name) as out:
            names = pa.Table.from_batches(out.receive(task.params.names, task.params.shard), NAMES_SCHEMA)
            names = names.take(pc.sort_indices(names, [("row", "ascending")])).combine_chunks()
            partner_rows, partners = names.column("row").to_numpy(), names.column("id").combine_chunks()
            lost_words = lost_bytes = 0
            start = 0
            for batch in out.read(task.inputs):
                begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
                if end == begin:
                    out.keep(batch)
                else:
                    first, last = np.searchsorted(partner_rows, [start, start + batch.num_rows])
                    here = partners.slice(first, last - first)
                    lost = self._cut(out, batch, spans.slice(begin, end - begin), start, here)
                    lost_words, lost_bytes = lost_words + lost[0], lost_bytes + lost[1]
                start += batch.num_rows
            out.facts = RemovedSpans(
                spans=spans.num_rows, removed_words=lost_words, bytes=out.bytes_in, removed_bytes=lost_bytes
            )
        return out.report

    def _cut(
        self, out: TaskWriter, batch: pa.RecordBatch, spans: pa.Table, start: int, partners: pa.Array
    ) -> tuple[int, int]:
        """Cut `spans` out of a batch that begins at row `start`; a partner for each document that has some.

        Returns the words and the bytes that were lost.
        """
        rows, firsts, stops = (spans.column(name).to_numpy() for name in SPANS_SCHEMA.names)
        changed, starts = np.unique(rows.astype(np.int64) - start, return_index=True)
        cut = cut_words(
            batch.column("text").take(pa.array(changed)), np.append(starts, len(rows)), firsts, stops
        )
        lost_words = cut.words_before - cut.words_after
        mask = np.zeros(batch.num_rows, bool)
        mask[changed] = True
        texts = pc.replace_with_mask(batch.column("text"), pa.array(mask), cut.texts)
        short = cut.words_after < self.min_left_words
        details = _details(np.diff(np.append(starts, len(rows))), cut.words_before)
        touched = []
        for chosen, rule, value, threshold in (
            (~short, "repeated_span", lost_words, self.min_words),
            (short, "short_after_span_dedup", cut.words_after, self.min_left_words),
        ):
            ledger = {
                "value": value[chosen],
                "threshold": threshold,
                "partner": partners.filter(pa.array(chosen)),
                "detail": details.filter(pa.array(chosen)),
            }
            touched.append(Touched(_mask(changed[chosen], batch.num_rows), rule, ledger))
        return int(lost_words.sum()), write_rewritten(out, batch, texts, *touched)


def _mask(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(count, bool)
    mask[rows] = True
    return mask


def _details(spans: npt.NDArray[np.int64], words: npt.NDArray[np.int64]) -> pa.Array:
    pairs = zip(spans.tolist(), words.tolist(), strict=True)
    return pa.array([f'{{"spans":{count},"words":{total}}}' for count, total in pairs], pa.string())
