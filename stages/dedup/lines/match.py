"""Documents in, the keys of the lines to remove from each shard out: CCNet's line dedup, its first two steps (3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import PassesParams, ShardParams, passes_tasks, range_part, shard_tasks
from stages.dedup.lines.keys import (
    KEYS_SCHEMA,
    PENDING_LINES,
    REMOVED_SCHEMA,
    KeepLines,
    ShardKeys,
    shared_keys,
)
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.lines.lines import hash_lines

Scope = Literal["all", "dump", "group"]

CCNET_GROUPS = 32
"""Groups of a dump: 1,600 files in groups of 50 (Wenzek et al. 2020, section 3.1)."""

GROUP_SEED = 0x67726F7570
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

TEXT_BYTES_PER_DESTINATION = 2 << 30
ROWS_PER_PASS = 16 << 20
"""Rows of a range that `match` holds at a time; a fuller range is read several times, a part of it each."""


class KeepLinesOptions(Record):
    """Which copy of a line stays."""

    keep: KeepLines = Field(
        "none", description="remove every copy of a line, or all but that of the first document (by id)"
    )


class ScopeOptions(Record):
    """Which documents' lines are compared."""

    scope: Scope = Field(
        "dump", description="compare lines within each dump, each group of a dump, or all documents"
    )
    groups: int = Field(CCNET_GROUPS, ge=1, description="groups of each dump, with scope group")


class HashLinesParams(ShardParams):
    """A shard, and into how many ranges its line keys go."""

    destinations: int


class HashedLines(Record):
    """The lines of a shard that are not blank; whether they are all different; characters of its shortest document."""

    lines: int
    distinct: bool
    shortest_chars: int


class HashLines(KeepLinesOptions, ScopeOptions, Stage[HashLinesParams]):
    """Shard -> its distinct line keys, by range."""

    stage_name: ClassVar[str] = "lines_hash"
    version: ClassVar[int] = 2
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[HashLinesParams]]:
        """One task per document shard."""
        (documents,) = inputs
        count = num_destinations(documents.text_bytes, TEXT_BYTES_PER_DESTINATION)
        return shard_tasks(documents, lambda shard: HashLinesParams(shard=shard, destinations=count))

    def run(self, task: Task[HashLinesParams]) -> ShardReport:
        """Hash every line of the shard."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(KEYS_SCHEMA, task.params.destinations)
            shard_keys = ShardKeys(self.keep == "first")
            shortest = np.iinfo(np.int64).max
            for batch in out.read(task.inputs, ["id", "text", "metadata"]):
                seeds = scope_seeds(batch, self.scope, self.groups)
                lines = hash_lines(batch.column("text"), seeds)
                shard_keys.add(lines, batch.column("id"))
                shortest = min(shortest, pc.min(pc.utf8_length(batch.column("text"))).as_py() or 0)
                out.pass_on(batch.num_rows)
            rows = shard_keys.finish(task.params.shard)
            for start in range(0, rows.num_rows, PENDING_LINES):
                piece = rows.slice(start, PENDING_LINES)
                exchange.send(piece, piece.column("key").to_numpy())
            out.facts = HashedLines(
                lines=shard_keys.num_lines, distinct=shard_keys.distinct, shortest_chars=int(shortest)
            )
        return out.report


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


class DistinctShard(Record):
    """A shard whose lines are all different: its number, its lines that are not blank, its shortest document."""

    shard: int
    lines: int
    shortest_chars: int


class MatchLinesParams(PassesParams):
    """A range; the first one's also has the shards whose lines are all different."""

    distinct: tuple[DistinctShard, ...] = ()


class MatchedLines(Record):
    """What the first range passes on, so that the line keys may go before lines are removed."""

    distinct: tuple[DistinctShard, ...]


class MatchLines(KeepLinesOptions, Stage[MatchLinesParams]):
    """Range of line keys -> the keys to remove from each shard. Inputs: line keys, documents."""

    stage_name: ClassVar[str] = "lines_match"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[MatchLinesParams]]:
        """One task per range."""
        keys, documents = inputs
        distinct = tuple(
            DistinctShard(shard=shard, lines=found.lines, shortest_chars=found.shortest_chars)
            for shard, found in enumerate(keys.facts_of(HashedLines))
            if found.distinct
        )
        return [
            Task(
                task.id,
                task.inputs,
                MatchLinesParams(**dict(task.params), distinct=() if number else distinct),
            )
            for number, task in enumerate(passes_tasks(Exchange.of(keys), documents, ROWS_PER_PASS))
        ]

    def run(self, task: Task[MatchLinesParams]) -> ShardReport:
        """Find the keys that several documents have, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVED_SCHEMA, task.params.shards)
            for part in range(task.params.passes):
                rows = range_part(out, task.params, part, KEYS_SCHEMA)
                exchange.write(*shared_keys(rows, self.keep))
            if task.params.destination == 0:
                out.facts = MatchedLines(distinct=task.params.distinct)
        return out.report
