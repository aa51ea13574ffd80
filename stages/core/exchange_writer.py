"""Rows and where they go in, exchange files out (`stages/core/exchange.py`): a batch for each destination or group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.atomic import AtomicFile
from stages.core.exchange import DESTINATION_FIELD, destination_of, exchange_file, group_size
from stages.core.manifest import EXCHANGE, PARTS, FileInfo
from stages.core.names import below

SPILL_BYTES = 128 << 20
"""Rows that a task holds before they go into a file: its memory does not grow with what its shard makes."""


class ExchangeWriter:
    """The exchange of one task: when its rows fill `spill_bytes`, the next file begins. A TaskWriter opens and ends it.

    Where it has two levels (`group_size`), the files have a batch for each group, in which every row tells where it goes.
    A file of the second level begins at `first_destination` of the whole exchange.
    """

    def __init__(
        self,
        folder: str,
        task: str,
        schema: pa.Schema,
        num_destinations: int,
        spill_bytes: int | None = None,
        first_destination: int | None = None,
        tasks: int = 1,
    ) -> None:
        """`tasks` are those that send rows of this exchange, this one among them."""
        if num_destinations < 1:
            raise ValueError("an exchange needs at least one destination")
        self.num_destinations = num_destinations
        """Into how many parts the rows go."""
        self._folder, self._task, self._first = folder, task, first_destination
        size = group_size(num_destinations, tasks) if first_destination is None else None
        self._kind = EXCHANGE if size is None else PARTS
        self._group_size = size or 1
        self._schema = schema if self._kind == EXCHANGE else schema.append(DESTINATION_FIELD)
        self._spill_bytes = SPILL_BYTES if spill_bytes is None else spill_bytes
        self._pieces = self._no_pieces()
        self._rows = self._bytes = 0
        self._written: list[tuple[AtomicFile, FileInfo]] = []

    def _no_pieces(self) -> list[list[pa.RecordBatch]]:
        return [[] for _ in range(-(-self.num_destinations // self._group_size))]

    def write(self, batch: pa.RecordBatch, destinations: npt.NDArray[np.integer]) -> None:
        """Send row i of `batch` to `destinations[i]`; the order of rows is kept within a destination."""
        if batch.num_rows == 0:
            return
        if batch.num_rows != len(destinations):
            raise ValueError(f"{batch.num_rows} rows but {len(destinations)} destinations")
        if (highest := int(destinations.max())) >= self.num_destinations:
            raise ValueError(f"destination {highest} of {self.num_destinations}")
        order = np.argsort(destinations, kind="stable")
        counts = np.bincount(destinations // self._group_size, minlength=len(self._pieces))
        ordered = batch.take(pa.array(order))
        if self._kind == PARTS:
            places = pa.array(destinations[order].astype(np.uint32))
            ordered = pa.RecordBatch.from_arrays([*ordered.columns, places], schema=self._schema)
        start = 0
        for place in np.flatnonzero(counts):
            length = int(counts[place])
            self._pieces[place].append(ordered.slice(start, length))
            start += length
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._bytes >= self._spill_bytes:
            self._write_file()

    def send(self, batch: pa.RecordBatch, hashes: npt.NDArray[np.uint64]) -> None:
        """Send every row of `batch` to the destination of its hash."""
        self.write(batch, destination_of(hashes, self.num_destinations))

    def _write_file(self) -> None:
        """One record batch for each destination, or group of them, empty ones too."""
        name = exchange_file(self._kind, self._task, len(self._written))
        file = AtomicFile(below(self._folder, name))
        try:
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            with pa.ipc.new_file(file, self._schema, options=options) as writer:
                for pieces in self._pieces:
                    writer.write_batch(_join(pieces, self._schema))
            file.finish()
        except BaseException:
            file.discard()
            raise
        info = FileInfo(
            name=name,
            kind=self._kind,
            rows=self._rows,
            bytes=file.num_bytes,
            sha256=file.sha256,
            destinations=self.num_destinations,
            first_destination=self._first,
        )
        self._written.append((file, info))
        self._pieces = self._no_pieces()
        self._rows = self._bytes = 0

    def finish(self) -> None:
        """Write what is left (an empty file when there was no row)."""
        if self._rows or not self._written:
            self._write_file()

    def commit(self) -> list[FileInfo]:
        """Give the files their names."""
        self.finish()
        for file, _ in self._written:
            file.commit()
        return [info for _, info in self._written]

    def discard(self) -> None:
        """Delete the files, which have no names yet."""
        for file, _ in self._written:
            file.discard()


def _join(pieces: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    if not pieces:
        return pa.RecordBatch.from_pylist([], schema=schema)
    return pa.concat_batches(pieces)
