"""What the dedup stages share: tasks by shard and by range, documents as numbers, priorities, packed sketches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.exchange import Exchange, destination_of, num_destinations
from stages.core.manifest import DOCUMENTS, Manifest, Record
from stages.core.stage import Params, Task, task_id
from stages.core.writer import TaskWriter

DESTINATION_BYTES = 256 << 20
"""Rows that one destination is planned for: a task that reads it holds a few times as much."""


class ShardParams(Record):
    """Which document shard a task is about."""

    shard: int


class RangeParams(Record):
    """Which destination of an exchange a task reads, and how many document shards its own rows are for."""

    rows: Exchange
    destination: int
    shards: int


class PassesParams(RangeParams):
    """A range that is read several times, a part of it each."""

    passes: int


def shard_tasks(documents: Manifest, params: Callable[[int], Params]) -> list[Task[Params]]:
    """One task per document shard; `params` gives those of a shard by its number."""
    return [
        Task(task_id(shard), (uri,), params(shard)) for shard, uri in enumerate(documents.uris(DOCUMENTS))
    ]


def range_tasks(rows: Exchange, params: Callable[[int], Params]) -> list[Task[Params]]:
    """One task per destination of an exchange; `params` gives those of a destination."""
    return [Task(task_id(part), (), params(part)) for part in range(rows.destinations)]


def passes_tasks(rows: Exchange, documents: Manifest, rows_per_pass: int) -> list[Task[PassesParams]]:
    """One task per destination, in as many passes as bound what it holds to about `rows_per_pass` rows."""
    passes = num_destinations(rows.rows // max(1, rows.destinations), rows_per_pass)
    shards = num_shards(documents)
    return range_tasks(
        rows, lambda part: PassesParams(rows=rows, destination=part, shards=shards, passes=passes)
    )


def num_shards(documents: Manifest) -> int:
    """Document shards of a stage."""
    return len(documents.of_kind(DOCUMENTS))


def range_table(out: TaskWriter, params: RangeParams, schema: pa.Schema) -> pa.Table:
    """All rows of the task's range."""
    return pa.Table.from_batches(out.receive(params.rows, params.destination), schema)


def range_part(out: TaskWriter, params: PassesParams, part: int, schema: pa.Schema) -> pa.Table:
    """Pass `part` of the task's range, by the first column, a hash: parts of a range are ranges themselves."""
    rows, place = params.rows, params.destination * params.passes + part
    batches = []
    for batch in rows.read(params.destination):
        places = destination_of(batch.column(0).to_numpy(), rows.destinations * params.passes)
        batches.append(batch.filter(pa.array(places == place)))
    return pa.Table.from_batches(out.received(rows, batches), schema)


def node_ids(shard: int, first_row: int, count: int) -> npt.NDArray[np.uint64]:
    """Documents first_row, first_row + 1, ... of a shard as numbers: upper 32 bits shard, lower row."""
    return np.arange(first_row, first_row + count, dtype=np.uint64) | np.uint64(shard << 32)


def split_nodes(nodes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Shard and row of each node."""
    return (nodes >> np.uint64(32)).astype(np.int64), nodes.astype(np.uint32)


def check_priority(priority: Sequence[str], documents: Manifest) -> None:
    """A UserError when `priority` names a source twice, or one that is neither known nor in the documents."""
    known = [*SOURCES, *sorted(set(documents.sources) - set(SOURCES))]
    for place, source in enumerate(priority):
        if source not in known:
            raise UserError(f"priority: no source {source!r}; known: {', '.join(known)}")
        if source in priority[:place]:
            raise UserError(f"priority: {source} is there twice")


def require_unique(ids: pa.ChunkedArray) -> None:
    """A UserError that names the id when two documents that are compared have the same one."""
    counts = pc.value_counts(ids)
    repeated = pc.filter(counts.field("values"), pc.greater(counts.field("counts"), 1))
    if len(repeated):
        raise UserError(
            f"two documents have the id {repeated[0].as_py()!r}; ids must be unique, also over the runs that are compared"
        )


class PriorityOptions(Record):
    """Whose copy is kept. By default nothing is listed, so that a new source changes no other one's fingerprint."""

    priority: tuple[str, ...] = Field(
        (), description="the source whose copy is kept comes first (none: in the order of the paper's table)"
    )

    def named_sources(self) -> tuple[str, ...]:
        """Those of `priority`."""
        return self.priority


def source_places(sources: pa.Array, priority: Sequence[str]) -> pa.Array:
    """Place of each source in `priority` (where that is empty, in the paper's table), uint8; any other one comes last."""
    order = priority or SOURCES
    places = pc.index_in(sources, value_set=pa.array(order, pa.string()))
    return pc.fill_null(places, len(order)).cast(pa.uint8())


def pack_words(words: npt.NDArray[np.uint64]) -> pa.Array:
    """Rows of uint64 words, shape (rows, width), as a fixed-size binary column."""
    words = np.ascontiguousarray(words)
    width = pa.binary(8 * words.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(width, len(words), [None, pa.py_buffer(words)])


def unpack_words(packed: pa.Array) -> npt.NDArray[np.uint64]:
    """The uint64 words of a column that `pack_words` made, shape (rows, width)."""
    width = packed.type.byte_width // 8
    words = np.frombuffer(packed.buffers()[1], dtype=np.uint64, count=(packed.offset + len(packed)) * width)
    return words.reshape(-1, width)[packed.offset :]
