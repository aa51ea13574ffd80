"""Documents in, documents without the spans of three sentences that an earlier place has out (Raffel et al. 2020, 2.2).

C4 "discarded all but one of any three-sentence span occurring more than once in the data set". hash (shard -> windows
of `min_sentences` sentences, by hash range) -> match (range -> windows to remove, by shard) -> span (shard -> spans,
and questions by shard of the document that keeps them) -> name (shard -> its ids by shard that asked) -> remove (shard).

Which occurrence stays is as in substring dedup: by source priority, then by a hash of the id, then by place, never by
arrival. Every window is exchanged: anchors as there would send 20 bytes for two of three sentences where a window has
32, but read every text once more. C4's published code compares lines, lower-cased and stripped, and drops pages that
are left with too few sentences; here sentences are compared as the paper says, by their words alone, numbers too
(`stages/kernels/lines/sentences.py`). A document of fewer sentences than a window has none, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from stages.core.exchange import num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import DESTINATION_BYTES, PriorityOptions, ShardParams, node_ids, shard_tasks
from stages.dedup.repeats.remove import RemoveRepeats
from stages.dedup.repeats.spans import FindRepeats, NameRepeats
from stages.dedup.repeats.windows import (
    WINDOW_BYTES,
    WINDOWS_SCHEMA,
    KeepSpansOptions,
    MatchRepeats,
    RepeatOptions,
    WithinOptions,
    document_ranks,
    source_seeds,
)
from stages.kernels.lines.cut_sentences import cut_sentences
from stages.kernels.lines.sentences import find_sentences, sentence_keys
from stages.kernels.match.windows import Windows, hash_all_windows
from stages.kernels.words.cut_words import CutTexts

SENTENCE_BYTES = 60
"""Of text for each sentence, at least about: it plans how many ranges there are."""

C4_SENTENCES = 3
"""Raffel et al. 2020, section 2.2: of a span; of a page, too, in the code that made C4."""


class SentencesOptions(RepeatOptions):
    """How long a repeat must be."""

    min_sentences: int = Field(
        C4_SENTENCES, ge=1, description="sentences in a row, at least, that make a repeat"
    )

    @property
    def window(self) -> int:
        """Those sentences."""
        return self.min_sentences


class SpanWordsOptions(Record):
    """Which repeats are too short to say anything."""

    min_words: int = Field(
        1, ge=1, description="sentences in a row of fewer words together stay: lines of menus, tables, code"
    )


class LeftSentencesOptions(Record):
    """Which documents are dropped when their spans are gone."""

    min_left_sentences: int = Field(
        C4_SENTENCES,
        ge=1,
        description="a document that lost a span and is left with fewer sentences is dropped",
    )


class HashSentencesParams(ShardParams):
    """A shard, and into how many ranges its windows go."""

    destinations: int


class HashSentences(
    SentencesOptions, SpanWordsOptions, WithinOptions, PriorityOptions, Stage[HashSentencesParams]
):
    """Shard -> its windows of sentences, by hash range; a document of fewer sentences has none."""

    stage_name: ClassVar[str] = "sentences_hash"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[HashSentencesParams]]:
        """One task per document shard."""
        (documents,) = inputs
        count = num_destinations(documents.text_bytes // SENTENCE_BYTES * WINDOW_BYTES, DESTINATION_BYTES)
        return shard_tasks(documents, lambda shard: HashSentencesParams(shard=shard, destinations=count))

    def run(self, task: Task[HashSentencesParams]) -> ShardReport:
        """Send every window."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(WINDOWS_SCHEMA, task.params.destinations)
            start = 0
            for batch in out.read(task.inputs, ["id", "source", "text"]):
                seeds = source_seeds(batch.column("source"), self.within)
                windows = long_windows(batch.column("text"), seeds, self.min_sentences, self.min_words)
                ranks = document_ranks(batch, self.priority)[windows.rows]
                nodes = node_ids(task.params.shard, start, batch.num_rows)[windows.rows]
                columns = [windows.highs, windows.lows, ranks, nodes, windows.places]
                rows = pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=WINDOWS_SCHEMA)
                exchange.send(rows, windows.highs)
                start += batch.num_rows
                out.pass_on(batch.num_rows)
        return out.report


def long_windows(
    texts: pa.Array, seeds: npt.NDArray[np.uint64], min_sentences: int, min_words: int
) -> Windows:
    """The windows of `min_sentences` sentences of each text that have `min_words` words together at least."""
    sentences = find_sentences(texts)
    keys, words = sentence_keys(sentences)
    windows = hash_all_windows(keys, sentences.starts, seeds, min_sentences)
    before = np.append(0, np.cumsum(words))
    firsts = sentences.starts[windows.rows] + windows.places
    enough = before[firsts + min_sentences] - before[firsts] >= min_words
    return Windows(windows.highs[enough], windows.lows[enough], windows.rows[enough], windows.places[enough])


class MatchSentences(SentencesOptions, MatchRepeats):
    """Range of windows -> those to remove, by shard. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "sentences_match"


class FindSentenceSpans(SentencesOptions, FindRepeats):
    """Windows to remove -> spans (a table per shard), and questions by shard of keeper. Inputs: windows, documents."""

    stage_name: ClassVar[str] = "sentences_span"


class NameSentenceKeepers(NameRepeats):
    """Shard -> the ids that others asked for, by their shard. Inputs: questions, documents."""

    stage_name: ClassVar[str] = "sentences_name"


class RemovedSentences(Record):
    """The spans cut from a shard, in sentences and bytes, of how many bytes."""

    spans: int
    removed_sentences: int
    bytes: int
    removed_bytes: int


class RemoveSentences(SentencesOptions, LeftSentencesOptions, RemoveRepeats):
    """Shard -> its documents without the spans. Inputs: documents, spans, names of keepers."""

    stage_name: ClassVar[str] = "sentences_remove"
    unit: ClassVar[str] = "sentences"
    edit_rule: ClassVar[str] = "repeated_sentences"
    drop_rule: ClassVar[str] = "short_after_sentence_dedup"

    @property
    def min_left(self) -> int:
        """In sentences."""
        return self.min_left_sentences

    def cut(
        self,
        texts: pa.Array,
        starts: npt.NDArray[np.int64],
        firsts: npt.NDArray[np.uint32],
        stops: npt.NDArray[np.uint32],
    ) -> CutTexts:
        """Cut sentences."""
        return cut_sentences(texts, starts, firsts, stops)

    def removed(self, spans: int, units: int, bytes: int, removed_bytes: int) -> RemovedSentences:
        """In sentences."""
        return RemovedSentences(
            spans=spans, removed_sentences=units, bytes=bytes, removed_bytes=removed_bytes
        )


class DedupSentences(
    SentencesOptions,
    SpanWordsOptions,
    WithinOptions,
    KeepSpansOptions,
    LeftSentencesOptions,
    PriorityOptions,
    Verb,
):
    """Remove spans of three sentences that stand elsewhere too, in the same or another document (C4)."""

    verb: ClassVar[str] = "dedup_sentences"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """hash -> match -> span -> name -> remove."""
        windows = wiring.add(self.stage(HashSentences), documents)
        twins = wiring.add(self.stage(MatchSentences), windows, documents)
        spans = wiring.add(self.stage(FindSentenceSpans), twins, documents)
        names = wiring.add(NameSentenceKeepers(), spans, documents)
        return wiring.add(self.stage(RemoveSentences), documents, spans, names)
