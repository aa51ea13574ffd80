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
from pydantic import Field

from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.verb import Verb, Wiring
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


class LeftLinesOptions(Record):
    """Which documents are too short when their lines are gone."""

    min_chars: int = Field(300, ge=1, description="shorter documents are dropped after the lines are gone")


class HashLinesParams(ShardParams):
    """A shard, and into how many ranges its line keys go."""

    destinations: int


class HashLines(KeepLinesOptions, ScopeOptions, Stage[HashLinesParams]):
    """Shard -> its distinct line keys, by range."""

    stage_name: ClassVar[str] = "lines_hash"
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
            for batch in out.read(task.inputs, ["id", "text", "metadata"]):
                seeds = scope_seeds(batch, self.scope, self.groups)
                lines = hash_lines(batch.column("text"), seeds)
                shard_keys.add(lines, batch.column("id"))
                out.pass_on(batch.num_rows)
            rows = shard_keys.finish(task.params.shard)
            for start in range(0, rows.num_rows, PENDING_LINES):
                piece = rows.slice(start, PENDING_LINES)
                exchange.send(piece, piece.column("key").to_numpy())
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


class MatchLines(KeepLinesOptions, Stage[PassesParams]):
    """Range of line keys -> the keys to remove from each shard. Inputs: line keys, documents."""

    stage_name: ClassVar[str] = "lines_match"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PassesParams]]:
        """One task per range."""
        keys, documents = inputs
        return passes_tasks(Exchange.of(keys), documents, ROWS_PER_PASS)

    def run(self, task: Task[PassesParams]) -> ShardReport:
        """Find the keys that several documents have, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVED_SCHEMA, task.params.shards)
            for part in range(task.params.passes):
                rows = range_part(out, task.params, part, KEYS_SCHEMA)
                exchange.write(*shared_keys(rows, self.keep))
        return out.report


class RemoveLinesParams(ShardParams):
    """A shard, and the line keys to remove from all."""

    removals: Exchange


class RemovedLines(Record):
    """What line dedup removed from a shard, in lines that are not blank and in bytes of text."""

    scope: Scope
    lines: int = 0
    removed_lines: int = 0
    bytes: int = 0
    removed_bytes: int = 0

    def plus(self, lines: int, removed_lines: int, bytes: int, removed_bytes: int) -> RemovedLines:
        """These counts and those of another batch."""
        return RemovedLines(
            scope=self.scope,
            lines=self.lines + lines,
            removed_lines=self.removed_lines + removed_lines,
            bytes=self.bytes + bytes,
            removed_bytes=self.removed_bytes + removed_bytes,
        )


class RemoveLines(ScopeOptions, LeftLinesOptions, Stage[RemoveLinesParams]):
    """Shard -> its documents without the removed lines. Inputs: documents, removals."""

    stage_name: ClassVar[str] = "lines_remove"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RemoveLinesParams]]:
        """One task per document shard."""
        documents, removals = inputs[0], Exchange.of(inputs[1])
        return shard_tasks(documents, lambda shard: RemoveLinesParams(shard=shard, removals=removals))

    def run(self, task: Task[RemoveLinesParams]) -> ShardReport:
        """Hash the lines again and cut those whose key is removed here, and repeats inside a document."""
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(task.params.removals, task.params.shard)
            removals = pa.Table.from_batches(batches, REMOVED_SCHEMA)
            keys = removals.column("key").to_numpy()
            keepers = removals.column("keeper_row").to_numpy()
            slots = key_set.build(keys)
            removed_lines = RemovedLines(scope=self.scope)
            start = 0
            for batch in out.read(task.inputs):
                seeds = scope_seeds(batch, self.scope, self.groups)
                lines = hash_lines(batch.column("text"), seeds)
                found = key_set.find(keys, slots, lines.hashes)
                removed = found >= 0
                removed[removed] = keepers[found[removed]] != (lines.rows()[removed] + start)
                removed |= key_set.repeats(lines.hashes, lines.starts, lines.blank)
                removed_lines = self._write(out, batch, lines, removed & ~lines.blank, removed_lines)
                start += batch.num_rows
            out.facts = removed_lines
        return out.report

    def _write(
        self,
        out: TaskWriter,
        batch: pa.RecordBatch,
        lines: Lines,
        removed: npt.NDArray[np.bool_],
        before: RemovedLines,
    ) -> RemovedLines:
        """Write the batch without the removed lines; what was removed before and here."""
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
        size = lines.offsets[-1] - lines.offsets[0]
        return before.plus(int(totals.sum()), int(counts.sum()), int(size), int(lost))


def _details(counts: npt.NDArray[np.int64], totals: npt.NDArray[np.int64]) -> pa.Array:
    pairs = zip(counts.tolist(), totals.tolist(), strict=True)
    return pa.array([f'{{"lines":{count},"of":{total}}}' for count, total in pairs], pa.string())


class DedupLines(KeepLinesOptions, ScopeOptions, LeftLinesOptions, Verb):
    """Remove lines that several documents have, then documents that became too short."""

    verb: ClassVar[str] = "dedup_lines"

    def wire(self, wiring: Wiring, documents: str) -> str:
        """hash -> match -> remove."""
        keys = wiring.add(self.stage(HashLines), documents)
        removals = wiring.add(self.stage(MatchLines), keys, documents)
        return wiring.add(self.stage(RemoveLines), documents, removals)
