"""Documents in, documents without the spans of words that an earlier place has out (Lee et al. 2022, section 4.1).

sample (shard -> anchors by hash range) -> anchors (range -> anchors that repeat, by shard) -> hash (shard -> windows
of `min_words` words at such anchors, by hash range) -> match (range -> windows to remove, by shard) -> span (shard ->
spans, and questions by shard of the document that keeps them) -> name (shard -> its ids by shard that asked) ->
remove (shard). Words are those of the shingles of near dedup, case folded; no tokenizer is needed.

A window goes when an earlier place has it: by source priority, then by a hash of the id, then by place, never by
arrival. So every removed word stood in `min_words` words that an earlier place has too, and stays at one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    PassesParams,
    PriorityOptions,
    ShardParams,
    node_ids,
    passes_tasks,
    range_part,
    shard_tasks,
    source_places,
    split_nodes,
)
from stages.dedup.substrings.spans import FindSpans, LeftOptions, NameKeepers, RemoveSpans, SpanOptions
from stages.dedup.substrings.windows import (
    ANCHORS_SCHEMA,
    MARKS_SCHEMA,
    TWINS_SCHEMA,
    WINDOWS_SCHEMA,
    KeepSpans,
    repeated_anchors,
    repeated_windows,
    window_rows,
)
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.match.windows import find_anchors, gram_words

Within = Literal["all", "source"]

WORD_BYTES = 5
ANCHOR_BYTES = 20
WINDOW_BYTES = 32
ROWS_PER_PASS = 4 << 20
"""Rows of a range that a task holds at a time; a fuller range is read several times, a part of it each."""


def source_seeds(sources: pa.Array, within: Within) -> npt.NDArray[np.uint64]:
    """The hash seed of each document: windows of documents with different seeds never meet."""
    return hash_strings(sources) if within == "source" else np.zeros(len(sources), np.uint64)


class WithinOptions(Record):
    """Which documents are compared."""

    within: Within = Field("all", description="compare within each source, or all documents")


class KeepSpansOptions(Record):
    """Which occurrence of a span stays."""

    keep: KeepSpans = Field("first", description="keep the first occurrence of a span, or none")


class SampleAnchorsParams(ShardParams):
    """A shard, and into how many ranges its anchors go."""

    destinations: int


class SampleAnchors(SpanOptions, WithinOptions, Stage[SampleAnchorsParams]):
    """Shard -> the anchors of its documents, by hash range."""

    stage_name: ClassVar[str] = "substrings_sample"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[SampleAnchorsParams]]:
        """One task per document shard."""
        (documents,) = inputs
        words = documents.text_bytes // WORD_BYTES
        grams = self.min_words - gram_words(self.min_words) + 1
        count = num_destinations(2 * words // (grams + 1) * ANCHOR_BYTES, DESTINATION_BYTES)
        return shard_tasks(documents, lambda shard: SampleAnchorsParams(shard=shard, destinations=count))

    def run(self, task: Task[SampleAnchorsParams]) -> ShardReport:
        """Send (hash, document, place) of every anchor."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(ANCHORS_SCHEMA, task.params.destinations)
            start = 0
            for batch in out.read(task.inputs, ["source", "text"]):
                seeds = source_seeds(batch.column("source"), self.within)
                anchors = find_anchors(batch.column("text"), seeds, self.min_words)
                nodes = node_ids(task.params.shard, start, batch.num_rows)[anchors.rows]
                columns = [pa.array(anchors.keys), pa.array(nodes), pa.array(anchors.places)]
                rows = pa.RecordBatch.from_arrays(columns, schema=ANCHORS_SCHEMA)
                exchange.send(rows, anchors.keys)
                start += batch.num_rows
                out.pass_on(batch.num_rows)
        return out.report


