"""Documents in, documents without the lines that others have out: CCNet's line dedup (Wenzek et al. 2020).

hash (shard -> distinct line keys by range) -> match (range -> keys to remove, by shard) -> remove (shard).
A line that several documents have goes everywhere, a line that only one repeats keeps one copy. CCNet works
on groups of 50 of a dump's 1,600 files; here a dump is one group, or all input is, or a dump's documents are
put into groups by their ids, which like CCNet's does not follow what pages say. To CCNet the key of a blank
line is a key like any other, so it removes them all; here they are never duplicates: paragraphs stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.stage import DOCUMENTS, EXCHANGE, Manifest, ShardReport, Stage, Task
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.dedup.columns import SpillingExchange, range_part, range_tasks, shard_tasks
from stages.dedup.lines.keys import KEYS_SCHEMA, PENDING_LINES, REMOVED_SCHEMA, Keep, ShardKeys, shared_keys
from stages.dedup.rewrite import Touched, write_rewritten
from stages.kernels.hash import key_set
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.lines.lines import Lines, cut_lines, hash_lines

Scope = Literal["all", "dump", "group"]

CCNET_GROUPS = 32
"""Groups of a dump: 1,600 files in groups of 50 (Wenzek et al. 2020, section 3.1)."""

GROUP_SEED = 0x67726F7570
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

TEXT_BYTES_PER_DESTINATION = 2 << 30
ROWS_PER_PASS = 16 << 20
"""Rows of a range that `match` holds at a time; a fuller range is read several times, a part of it each."""


class HashLines(Stage):
    """Shard -> its distinct line keys, by range."""

    stage_name: ClassVar[str] = "lines_hash"

    keep: Keep = "none"
    scope: Scope = "dump"
    groups: int = Field(CCNET_GROUPS, ge=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        return shard_tasks(documents, destinations=_destinations(documents))

    def run(self, task: Task) -> ShardReport:
        """Hash every line of the shard."""
        count = task.params["destinations"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, KEYS_SCHEMA, count)
            shard_keys = ShardKeys(self.keep == "first")
            for batch in out.read(task.inputs, ["id", "text", "metadata"]):
                seeds = scope_seeds(batch, self.scope, self.groups)
                lines = hash_lines(batch.column("text"), seeds)
                shard_keys.add(lines, batch.column("id"))
                out.pass_on(batch.num_rows)
            rows = shard_keys.finish(task.params["shard"])
            for start in range(0, rows.num_rows, PENDING_LINES):
                piece = rows.slice(start, PENDING_LINES)
                exchange.write(piece, destination_of(piece.column("key").to_numpy(), count))
            exchange.finish()
        return out.report


def _destinations(documents: Manifest) -> int:
    return num_destinations(sum(t.text_bytes for t in documents.sources.values()), TEXT_BYTES_PER_DESTINATION)


def scope_seeds(batch: pa.RecordBatch, scope: Scope, groups: int) -> npt.NDArray[np.uint64]:
    """The hash seed of each document: lines of documents with different seeds never meet."""
    if scope == "all":
        return np.zeros(batch.num_rows, np.uint64)
    dumps = [
        orjson.loads(metadata or "{}").get("dump") or "" for metadata in batch.column("metadata").to_pylist()
    ]
    seeds = hash_strings(pa.array([str(dump) for dump in dumps], pa.string()))
    if scope == "group":
        group = hash_strings(batch.column("id"), GROUP_SEED) % np.uint64(groups)
        seeds = seeds ^ ((group + np.uint64(1)) * _SPREAD)
    return seeds


class MatchLines(Stage):
    """Range of line keys -> the keys to remove from each shard. Inputs: line keys, documents."""

    stage_name: ClassVar[str] = "lines_match"

    keep: Keep = "none"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        keys, documents = inputs
        count = _destinations(documents)
        rows = sum(file.rows for file in keys.of_kind(EXCHANGE))
        return range_tasks(
            keys.uris(EXCHANGE),
            count,
            destinations=count,
            passes=num_destinations(rows // count, ROWS_PER_PASS),
            shards=len(documents.of_kind(DOCUMENTS)),
        )

    def run(self, task: Task) -> ShardReport:
        """Find the keys that several documents have, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, REMOVED_SCHEMA, task.params["shards"])
            for part in range(task.params["passes"]):
                removed, shards = shared_keys(range_part(task, part, KEYS_SCHEMA), self.keep)
                exchange.write(removed, shards)
            exchange.finish()
        return out.report


