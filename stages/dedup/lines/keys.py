"""Lines of a shard's documents in, its distinct line keys out; keys of all shards in, those to remove out."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.kernels.lines.lines import Lines

KeepLines = Literal["none", "first"]

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
"""A line key of a shard: whether several of its documents have it; for `keep: first` the first of them."""

REMOVED_SCHEMA = pa.schema([("key", pa.uint64()), ("keeper_row", pa.uint32())])
"""A line key to remove from a shard, except from the document in `keeper_row`."""


class ShardKeys:
    """The distinct line keys of one shard; memory is the distinct keys and PENDING_LINES more."""

    def __init__(self, with_ids: bool) -> None:
        self._with_ids = with_ids
        self._ids: list[pa.Array] = []
        self._num_rows = 0
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._rows: list[npt.NDArray[np.uint32]] = []
        self._many: list[npt.NDArray[np.bool_]] = []
        self._pending = 0
        self.num_lines = 0

    @property
    def distinct(self) -> bool:
        """After `finish`: whether no two of its lines, of one document or of several, have the same key."""
        return sum(map(len, self._keys)) == self.num_lines

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
        self.num_lines += len(self._keys[-1])
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


def shared_keys(rows: pa.Table, keep: KeepLines) -> tuple[pa.RecordBatch, npt.NDArray[np.uint32]]:
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