class MatchAnchors(Stage[PassesParams]):
    """Range of anchors -> those that repeat, by shard. Inputs: anchors, documents."""

    stage_name: ClassVar[str] = "substrings_anchors"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PassesParams]]:
        """One task per range."""
        anchors, documents = inputs
        return passes_tasks(Exchange.of(anchors), documents, ROWS_PER_PASS)

    def run(self, task: Task[PassesParams]) -> ShardReport:
        """Send every occurrence of a repeated anchor back, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(MARKS_SCHEMA, task.params.shards)
            for part in range(task.params.passes):
                nodes, places = repeated_anchors(range_part(out, task.params, part, ANCHORS_SCHEMA))
                shards, rows = split_nodes(nodes)
                marks = pa.RecordBatch.from_arrays([pa.array(rows), pa.array(places)], schema=MARKS_SCHEMA)
                exchange.write(marks, shards)
        return out.report


class WindowParams(ShardParams):
    """A shard, the repeated anchors of all, and into how many ranges its windows go."""

    marks: Exchange
    destinations: int


class HashWindows(SpanOptions, WithinOptions, PriorityOptions, Stage[WindowParams]):
    """Shard -> its windows at repeated anchors, by hash range. Inputs: documents, repeated anchors."""

    stage_name: ClassVar[str] = "substrings_hash"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[WindowParams]]:
        """One task per document shard; each repeated anchor is the anchor of half of the windows that it lies in."""
        documents, marks = inputs[0], Exchange.of(inputs[1])
        windows = marks.rows * (gram_words(self.min_words) + 1) // 2
        count = num_destinations(windows * WINDOW_BYTES, DESTINATION_BYTES)
        return shard_tasks(
            documents, lambda shard: WindowParams(shard=shard, marks=marks, destinations=count)
        )

    def run(self, task: Task[WindowParams]) -> ShardReport:
        """Hash every window whose anchor repeats; documents without one are not looked at again."""
        shard = task.params.shard
        with TaskWriter(task, self.stage_name) as out:
            marks = pa.Table.from_batches(out.receive(task.params.marks, shard), MARKS_SCHEMA)
            rows, places = (marks.column(name).to_numpy() for name in ("row", "place"))
            order = np.lexsort((places, rows))
            rows, places = rows[order], places[order]
            exchange = out.exchange(WINDOWS_SCHEMA, task.params.destinations)
            start = 0
            for batch in out.read(task.inputs, ["id", "source", "text"]):
                begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
                if end > begin:
                    seeds = source_seeds(batch.column("source"), self.within)
                    nodes = node_ids(shard, start, batch.num_rows)
                    ranks = document_ranks(batch, self.priority)
                    marked = rows[begin:end].astype(np.int64) - start
                    for windows in window_rows(
                        batch.column("text"), seeds, ranks, nodes, marked, places[begin:end], self.min_words
                    ):
                        exchange.send(windows, windows.column("high").to_numpy())
                start += batch.num_rows
                out.pass_on(batch.num_rows)
        return out.report


def document_ranks(batch: pa.RecordBatch, priority: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The order in which the first of equal windows is chosen: place of the source, then a hash of the id."""
    sources = source_places(batch.column("source"), priority).to_numpy().astype(np.uint64)
    ranks: npt.NDArray[np.uint64] = (sources << np.uint64(56)) | (
        hash_strings(batch.column("id")) >> np.uint64(8)
    )
    return ranks


class MatchWindows(SpanOptions, KeepSpansOptions, Stage[PassesParams]):
    """Range of windows -> those to remove, by shard. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "substrings_match"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PassesParams]]:
        """One task per range."""
        windows, documents = inputs
        return passes_tasks(Exchange.of(windows), documents, ROWS_PER_PASS)

    def run(self, task: Task[PassesParams]) -> ShardReport:
        """Find the windows that an earlier place has, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(TWINS_SCHEMA, task.params.shards)
            for part in range(task.params.passes):
                rows = range_part(out, task.params, part, WINDOWS_SCHEMA)
                exchange.write(*repeated_windows(rows, self.min_words, self.keep))
        return out.report


class DedupSubstrings(SpanOptions, WithinOptions, KeepSpansOptions, LeftOptions, PriorityOptions, Verb):
    """Remove spans of words that stand elsewhere too, in the same or another document."""

    verb: ClassVar[str] = "dedup_substrings"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """sample -> anchors -> hash -> match -> span -> name -> remove."""
        sampled = wiring.add(self.stage(SampleAnchors), documents)
        marks = wiring.add(MatchAnchors(), sampled, documents)
        windows = wiring.add(self.stage(HashWindows), documents, marks)
        twins = wiring.add(self.stage(MatchWindows), windows, documents)
        spans = wiring.add(self.stage(FindSpans), twins, documents)
        names = wiring.add(NameKeepers(), spans, documents)
        return wiring.add(self.stage(RemoveSpans), documents, spans, names)
