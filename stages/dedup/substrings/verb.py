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
from typing import ClassVar

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
    split_nodes,
)
from stages.dedup.repeats.remove import RemoveRepeats
from stages.dedup.repeats.spans import FindRepeats, NameRepeats
from stages.dedup.repeats.windows import (
    ROWS_PER_PASS,
    WINDOW_BYTES,
    WINDOWS_SCHEMA,
    KeepSpansOptions,
    MatchRepeats,
    RepeatOptions,
    WithinOptions,
    document_ranks,
    source_seeds,
)
from stages.dedup.substrings.windows import ANCHORS_SCHEMA, MARKS_SCHEMA, repeated_anchors, window_rows
from stages.kernels.match.windows import find_anchors, gram_words
from stages.kernels.words.cut_words import CutTexts, cut_words

WORD_BYTES = 5
ANCHOR_BYTES = 20


class SpanOptions(RepeatOptions):
    """How long a repeat must be."""

    min_words: int = Field(50, ge=2, description="words in a row, at least, that make a repeat")

    @property
    def window(self) -> int:
        """Those words."""
        return self.min_words


class LeftOptions(Record):
    """Which documents are dropped when their spans are gone."""

    min_left_words: int = Field(
        1, ge=1, description="a document that lost a span and is left with fewer words is dropped"
    )


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


class MatchWindows(SpanOptions, MatchRepeats):
    """Range of windows -> those to remove, by shard. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "substrings_match"


class FindSpans(SpanOptions, FindRepeats):
    """Windows to remove -> spans (a table per shard), and questions by shard of keeper. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "substrings_span"


class NameKeepers(NameRepeats):
    """Shard -> the ids that others asked for, by their shard. Inputs: questions, documents."""

    stage_name: ClassVar[str] = "substrings_name"


class RemovedSpans(Record):
    """The spans cut from a shard, in words and bytes, of how many bytes."""

    spans: int
    removed_words: int
    bytes: int
    removed_bytes: int


class RemoveSpans(SpanOptions, LeftOptions, RemoveRepeats):
    """Shard -> its documents without the spans. Inputs: documents, spans, names of keepers."""

    stage_name: ClassVar[str] = "substrings_remove"
    unit: ClassVar[str] = "words"
    edit_rule: ClassVar[str] = "repeated_span"
    drop_rule: ClassVar[str] = "short_after_span_dedup"

    @property
    def min_left(self) -> int:
        """In words."""
        return self.min_left_words

    def cut(
        self,
        texts: pa.Array,
        starts: npt.NDArray[np.int64],
        firsts: npt.NDArray[np.uint32],
        stops: npt.NDArray[np.uint32],
    ) -> CutTexts:
        """Cut words."""
        return cut_words(texts, starts, firsts, stops)

    def removed(self, spans: int, units: int, bytes: int, removed_bytes: int) -> RemovedSpans:
        """In words."""
        return RemovedSpans(spans=spans, removed_words=units, bytes=bytes, removed_bytes=removed_bytes)


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
