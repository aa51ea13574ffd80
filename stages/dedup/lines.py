"""Documents in, documents without the lines that others have out: CCNet's line dedup (Wenzek et al. 2020, 3.1), exact.

hash (shard -> distinct line keys by range) -> match (range -> keys to remove, by shard) -> remove (shard). CCNet works
on groups of 50 of a dump's 1,600 files and forgets which document a line came from; here a dump, or all input,
is one, and a line that only one document repeats keeps one copy. CCNet's key of blank lines is a key as any other, so it
removes them all; here blank lines are never duplicates, and paragraphs stay apart.
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

from stages.core.chain import Step
from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.ledger import EDIT
from stages.core.stage import DOCUMENTS, EXCHANGE, Manifest, ShardReport, Stage, Task
from stages.core.task_writer import TaskWriter
from stages.dedup.columns import SpillingExchange, range_tasks, shard_tasks
from stages.kernels import key_set
from stages.kernels.hashing import hash_strings
from stages.kernels.lines import Lines, cut_lines, hash_lines

Scope = Literal["all", "dump"]
Keep = Literal["none", "first"]

TEXT_BYTES_PER_DESTINATION = 2 << 30
ROWS_PER_PASS = 16 << 20
"""Rows of a range that `match` holds at a time; a fuller range is read several times, a part of it each."""

PENDING_LINES = 4 << 20
NOWHERE = np.uint32(0xFFFF_FFFF)

KEYS_SCHEMA = pa.schema(
    [
        ("key", pa.uint64()),
        ("shard", pa.uint32()),
        ("many", pa.bool_()),
        ("row", pa.uint32()),
        ("id", pa.string()),
    ]
)
"""A line key of a shard: whether several documents of the shard have it; for `keep: first` the first of them."""

REMOVED_SCHEMA = pa.schema([("key", pa.uint64()), ("keeper_row", pa.uint32())])
"""A line key to remove from a shard, except from the document in `keeper_row`."""


class HashLines(Stage):
    """Shard -> its distinct line keys, by range."""

    stage_name: ClassVar[str] = "lines_hash"

    keep: Keep = "none"
    scope: Scope = "dump"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        return shard_tasks(documents, destinations=_destinations(documents))

    def run(self, task: Task) -> ShardReport:
        """Hash every line of the shard."""
        count = task.params["destinations"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, KEYS_SCHEMA, count)
            shard_keys = _ShardKeys(self.keep == "first")
            for batch in out.read(task.inputs, ["id", "text", "metadata"]):
                lines = hash_lines(batch.column("text"), scope_seeds(batch, self.scope))
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


def scope_seeds(batch: pa.RecordBatch, scope: Scope) -> npt.NDArray[np.uint64]:
    """The hash seed of each document: lines of documents with different seeds never meet."""
    if scope == "all":
        return np.zeros(batch.num_rows, np.uint64)
    dumps = [orjson.loads(metadata).get("dump") or "" for metadata in batch.column("metadata").to_pylist()]
    return hash_strings(pa.array([str(dump) for dump in dumps], pa.string()))


class _ShardKeys:
    """The distinct line keys of one shard; memory is the distinct keys and PENDING_LINES more."""

    def __init__(self, with_ids: bool) -> None:
        self._with_ids = with_ids
        self._ids: list[pa.Array] = []
        self._num_rows = 0
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._rows: list[npt.NDArray[np.uint32]] = []
        self._many: list[npt.NDArray[np.bool_]] = []
        self._pending = 0

    def add(self, lines: Lines, ids: pa.Array) -> None:
        """Add the lines of a batch of documents."""
        solid = ~lines.blank
        self._keys.append(lines.hashes[solid])
        self._rows.append((lines.rows()[solid] + self._num_rows).astype(np.uint32))
        self._many.append(np.zeros(len(self._keys[-1]), bool))
        self._num_rows += len(ids)
        if self._with_ids:
            self._ids.append(ids)
        self._pending += len(self._keys[-1])
        if self._pending >= PENDING_LINES:
            self._compact()

    def _compact(self) -> None:
        """One entry per key: its first document, and whether there is another."""
        keys, rows, many = np.concatenate(self._keys), np.concatenate(self._rows), np.concatenate(self._many)
        if len(keys):
            by_place = self._rows_in_order()
            places = np.empty(self._num_rows, np.uint32)
            places[by_place] = np.arange(self._num_rows, dtype=np.uint32)
            order = np.argsort(keys, kind="stable")
            keys, many, row_places = keys[order], many[order], places[rows[order]]
            starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
            first, last = np.minimum.reduceat(row_places, starts), np.maximum.reduceat(row_places, starts)
            many = np.logical_or.reduceat(many, starts) | (first != last)
            keys, rows = keys[starts], by_place[first]
        self._keys, self._rows, self._many, self._pending = [keys], [rows], [many], 0

    def _rows_in_order(self) -> npt.NDArray[np.uint32]:
        """Rows in the order in which the first of several documents is chosen: by id, when that matters."""
        if not self._with_ids:
            return np.arange(self._num_rows, dtype=np.uint32)
        order: npt.NDArray[np.uint32] = pc.sort_indices(pa.chunked_array(self._ids)).to_numpy()
        return order.astype(np.uint32)

    def finish(self, shard: int) -> pa.RecordBatch:
        """All keys as rows of KEYS_SCHEMA."""
        if not self._keys:
            return pa.RecordBatch.from_pylist([], KEYS_SCHEMA)
        self._compact()
        rows = pa.array(self._rows[0], pa.uint32())
        ids = pa.nulls(len(rows), pa.string())
        if self._with_ids:
            ids = pa.chunked_array(self._ids).take(rows).combine_chunks()
        shards = np.full(len(rows), shard, np.uint32)
        return pa.RecordBatch.from_arrays(
            [pa.array(self._keys[0]), pa.array(shards), pa.array(self._many[0]), rows, ids],
            schema=KEYS_SCHEMA,
        )


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
                removed, shards = shared_keys(_range_part(task, part), self.keep)
                exchange.write(removed, shards)
            exchange.finish()
        return out.report


def _range_part(task: Task, part: int) -> pa.Table:
    """One part of the task's range: parts of a range are ranges themselves, so a key lies in one of them."""
    destination, passes = task.params["destination"], task.params["passes"]
    batches = []
    for batch in read_destination(task.inputs, destination):
        places = destination_of(batch.column("key").to_numpy(), task.params["destinations"] * passes)
        batches.append(batch.filter(pa.array(places == destination * passes + part)))
    return pa.Table.from_batches(batches, KEYS_SCHEMA)


