"""The exchange file: rows of one task laid out by destination, an Arrow IPC file with one record batch for each.

M tasks write M files; destination p reads batch p of every file through its footer, so a shuffle never makes
M x P files and no memory ever holds the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core import storage
from stages.core.stage import EXCHANGE, FileInfo


class ExchangeWriter:
    """Collects the rows of one task by destination; `finish` writes the file. Memory: the task's rows."""

    def __init__(self, folder: str, task: str, schema: pa.Schema, num_destinations: int) -> None:
        if num_destinations < 1:
            raise ValueError("an exchange needs at least one destination")
        self._folder, self._name = folder, f"exchange-{task}.arrow"
        self._schema = schema
        self._pieces: list[list[pa.RecordBatch]] = [[] for _ in range(num_destinations)]
        self.rows = 0

    def write(self, batch: pa.RecordBatch, destinations: npt.NDArray[np.integer]) -> None:
        """Send row i of `batch` to `destinations[i]`; the order of rows is kept within a destination."""
        if batch.num_rows == 0:
            return
        if batch.num_rows != len(destinations):
            raise ValueError(f"{batch.num_rows} rows but {len(destinations)} destinations")
        order = np.argsort(destinations, kind="stable")
        counts = np.bincount(destinations, minlength=len(self._pieces))
        if len(counts) > len(self._pieces):
            raise ValueError(f"destination {len(counts) - 1} of {len(self._pieces)}")
        ordered = batch.take(pa.array(order))
        start = 0
        for destination in np.flatnonzero(counts):
            length = int(counts[destination])
            self._pieces[destination].append(ordered.slice(start, length))
            start += length
        self.rows += batch.num_rows

    def finish(self) -> FileInfo:
        """Write one record batch per destination, empty ones too, and rename."""
        with storage.atomic_output(storage.join(self._folder, self._name)) as output:
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            with pa.ipc.new_file(output, self._schema, options=options) as writer:
                for pieces in self._pieces:
                    writer.write_batch(_join(pieces, self._schema))
        return FileInfo(
            name=self._name, kind=EXCHANGE, rows=self.rows, bytes=output.num_bytes, sha256=output.sha256
        )


def _join(pieces: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    if not pieces:
        return pa.RecordBatch.from_pylist([], schema=schema)
    return pa.concat_batches(pieces)


def read_destination(uris: Iterable[str], destination: int) -> Iterator[pa.RecordBatch]:
    """The rows that every file of `uris` holds for `destination`, file by file, in order."""
    for uri in uris:
        with storage.open_arrow(uri) as raw, pa.ipc.open_file(raw) as reader:
            yield reader.get_batch(destination)


def read_range(uri: str, part: int, parts: int) -> Iterator[pa.RecordBatch]:
    """Batches that together hold every row of one file that lies in range `part` of `parts`, and perhaps others.

    The file may have been written for another number of destinations by `destination_of`: its ranges then overlap
    this one, and the caller leaves out what belongs to other parts.
    """
    first, last = ((part << 32) + parts - 1) // parts, (((part + 1) << 32) - 1) // parts
    with storage.open_arrow(uri) as raw, pa.ipc.open_file(raw) as reader:
        count = reader.num_record_batches
        for destination in range((first * count) >> 32, ((last * count) >> 32) + 1):
            yield reader.get_batch(destination)


def num_destinations(total_bytes: int, target_bytes: int) -> int:
    """How many destinations hold `total_bytes` at about `target_bytes` each; at least one."""
    return max(1, -(-total_bytes // target_bytes))


def destination_of(hashes: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.int64]:
    """Destination of each uint64 hash: equal ranges of the hash's upper 32 bits, so order follows the hash."""
    upper = (hashes >> np.uint64(32)).astype(np.uint64)
    return ((upper * np.uint64(count)) >> np.uint64(32)).astype(np.int64)
