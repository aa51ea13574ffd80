"""What the dedup stages share: exchanges that spill, documents as numbers, priorities, packed sketches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.exchange import ExchangeWriter, destination_of, read_destination
from stages.core.stage import DOCUMENTS, Manifest, Task, task_id
from stages.core.writer import TaskWriter

SPILL_BYTES = 128 << 20
DESTINATION_BYTES = 256 << 20
"""Rows that one destination is planned for: a task that reads it holds a few times as much."""


class SpillingExchange:
    """An exchange of several files for one task: when its rows fill `spill_bytes`, the next file begins.

    So the memory of a task does not grow with the number of rows that its shard makes.
    """

    def __init__(
        self, out: TaskWriter, schema: pa.Schema, num_destinations: int, spill_bytes: int = SPILL_BYTES
    ) -> None:
        self._out, self._schema, self._count = out, schema, num_destinations
        self._spill_bytes = spill_bytes
        self._parts = 0
        self._bytes = 0
        self._writer = self._next()

    def _next(self) -> ExchangeWriter:
        task = self._out.task
        return ExchangeWriter(task.output, f"{task.id}-{self._parts:05d}", self._schema, self._count)

    def write(self, batch: pa.RecordBatch, destinations: npt.NDArray[np.integer]) -> None:
        """Send row i of `batch` to `destinations[i]`."""
        self._writer.write(batch, destinations)
        self._bytes += batch.nbytes
        if self._bytes >= self._spill_bytes:
            self._close()
            self._writer = self._next()

    def _close(self) -> None:
        self._out.add_file(self._writer.finish())
        self._parts += 1
        self._bytes = 0

    def finish(self) -> None:
        """Write the last file (the only one, empty, when there was no row)."""
        if self._writer.rows or not self._parts:
            self._close()


def shard_tasks(documents: Manifest, **params: object) -> list[Task]:
    """One task per document shard, which knows its number."""
    return [
        Task(task_id(shard), (uri,), {"shard": shard, **params})
        for shard, uri in enumerate(documents.uris(DOCUMENTS))
    ]


def range_tasks(uris: Sequence[str], count: int, **params: object) -> list[Task]:
    """One task per destination of an exchange; none when there is no exchange file."""
    if not uris:
        return []
    return [Task(task_id(p), tuple(uris), {"destination": p, **params}) for p in range(count)]


def range_part(task: Task, part: int, schema: pa.Schema) -> pa.Table:
    """Part `part` of the task's range, by the first column, a hash: parts of a range are ranges themselves.

    The task's params: `destination` of `destinations`, `passes` parts in each.
    """
    destination, passes = task.params["destination"], task.params["passes"]
    batches = []
    for batch in read_destination(task.inputs, destination):
        places = destination_of(batch.column(0).to_numpy(), task.params["destinations"] * passes)
        batches.append(batch.filter(pa.array(places == destination * passes + part)))
    return pa.Table.from_batches(batches, schema)


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


def source_places(sources: pa.Array, priority: Sequence[str]) -> pa.Array:
    """Place of each source in `priority`, uint8; one that is not listed comes last."""
    places = pc.index_in(sources, value_set=pa.array(priority, pa.string()))
    return pc.fill_null(places, len(priority)).cast(pa.uint8())


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
