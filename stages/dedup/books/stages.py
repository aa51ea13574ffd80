"""Books in, books that no other contains out (LLaMA, section 2.1: more than 90% content overlap).

The measure is containment, the share of a book's distinct word shingles that another book has: a volume
inside an omnibus is found, which Jaccard and simhash miss, and two volumes stay. Candidates come from
fractional sketches (shingle hashes below 2^64 / scale): sketch -> match -> select; they are confirmed on
all their shingles by the same stages at scale 1: sketch -> match -> decide -> remove. Words are folded, so
that encodings and editions agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.parquet import read_batches, write_table
from stages.core.stage import DOCUMENTS, EXCHANGE, TABLE, Manifest, ShardReport, Stage, Task, task_id
from stages.core.verb import Step
from stages.core.writer import TaskWriter
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
    SpillingExchange,
    node_ids,
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


def _destinations(documents: Manifest, scale: int) -> int:
    text_bytes = sum(total.text_bytes for total in documents.sources.values())
    return num_destinations(text_bytes // BYTES_PER_WORD // scale * ROW_BYTES, DESTINATION_BYTES)


class SketchBooks(Stage):
    """Shard -> shingle hashes of its books by range. Inputs: documents, and at scale 1 the candidates."""

    stage_name: ClassVar[str] = "books_sketch"

    shingle_words: int = Field(5, ge=1)
    scale: int = Field(64, ge=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        documents = inputs[0]
        params: dict[str, object] = {"destinations": _destinations(documents, self.scale)}
        if len(inputs) > 1:
            params["chosen"] = inputs[1].uris(EXCHANGE)
        return shard_tasks(documents, **params)

    def run(self, task: Task) -> ShardReport:
        """Sketch every book of the shard, or every candidate."""
        shard, count = task.params["shard"], task.params["destinations"]
        chosen = _chosen_rows(task) if "chosen" in task.params else None
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, HASHES_SCHEMA, count)
            tables = []
            start = 0
            for batch in out.read(task.inputs, ["id", "text"]):
                rows = np.arange(start, start + batch.num_rows)
                places = (
                    np.arange(batch.num_rows) if chosen is None else np.flatnonzero(np.isin(rows, chosen))
                )
                start += batch.num_rows
                out.pass_on(batch.num_rows)
                if len(places):
                    nodes = node_ids(shard, int(rows[0]), batch.num_rows)[places]
                    tables.append(self._add(exchange, batch.take(pa.array(places)), nodes, count))
            exchange.finish()
            if chosen is not None:
                out.add_file(
                    write_table(task.output, f"books-{task.id}.parquet", tables, BOOKS_SCHEMA, TABLE)
                )
        return out.report

    def _add(
        self, exchange: SpillingExchange, books: pa.RecordBatch, nodes: npt.NDArray[np.uint64], count: int
    ) -> pa.Table:
        """Send the sketches of `books` and return their rows of the table."""
        order = hash_strings(books.column("id"))
        words = np.zeros(len(nodes), np.uint32)
        sizes = np.zeros(len(nodes), np.uint32)
        for place in range(len(nodes)):
            one = sketch_shingles(books.column("text").slice(place, 1), self.shingle_words, self.scale, True)
            words[place], sizes[place] = one.num_shingles[0], len(one.hashes)
            repeated = [np.full(len(one.hashes), column[place]) for column in (nodes, order, words, sizes)]
            rows = pa.RecordBatch.from_arrays(
                list(map(pa.array, [one.hashes, *repeated])), schema=HASHES_SCHEMA
            )
            exchange.write(rows, destination_of(one.hashes, count))
        columns = [pa.array(nodes), books.column("id"), pa.array(words), pa.array(sizes)]
        return pa.Table.from_arrays(columns, schema=BOOKS_SCHEMA)


def _chosen_rows(task: Task) -> npt.NDArray[np.uint32]:
    batches = read_destination(task.params["chosen"], task.params["shard"])
    rows: npt.NDArray[np.uint32] = np.unique(
        pa.Table.from_batches(batches, CHOSEN_SCHEMA).column("row").to_numpy()
    )
    return rows


class MatchBooks(Stage):
    """Range of shingle hashes -> how many each pair of books shares, by pair. Inputs: sketches, documents."""

    stage_name: ClassVar[str] = "books_match"

    scale: int = Field(64, ge=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        sketches, documents = inputs
        count = _destinations(documents, self.scale)
        return range_tasks(sketches.uris(EXCHANGE), count, destinations=count)

    def run(self, task: Task) -> ShardReport:
        """Sort the range by hash; each book meets the longest books that share it."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, PAIRS_SCHEMA, task.params["destinations"])
            batches = read_destination(task.inputs, task.params["destination"])
            for pairs in shared_shingles(pa.Table.from_batches(batches, HASHES_SCHEMA)):
                mixed = (pairs.column("one").to_numpy() * _SPREAD) ^ pairs.column("other").to_numpy()
                exchange.write(pairs, destination_of(mixed * _SPREAD, task.params["destinations"]))
            exchange.finish()
        return out.report


