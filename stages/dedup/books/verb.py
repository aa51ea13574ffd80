"""Books in, books that no other contains out (LLaMA, section 2.1: more than 90% content overlap).

The measure is containment, the share of a book's distinct word shingles that another book has: a volume
inside an omnibus is found, which Jaccard and simhash miss, and two volumes stay. Candidates come from
fractional sketches (shingle hashes below 2^64 / scale): sketch -> match -> select; they are confirmed on
all their shingles by the same stages at scale 1: sketch -> match -> decide -> remove. Words are folded, so
that encodings and editions agree; of near equals, which contain each other, the better text stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange, num_destinations
from stages.core.exchange_writer import ExchangeWriter
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.books.better import text_quality
from stages.dedup.books.containment import (
    BOOKS_SCHEMA,
    HASHES_SCHEMA,
    PAIRS_SCHEMA,
    decide,
    shared_shingles,
    sum_pairs,
)
from stages.dedup.columns import (
    DESTINATION_BYTES,
    RangeParams,
    ShardParams,
    node_ids,
    num_shards,
    range_table,
    range_tasks,
    shard_tasks,
    split_nodes,
)
from stages.dedup.remove import REMOVALS_SCHEMA, RemoveDocuments
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.words.ngrams import sketch_shingles

CHOSEN_SCHEMA = pa.schema([("row", pa.uint32())])
ROW_BYTES = 32
BYTES_PER_WORD = 5
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class ContainmentOptions(Record):
    """How much of a book must lie in another."""

    max_containment: float = Field(
        0.9, gt=0, lt=1, description="a book of which more lies in another is removed"
    )


class SketchOptions(Record):
    """What of a book is compared."""

    shingle_words: int = Field(5, ge=1, description="words in a shingle")
    scale: int = Field(64, ge=1, description="one shingle in so many is compared to find candidates")


class SketchParams(ShardParams):
    """A shard, into how many ranges its hashes go, and the candidates where only those are sketched."""

    destinations: int
    chosen: Exchange | None


class SketchBooks(SketchOptions, Stage[SketchParams]):
    """Shard -> shingle hashes of its books by range. Inputs: documents, and at scale 1 the candidates."""

    stage_name: ClassVar[str] = "books_sketch"
    version: ClassVar[int] = 3
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[SketchParams]]:
        """One task per document shard."""
        documents = inputs[0]
        chosen = Exchange.of(inputs[1]) if len(inputs) > 1 else None
        words = documents.text_bytes // BYTES_PER_WORD
        count = num_destinations(words // self.scale * ROW_BYTES, DESTINATION_BYTES)
        return shard_tasks(
            documents, lambda shard: SketchParams(shard=shard, destinations=count, chosen=chosen)
        )

    def run(self, task: Task[SketchParams]) -> ShardReport:
        """Sketch every book of the shard, or every candidate."""
        shard = task.params.shard
        with TaskWriter(task, self.stage_name) as out:
            chosen = _chosen_rows(out, task.params)
            exchange = out.exchange(HASHES_SCHEMA, task.params.destinations)
            tables = []
            start = 0
            for batch in out.read(task.inputs, ["id", "text", "language"]):
                rows = np.arange(start, start + batch.num_rows)
                places = (
                    np.arange(batch.num_rows) if chosen is None else np.flatnonzero(np.isin(rows, chosen))
                )
                start += batch.num_rows
                out.pass_on(batch.num_rows)
                if len(places):
                    nodes = node_ids(shard, int(rows[0]), batch.num_rows)[places]
                    tables.append(
                        self._add(exchange, batch.take(pa.array(places)), nodes, chosen is not None)
                    )
            if chosen is not None:
                out.write_table(f"books-{task.id}", BOOKS_SCHEMA, tables)
        return out.report

    def _add(
        self,
        exchange: ExchangeWriter,
        books: pa.RecordBatch,
        nodes: npt.NDArray[np.uint64],
        measured: bool,
    ) -> pa.Table:
        """Send the sketches of `books` and return their rows of the table, with their quality where it is `measured`."""
        order = hash_strings(books.column("id"))
        words = np.zeros(len(nodes), np.uint32)
        sizes = np.zeros(len(nodes), np.uint32)
        qualities = np.zeros(len(nodes))
        for place in range(len(nodes)):
            one = sketch_shingles(books.column("text").slice(place, 1), self.shingle_words, self.scale, True)
            words[place], sizes[place] = one.num_shingles[0], len(one.hashes)
            if measured:
                language = books.column("language")[place].is_valid
                text = books.column("text")[place].as_py()
                qualities[place] = text_quality(text, int(words[place]), language)
            repeated = [np.full(len(one.hashes), column[place]) for column in (nodes, order, words, sizes)]
            rows = pa.RecordBatch.from_arrays(
                list(map(pa.array, [one.hashes, *repeated])), schema=HASHES_SCHEMA
            )
            exchange.send(rows, one.hashes)
        columns = [pa.array(nodes), books.column("id"), pa.array(words), pa.array(sizes), pa.array(qualities)]
        return pa.Table.from_arrays(columns, schema=BOOKS_SCHEMA)


def _chosen_rows(out: TaskWriter, params: SketchParams) -> npt.NDArray[np.uint32] | None:
    """Rows of the shard's candidates, or None where every book is sketched."""
    if params.chosen is None:
        return None
    batches = out.receive(params.chosen, params.shard)
    rows: npt.NDArray[np.uint32] = np.unique(
        pa.Table.from_batches(batches, CHOSEN_SCHEMA).column("row").to_numpy()
    )
    return rows


