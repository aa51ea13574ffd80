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
from pydantic import BaseModel, ConfigDict, Field

from stages.core.documents import SOURCES
from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.stage import DOCUMENTS, EXCHANGE, Manifest, ShardReport, Stage, Task
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    SpillingExchange,
    node_ids,
    range_part,
    range_tasks,
    shard_tasks,
    source_places,
    split_nodes,
)
from stages.dedup.substrings.spans import FindSpans, NameKeepers, RemoveSpans
from stages.dedup.substrings.windows import (
    ANCHORS_SCHEMA,
    MARKS_SCHEMA,
    TWINS_SCHEMA,
    WINDOWS_SCHEMA,
    Keep,
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


class SampleAnchors(Stage):
    """Shard -> the anchors of its documents, by hash range."""

    stage_name: ClassVar[str] = "substrings_sample"

    min_words: int = Field(50, ge=2)
    within: Within = "all"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        return shard_tasks(documents, destinations=_sample_destinations(documents, self.min_words))

    def run(self, task: Task) -> ShardReport:
        """Send (hash, document, place) of every anchor."""
        shard, count = task.params["shard"], task.params["destinations"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, ANCHORS_SCHEMA, count)
            start = 0
            for batch in out.read(task.inputs, ["source", "text"]):
                seeds = source_seeds(batch.column("source"), self.within)
                anchors = find_anchors(batch.column("text"), seeds, self.min_words)
                nodes = node_ids(shard, start, batch.num_rows)[anchors.rows]
                columns = [pa.array(anchors.keys), pa.array(nodes), pa.array(anchors.places)]
                rows = pa.RecordBatch.from_arrays(columns, schema=ANCHORS_SCHEMA)
                exchange.write(rows, destination_of(anchors.keys, count))
                start += batch.num_rows
                out.pass_on(batch.num_rows)
            exchange.finish()
        return out.report


def _sample_destinations(documents: Manifest, min_words: int) -> int:
    words = sum(totals.text_bytes for totals in documents.sources.values()) // WORD_BYTES
    grams = min_words - gram_words(min_words) + 1
    return num_destinations(2 * words // (grams + 1) * ANCHOR_BYTES, DESTINATION_BYTES)


class MatchAnchors(Stage):
    """Range of anchors -> those that repeat, by shard. Inputs: anchors, documents."""

    stage_name: ClassVar[str] = "substrings_anchors"

    min_words: int = Field(50, ge=2)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        anchors, documents = inputs
        return _match_tasks(anchors, documents, _sample_destinations(documents, self.min_words))

    def run(self, task: Task) -> ShardReport:
        """Send every occurrence of a repeated anchor back, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, MARKS_SCHEMA, task.params["shards"])
            for part in range(task.params["passes"]):
                nodes, places = repeated_anchors(range_part(task, part, ANCHORS_SCHEMA))
                shards, rows = split_nodes(nodes)
                marks = pa.RecordBatch.from_arrays([pa.array(rows), pa.array(places)], schema=MARKS_SCHEMA)
                exchange.write(marks, shards)
            exchange.finish()
        return out.report


def _match_tasks(rows: Manifest, documents: Manifest, count: int) -> list[Task]:
    return range_tasks(
        rows.uris(EXCHANGE),
        count,
        destinations=count,
        passes=num_destinations(sum(file.rows for file in rows.of_kind(EXCHANGE)) // count, ROWS_PER_PASS),
        shards=len(documents.of_kind(DOCUMENTS)),
    )


class HashWindows(Stage):
    """Shard -> its windows at repeated anchors, by hash range. Inputs: documents, repeated anchors."""

    stage_name: ClassVar[str] = "substrings_hash"

    min_words: int = Field(50, ge=2)
    within: Within = "all"
    priority: tuple[str, ...] = SOURCES

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        documents, marks = inputs
        count = _window_destinations(marks, self.min_words)
        return shard_tasks(documents, marks=marks.uris(EXCHANGE), destinations=count)

    def run(self, task: Task) -> ShardReport:
        """Hash every window whose anchor repeats; documents without one are not looked at again."""
        shard, count = task.params["shard"], task.params["destinations"]
        marks = pa.Table.from_batches(read_destination(task.params["marks"], shard), MARKS_SCHEMA)
        rows, places = (marks.column(name).to_numpy() for name in ("row", "place"))
        order = np.lexsort((places, rows))
        rows, places = rows[order], places[order]
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, WINDOWS_SCHEMA, count)
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
                        exchange.write(windows, destination_of(windows.column("high").to_numpy(), count))
                start += batch.num_rows
                out.pass_on(batch.num_rows)
            exchange.finish()
        return out.report


def document_ranks(batch: pa.RecordBatch, priority: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The order in which the first of equal windows is chosen: place of the source, then a hash of the id."""
    sources = source_places(batch.column("source"), priority).to_numpy().astype(np.uint64)
    ranks: npt.NDArray[np.uint64] = (sources << np.uint64(56)) | (
        hash_strings(batch.column("id")) >> np.uint64(8)
    )
    return ranks


def _window_destinations(marks: Manifest, min_words: int) -> int:
    """From the anchors that repeat: each is the anchor of half of the windows that it lies in."""
    anchors = sum(file.rows for file in marks.of_kind(EXCHANGE))
    return num_destinations(anchors * (gram_words(min_words) + 1) // 2 * WINDOW_BYTES, DESTINATION_BYTES)


class MatchWindows(Stage):
    """Range of windows -> those to remove, by shard. Inputs: windows, repeated anchors, documents."""

    stage_name: ClassVar[str] = "substrings_match"

    min_words: int = Field(50, ge=2)
    keep: Keep = "first"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        windows, marks, documents = inputs
        return _match_tasks(windows, documents, _window_destinations(marks, self.min_words))

    def run(self, task: Task) -> ShardReport:
        """Find the windows that an earlier place has, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, TWINS_SCHEMA, task.params["shards"])
            for part in range(task.params["passes"]):
                rows = range_part(task, part, WINDOWS_SCHEMA)
                exchange.write(*repeated_windows(rows, self.min_words, self.keep))
            exchange.finish()
        return out.report


class DedupSubstrings(BaseModel):
    """Remove spans of words that stand elsewhere too, in the same or another document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_words: int = Field(50, ge=2, description="words in a row, at least, that make a repeat")
    within: Within = Field("all", description="compare within each source, or all documents")
    keep: Keep = Field("first", description="keep the first occurrence of a span, or none")
    min_left_words: int = Field(
        1, ge=1, description="a document that lost a span and is left with fewer words is dropped"
    )
    priority: tuple[str, ...] = Field(SOURCES, description="the source whose copy is kept comes first")

    def steps(self) -> list[Step]:
        """sample -> anchors -> hash -> match -> span -> name -> remove."""
        hash_stage = HashWindows(min_words=self.min_words, within=self.within, priority=self.priority)
        return [
            Step(SampleAnchors(min_words=self.min_words, within=self.within), (0,)),
            Step(MatchAnchors(min_words=self.min_words), (1, 0)),
            Step(hash_stage, (0, 2)),
            Step(MatchWindows(min_words=self.min_words, keep=self.keep), (3, 2, 0)),
            Step(FindSpans(min_words=self.min_words), (4, 0)),
            Step(NameKeepers(), (5, 0)),
            Step(RemoveSpans(min_words=self.min_words, min_left_words=self.min_left_words), (0, 5, 6)),
        ]