def shared_keys(rows: pa.Table, keep: Keep) -> tuple[pa.RecordBatch, npt.NDArray[np.uint32]]:
    """Removals (REMOVED_SCHEMA) and their shards from line keys (KEYS_SCHEMA) of one range."""
    keys = rows.column("key").to_numpy()
    order = np.argsort(keys, kind="stable")
    shared = rows.column("many").to_numpy()[order]
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    shared[1:] |= same
    shared[:-1] |= same
    rows = rows.take(pa.array(order[shared]))
    if keep == "first":
        by_id = [("key", "ascending"), ("id", "ascending"), ("shard", "ascending")]
        rows = rows.take(pc.sort_indices(rows, sort_keys=by_id))
    keys, shards = rows.column("key").to_numpy(), rows.column("shard").to_numpy()
    keepers = np.full(len(keys), NOWHERE, np.uint32)
    if keep == "first" and len(keys):
        first = np.concatenate([[True], keys[1:] != keys[:-1]])
        keepers[first] = rows.column("row").to_numpy()[first]
    removed = pa.RecordBatch.from_arrays([pa.array(keys), pa.array(keepers)], schema=REMOVED_SCHEMA)
    return removed, shards


class RemoveLines(Stage):
    """Shard -> its documents without the removed lines. Inputs: documents, removals."""

    stage_name: ClassVar[str] = "lines_remove"

    scope: Scope = "dump"
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
                lines = hash_lines(batch.column("text"), scope_seeds(batch, self.scope))
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
        lost = pc.subtract(pc.binary_length(batch.column("text")), pc.binary_length(texts)).to_numpy()
        short = chars < self.min_chars
        edited = (counts > 0) & ~short
        drops = batch.filter(pa.array(short))
        out.ledger.rows(
            drops,
            rule="short_after_line_dedup",
            value=chars[short],
            threshold=self.min_chars,
            detail=_details(counts[short], totals[short]),
        )
        out.ledger.rows(
            batch.filter(pa.array(edited)),
            action=EDIT,
            rule="duplicate_lines",
            value=counts[edited] / totals[edited],
            detail=_details(counts[edited], totals[edited]),
            text_bytes=lost[edited],
        )
        place = batch.schema.get_field_index("text")
        out.keep(batch.set_column(place, batch.schema.field(place), texts).filter(pa.array(~short)))
        added = {
            "lines": totals.sum(),
            "removed_lines": counts.sum(),
            "bytes": lines.offsets[-1] - lines.offsets[0],
            "removed_bytes": lost.sum(),
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
    scope: Scope = Field("dump", description="compare lines within each dump, or within all documents")
    min_chars: int = Field(300, ge=1, description="shorter documents are dropped after the lines are gone")

    def steps(self) -> list[Step]:
        """hash -> match -> remove."""
        return [
            Step(HashLines(keep=self.keep, scope=self.scope), (0,)),
            Step(MatchLines(keep=self.keep), (1, 0)),
            Step(RemoveLines(scope=self.scope, min_chars=self.min_chars), (0, 2)),
        ]