class MatchBooks(Stage[RangeParams]):
    """Range of shingle hashes -> how many each pair of books shares, by pair. Inputs: sketches, documents."""

    stage_name: ClassVar[str] = "books_match"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RangeParams]]:
        """One task per range."""
        sketches, shards = Exchange.of(inputs[0]), num_shards(inputs[1])
        return range_tasks(sketches, lambda part: RangeParams(rows=sketches, destination=part, shards=shards))

    def run(self, task: Task[RangeParams]) -> ShardReport:
        """Sort the range by hash; each book meets the longest books that share it."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(PAIRS_SCHEMA, task.params.rows.destinations)
            for pairs in shared_shingles(range_table(out, task.params, HASHES_SCHEMA)):
                mixed = (pairs.column("one").to_numpy() * _SPREAD) ^ pairs.column("other").to_numpy()
                exchange.send(pairs, mixed * _SPREAD)
        return out.report


class CandidatePairs(Record):
    """Pairs of books that share a sketched shingle, and those of them that may be contained."""

    pairs: int
    candidate_pairs: int


class SelectBooks(ContainmentOptions, Stage[RangeParams]):
    """Pairs -> books that may be contained or contain, by shard. Inputs: pairs, documents."""

    stage_name: ClassVar[str] = "books_select"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RangeParams]]:
        """One task per range of pairs."""
        pairs, shards = Exchange.of(inputs[0]), num_shards(inputs[1])
        return range_tasks(pairs, lambda part: RangeParams(rows=pairs, destination=part, shards=shards))

    def run(self, task: Task[RangeParams]) -> ShardReport:
        """Keep pairs within three standard errors of the cut, so that a sketch's luck loses no book."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(CHOSEN_SCHEMA, task.params.shards)
            pairs = sum_pairs(range_table(out, task.params, PAIRS_SCHEMA))
            shared, size, other = (pairs.column(n).to_numpy() for n in ("shared", "one_size", "other_size"))
            smaller = np.minimum(size, other)
            error = np.sqrt(self.max_containment * (1 - self.max_containment) / smaller)
            near = shared / smaller > self.max_containment - 3 * error
            nodes = np.unique(np.concatenate([pairs.column(n).to_numpy()[near] for n in ("one", "other")]))
            shards, rows = split_nodes(nodes)
            exchange.write(pa.RecordBatch.from_arrays([pa.array(rows)], schema=CHOSEN_SCHEMA), shards)
            out.facts = CandidatePairs(pairs=pairs.num_rows, candidate_pairs=int(near.sum()))
        return out.report


class DecideParams(Record):
    """All pairs of candidates, and how many document shards the removals are for."""

    pairs: Exchange
    shards: int


class DecideBooks(ContainmentOptions, Stage[DecideParams]):
    """Exact pairs -> removals by shard. Inputs: pairs, table of candidates, documents."""

    stage_name: ClassVar[str] = "books_decide"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[DecideParams]]:
        """One task: whether a book is kept depends on whether those that contain it are."""
        pairs, books, shards = Exchange.of(inputs[0]), inputs[1], num_shards(inputs[2])
        params = DecideParams(pairs=pairs, shards=shards)
        return [Task(task_id(0), tuple(books.uris(TABLE)), params)] if shards else []

    def run(self, task: Task[DecideParams]) -> ShardReport:
        """Filter the pairs that exceed the cut, range by range, and decide from the longest book on."""
        pairs_of = task.params.pairs
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, task.params.shards)
            found = []
            for destination in range(pairs_of.destinations):
                batches = out.receive(pairs_of, destination)
                pairs = sum_pairs(pa.Table.from_batches(batches, PAIRS_SCHEMA))
                smaller = pc.min_element_wise(pairs.column("one_size"), pairs.column("other_size"))
                share = pc.divide(pairs.column("shared").cast(pa.float64()), smaller.cast(pa.float64()))
                found.append(pairs.filter(pc.greater(share, self.max_containment)))
            books = pa.Table.from_batches(read_batches(task.inputs), BOOKS_SCHEMA)
            removals, shards = decide(pa.Table.from_batches(found, PAIRS_SCHEMA), books, self.max_containment)
            exchange.write(removals, shards)
        return out.report


class DedupBooks(ContainmentOptions, SketchOptions, Verb):
    """Remove books that another one contains: the shorter, and of near equals the worse text."""

    verb: ClassVar[str] = "dedup_books"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """sketch -> match -> select, then on the candidates sketch -> match -> decide, then remove."""
        sketches = wiring.add(self.stage(SketchBooks), documents)
        pairs = wiring.add(MatchBooks(), sketches, documents)
        candidates = wiring.add(self.stage(SelectBooks), pairs, documents)
        whole = wiring.add(self.stage(SketchBooks, scale=1), documents, candidates)
        exact_pairs = wiring.add(MatchBooks(), whole, documents)
        removals = wiring.add(self.stage(DecideBooks), exact_pairs, whole, documents)
        return wiring.add(RemoveDocuments(), documents, removals)