class SelectBooks(Stage):
    """Pairs -> books that may be contained or contain, by shard. Inputs: pairs, documents."""

    stage_name: ClassVar[str] = "books_select"

    scale: int = Field(64, ge=1)
    max_containment: float = Field(0.9, gt=0, lt=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range of pairs."""
        pairs, documents = inputs
        shards = len(documents.of_kind(DOCUMENTS))
        return range_tasks(pairs.uris(EXCHANGE), _destinations(documents, self.scale), shards=shards)

    def run(self, task: Task) -> ShardReport:
        """Keep pairs within three standard errors of the cut, so that a sketch's luck loses no book."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, CHOSEN_SCHEMA, task.params["shards"])
            batches = read_destination(task.inputs, task.params["destination"])
            pairs = sum_pairs(pa.Table.from_batches(batches, PAIRS_SCHEMA))
            shared, size, other = (pairs.column(n).to_numpy() for n in ("shared", "one_size", "other_size"))
            smaller = np.minimum(size, other)
            error = np.sqrt(self.max_containment * (1 - self.max_containment) / smaller)
            near = shared / smaller > self.max_containment - 3 * error
            nodes = np.unique(np.concatenate([pairs.column(n).to_numpy()[near] for n in ("one", "other")]))
            shards, rows = split_nodes(nodes)
            exchange.write(pa.RecordBatch.from_arrays([pa.array(rows)], schema=CHOSEN_SCHEMA), shards)
            exchange.finish()
            out.facts = {"pairs": pairs.num_rows, "candidate_pairs": int(near.sum())}
        return out.report


class DecideBooks(Stage):
    """Exact pairs -> removals by shard. Inputs: pairs, table of candidates, documents."""

    stage_name: ClassVar[str] = "books_decide"

    max_containment: float = Field(0.9, gt=0, lt=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task: whether a book is kept depends on whether those that contain it are."""
        pairs, books, documents = inputs
        uris = tuple(pairs.uris(EXCHANGE))
        params = {
            "books": books.uris(TABLE),
            "destinations": _destinations(documents, 1),
            "shards": len(documents.of_kind(DOCUMENTS)),
        }
        return [Task(task_id(0), uris, params)] if uris else []

    def run(self, task: Task) -> ShardReport:
        """Filter the pairs that exceed the cut, range by range, and decide from the longest book on."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, task.params["shards"])
            found = []
            for destination in range(task.params["destinations"]):
                batches = read_destination(task.inputs, destination)
                pairs = sum_pairs(pa.Table.from_batches(batches, PAIRS_SCHEMA))
                smaller = pc.min_element_wise(pairs.column("one_size"), pairs.column("other_size"))
                share = pc.divide(pairs.column("shared").cast(pa.float64()), smaller.cast(pa.float64()))
                found.append(pairs.filter(pc.greater(share, self.max_containment)))
            books = pa.Table.from_batches(read_batches(task.params["books"]), BOOKS_SCHEMA)
            removals, shards = decide(pa.Table.from_batches(found, PAIRS_SCHEMA), books, self.max_containment)
            exchange.write(removals, shards)
        return out.report


class DedupBooks(BaseModel):
    """Remove books that another, longer one contains."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_containment: float = Field(
        0.9, gt=0, lt=1, description="a book of which more lies in another is removed"
    )
    shingle_words: int = Field(5, ge=1, description="words in a shingle")
    scale: int = Field(64, ge=1, description="one shingle in so many is compared to find candidates")

    def steps(self) -> list[Step]:
        """sketch -> match -> select, then on the candidates sketch -> match -> decide, then remove."""
        select = SelectBooks(scale=self.scale, max_containment=self.max_containment)
        return [
            Step(SketchBooks(shingle_words=self.shingle_words, scale=self.scale), (0,)),
            Step(MatchBooks(scale=self.scale), (1, 0)),
            Step(select, (2, 0)),
            Step(SketchBooks(shingle_words=self.shingle_words, scale=1), (0, 3)),
            Step(MatchBooks(scale=1), (4, 0)),
            Step(DecideBooks(max_containment=self.max_containment), (5, 4, 0)),
            Step(RemoveDocuments(), (0, 6)),
        ]
