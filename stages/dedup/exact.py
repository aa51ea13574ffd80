"""Documents in, documents with a text of their own out: exact dedup by a 128-bit hash, through the exchange.

hash (shard -> hashes by hash range) -> match (range -> removals by shard) -> remove (shard). The keeper of equal
texts is the one with the source that comes first in the priority, then the smallest id: never the first to arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from stages.core.chain import Step
from stages.core.documents import SOURCES
from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.stage import DOCUMENTS, EXCHANGE, Manifest, ShardReport, Stage, Task, task_id
from stages.core.task_writer import TaskWriter
from stages.dedup.remove import REMOVALS_SCHEMA, RemoveDocuments
from stages.kernels.hashing import hash_strings

HASH_SEEDS = (0x616C7469, 0x706C616E)
"""Two seeds of XXH64 make 128 bits: at 10^10 documents a false match has odds of about 10^-19."""

ROW_BYTES = 512
"""Memory that one row of the exchange takes in `match`: 495 bytes measured with Common Crawl's long ids."""

DESTINATION_ROWS_BYTES = 512 << 20

HASHES_SCHEMA = pa.schema(
    [
        ("high", pa.uint64()),
        ("low", pa.uint64()),
        ("priority", pa.uint8()),
        ("id", pa.string()),
        ("shard", pa.uint32()),
        ("row", pa.uint32()),
    ]
)


class HashDocuments(Stage):
    """Shard -> one exchange row per document, by hash range."""

    stage_name: ClassVar[str] = "exact_hash"

    within: Literal["source", "all"] = "all"
    priority: tuple[str, ...] = SOURCES

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard; destinations by the number of documents."""
        (documents,) = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_ROWS_BYTES)
        return [
            Task(task_id(i), (uri,), {"shard": i, "destinations": count})
            for i, uri in enumerate(documents.uris(DOCUMENTS))
        ]

    def run(self, task: Task) -> ShardReport:
        """Hash every text of the shard."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(HASHES_SCHEMA, task.params["destinations"])
            row = 0
            for batch in out.read(task.inputs, ["id", "source", "text"]):
                high, low = self._hashes(batch)
                columns = {
                    "high": high,
                    "low": low,
                    "priority": self._priorities(batch.column("source")),
                    "id": batch.column("id"),
                    "shard": np.full(batch.num_rows, task.params["shard"], np.uint32),
                    "row": np.arange(row, row + batch.num_rows, dtype=np.uint32),
                }
                row += batch.num_rows
                rows = pa.RecordBatch.from_pydict(columns, schema=HASHES_SCHEMA)
                exchange.write(rows, destination_of(high, task.params["destinations"]))
                out.pass_on(batch.num_rows)
        return out.report

    def _hashes(self, batch: pa.RecordBatch) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        text = batch.column("text")
        high, low = (hash_strings(text, seed) for seed in HASH_SEEDS)
        if self.within == "source":  # equal texts of two sources must not meet
            low = low ^ hash_strings(batch.column("source"))
        return high, low

    def _priorities(self, sources: pa.Array) -> pa.Array:
        places = pc.index_in(sources, value_set=pa.array(self.priority, pa.string()))
        return pc.fill_null(places, len(self.priority)).cast(pa.uint8())


class MatchDocuments(Stage):
    """Hash range -> removals by shard: every document whose hash another, better placed one has."""

    stage_name: ClassVar[str] = "exact_match"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per destination of the hash exchange; one destination per document shard."""
        hashes, documents = inputs
        shards = len(documents.of_kind(DOCUMENTS))
        uris = tuple(hashes.uris(EXCHANGE))
        if not uris:
            return []
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_ROWS_BYTES)
        return [Task(task_id(p), uris, {"destination": p, "shards": shards}) for p in range(count)]

    def run(self, task: Task) -> ShardReport:
        """Sort the range by hash, priority, id; all but the first of a hash are duplicates of it."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, task.params["shards"])
            rows = pa.Table.from_batches(
                read_destination(task.inputs, task.params["destination"]), HASHES_SCHEMA
            )
            removals, shards = find_duplicates(rows)
            exchange.write(removals, shards)
        return out.report


def find_duplicates(rows: pa.Table) -> tuple[pa.RecordBatch, npt.NDArray[np.uint32]]:
    """Removals (REMOVALS_SCHEMA) and their shards from hash rows (HASHES_SCHEMA) of one range."""
    keys = [(name, "ascending") for name in ("high", "low", "priority", "id", "shard", "row")]
    rows = rows.take(pc.sort_indices(rows, sort_keys=keys)).combine_chunks()
    high, low = (rows.column(name).to_numpy() for name in ("high", "low"))
    repeats = np.zeros(rows.num_rows, dtype=bool)
    repeats[1:] = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    keepers = np.maximum.accumulate(np.where(repeats, 0, np.arange(rows.num_rows)))
    duplicates = np.flatnonzero(repeats)
    partners = rows.column("id").take(pa.array(keepers[duplicates]))
    count = len(duplicates)
    removals = pa.RecordBatch.from_pydict(
        {
            "row": rows.column("row").to_numpy()[duplicates],
            "rule": pa.repeat(pa.scalar("exact_duplicate"), count),
            "value": np.ones(count),
            "threshold": np.ones(count),
            "partner": partners.combine_chunks(),
            "detail": pa.nulls(count, pa.string()),
        },
        schema=REMOVALS_SCHEMA,
    )
    return removals, rows.column("shard").to_numpy()[duplicates]


class DedupExact(BaseModel):
    """Remove documents whose text another document has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Literal["source", "all"] = Field(
        "all", description="compare within each source, or all documents"
    )
    priority: tuple[str, ...] = Field(SOURCES, description="the source whose copy is kept comes first")

    def steps(self) -> list[Step]:
        """hash -> match -> remove."""
        return [
            Step(HashDocuments(within=self.within, priority=self.priority), (0,)),
            Step(MatchDocuments(), (1, 0)),
            Step(RemoveDocuments(), (0, 2)),
        ]