class RemoveLines(Stage):
    """Shard -> its documents without the removed lines. Inputs: documents, removals."""

    stage_name: ClassVar[str] = "lines_remove"

    scope: Scope = "dump"
    groups: int = Field(CCNET_GROUPS, ge=1)
    min_chars: int = Field(300, ge=1)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        documents, removals = inputs
        return shard_tasks(documents, removals=removals.uris(EXCHANGE))

    def run(self, task: Task) -> ShardReport:
        """Hash the lines again and cut those whose key is removed here, and repeats inside a document."""
        removals = pa.Table.from_batches(
            read_destination(task.params["removals"], task.params["shard"]), REMOVED_SCHEMA
        )
        keys = removals.column("key").to_numpy()
        keepers = removals.column("keeper_row").to_numpy()
        slots = key_set.build(keys)
        with TaskWriter(task, self.stage_name) as out:
            out.facts = {"scope": self.scope, "lines": 0, "removed_lines": 0, "bytes": 0, "removed_bytes": 0}
            start = 0
            for batch in out.read(task.inputs):
                seeds = scope_seeds(batch, self.scope, self.groups)
                lines = hash_lines(batch.column("text"), seeds)
                found = key_set.find(keys, slots, lines.hashes)
                removed = found >= 0
                removed[removed] = keepers[found[removed]] != (lines.rows()[removed] + start)
                removed |= key_set.repeats(lines.hashes, lines.starts, lines.blank)
                self._write(out, batch, lines, removed & ~lines.blank)
                start += batch.num_rows
        return out.report

    def _write(
        self, out: TaskWriter, batch: pa.RecordBatch, lines: Lines, removed: npt.NDArray[np.bool_]
    ) -> None:
        texts = cut_lines(lines, removed)
        chars = pc.utf8_length(texts).to_numpy()
        counts = np.add.reduceat(removed, lines.starts[:-1], dtype=np.int64)
        totals = np.add.reduceat(~lines.blank, lines.starts[:-1], dtype=np.int64)
        short = chars < self.min_chars
        edited = (counts > 0) & ~short
        drops = Touched(
            short,
            "short_after_line_dedup",
            {
                "value": chars[short],
                "threshold": self.min_chars,
                "detail": _details(counts[short], totals[short]),
            },
        )
        edits = Touched(
            edited,
            "duplicate_lines",
            {"value": counts[edited] / totals[edited], "detail": _details(counts[edited], totals[edited])},
        )
        lost = write_rewritten(out, batch, texts, edits, drops)
        added = {
            "lines": totals.sum(),
            "removed_lines": counts.sum(),
            "bytes": lines.offsets[-1] - lines.offsets[0],
            "removed_bytes": lost,
        }
        for name, number in added.items():
            out.facts[name] += int(number)


def _details(counts: npt.NDArray[np.int64], totals: npt.NDArray[np.int64]) -> pa.Array:
    pairs = zip(counts.tolist(), totals.tolist(), strict=True)
    return pa.array([f'{{"lines":{count},"of":{total}}}' for count, total in pairs], pa.string())


class DedupLines(BaseModel):
    """Remove lines that several documents have, then documents that became too short."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Keep = Field(
        "none", description="remove every copy of a line, or all but that of the first document (by id)"
    )
    scope: Scope = Field(
        "dump", description="compare lines within each dump, each group of a dump, or all documents"
    )
    groups: int = Field(CCNET_GROUPS, ge=1, description="groups of each dump, with scope group")
    min_chars: int = Field(300, ge=1, description="shorter documents are dropped after the lines are gone")

    def steps(self) -> list[Step]:
        """hash -> match -> remove."""
        return [
            Step(HashLines(keep=self.keep, scope=self.scope, groups=self.groups), (0,)),
            Step(MatchLines(keep=self.keep), (1, 0)),
            Step(RemoveLines(scope=self.scope, groups=self.groups, min_chars=self.min_chars), (0, 2)),
        ]
