"""Documents in, documents with a text (or raw content) of their own out: exact dedup by a 128-bit hash, through the exchange.

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
from pydantic import Field

from stages.core.documents import CONTENT_HASH_KEY
from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import Manifest, ShardReport
from stages.core.stage import Stage, Task
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    PriorityOptions,
    RangeParams,
    ShardParams,
    check_priority,
    num_shards,
    range_table,
    range_tasks,
    require_unique,
    shard_tasks,
    source_places,
)
from stages.dedup.remove import REMOVALS_SCHEMA, RemoveDocuments
from stages.kernels.hash.hashing import hash_strings

HASH_SEEDS = (0x616C7469, 0x706C616E)
"""Two seeds of XXH64 make 128 bits: at 10^10 documents a false match has odds of about 10^-19."""

ROW_BYTES = 512
"""Memory that one row of the exchange takes in `match`: 495 bytes measured with Common Crawl's long ids."""

DESTINATION_ROWS_BYTES = 512 << 20

By = Literal["text", "content"]

CONTENT_HASH = rf'"{CONTENT_HASH_KEY}":"(?P<hash>[0-9a-f]+)"'
"""The hash in a document's metadata; in a JSON string a quote is never bare, so nothing else matches."""

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


class ExactOptions(PriorityOptions):
    """What counts as equal, and which of equal documents is kept."""

    by: By = Field(
        "text", description="compare texts, or the raw content of files of code before their headers went"
    )
    within: Literal["source", "all"] = Field(
        "all", description="compare within each source, or all documents"
    )


class HashDocumentsParams(ShardParams):
    """A shard, and into how many ranges its hashes go."""

    destinations: int


class HashDocuments(ExactOptions, Stage[HashDocumentsParams]):
    """Shard -> one exchange row per document, by hash range."""

    stage_name: ClassVar[str] = "exact_hash"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[HashDocumentsParams]]:
        """One task per document shard; destinations by the number of documents."""
        (documents,) = inputs
        check_priority(self.priority, documents)
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_ROWS_BYTES)
        return shard_tasks(documents, lambda shard: HashDocumentsParams(shard=shard, destinations=count))

    def run(self, task: Task[HashDocumentsParams]) -> ShardReport:
        """Hash every text of the shard."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(HASHES_SCHEMA, task.params.destinations)
            row = 0
            columns_read = ["id", "source", "text"] + (["metadata"] if self.by == "content" else [])
            for batch in out.read(task.inputs, columns_read):
                high, low = self._hashes(batch)
                columns = {
                    "high": high,
                    "low": low,
                    "priority": source_places(batch.column("source"), self.priority),
                    "id": batch.column("id"),
                    "shard": np.full(batch.num_rows, task.params.shard, np.uint32),
                    "row": np.arange(row, row + batch.num_rows, dtype=np.uint32),
                }
                row += batch.num_rows
                rows = pa.RecordBatch.from_pydict(columns, schema=HASHES_SCHEMA)
                exchange.send(rows, high)
                out.pass_on(batch.num_rows)
        return out.report

    def _hashes(self, batch: pa.RecordBatch) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        compared = batch.column("text") if self.by == "text" else raw_contents(batch)
        high, low = (hash_strings(compared, seed) for seed in HASH_SEEDS)
        if self.within == "source":  # equal texts of two sources must not meet
            low = low ^ hash_strings(batch.column("source"))
        return high, low


def raw_contents(batch: pa.RecordBatch) -> pa.Array:
    """What stands for each document's raw content: the hash of it that ingest noted (code), else the text."""
    found = pc.extract_regex(batch.column("metadata"), CONTENT_HASH).field("hash")
    return pc.coalesce(found.cast(pa.large_string()), batch.column("text").cast(pa.large_string()))


class MatchDocuments(Stage[RangeParams]):
    """Hash range -> removals by shard: every document whose hash another, better placed one has."""

    stage_name: ClassVar[str] = "exact_match"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RangeParams]]:
        """One task per destination of the hash exchange; one destination per document shard."""
        hashes, shards = Exchange.of(inputs[0]), num_shards(inputs[1])
        return range_tasks(hashes, lambda part: RangeParams(rows=hashes, destination=part, shards=shards))

    def run(self, task: Task[RangeParams]) -> ShardReport:
        """Sort the range by hash, priority, id; all but the first of a hash are duplicates of it."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, task.params.shards)
            removals, shards = find_duplicates(range_table(out, task.params, HASHES_SCHEMA))
            exchange.write(removals, shards)
        return out.report


def find_duplicates(rows: pa.Table) -> tuple[pa.RecordBatch, npt.NDArray[np.uint32]]:
    """Removals (REMOVALS_SCHEMA) and their shards from hash rows (HASHES_SCHEMA) of one range."""
    keys = [(name, "ascending") for name in ("high", "low", "priority", "id", "shard", "row")]
    rows = rows.take(pa.array(_repeated(rows.column("high").to_numpy())))
    rows = rows.take(pc.sort_indices(rows, sort_keys=keys)).combine_chunks()
    require_unique(rows.column("id"))
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


def _repeated(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Places of the keys that are there more than once."""
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    found = np.zeros(len(keys), bool)
    found[1:] |= same
    found[:-1] |= same
    return order[found]


class DedupExact(ExactOptions, Verb):
    """Remove documents whose text another document has."""

    verb: ClassVar[str] = "dedup_exact"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """hash -> match -> remove."""
        hashes = wiring.add(self.stage(HashDocuments), documents)
        removals = wiring.add(MatchDocuments(), hashes, documents)
        return wiring.add(RemoveDocuments(), documents, removals)
