"""The exchange file: rows of one task laid out by destination, an Arrow IPC file with one record batch for each.

M tasks write M files (more where a task's rows are many); destination p reads batch p of every file through its footer,
so a shuffle never makes M x P files and no memory ever holds the whole. How many destinations there are is stored with
the exchange; its readers take the number from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.atomic import AtomicFile
from stages.core.errors import UserError
from stages.core.manifest import EXCHANGE, FOLDERS, FileInfo, Manifest, Record
from stages.core.names import below
from stages.core.stored import open_stored

SPILL_BYTES = 128 << 20
"""Rows that a task holds before they go into a file: its memory does not grow with what its shard makes."""


class Exchange(Record):
    """A finished exchange, as the params of its readers hold it: the stage that wrote it (fingerprint), files, rows."""

    stage: str
    uris: tuple[str, ...]
    destinations: int
    rows: int

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """The exchange that a finished stage wrote; no destinations where it had no task."""
        files = manifest.of_kind(EXCHANGE)
        counts = {file.destinations for file in files}
        if len(counts) > 1 or None in counts:
            raise ValueError(
                f"stage {manifest.node}: exchange files of {sorted(map(str, counts))} destinations"
            )
        destinations = next(iter(counts), 0) or 0
        uris = tuple(manifest.uris(EXCHANGE))
        return cls(
            stage=manifest.fingerprint, uris=uris, destinations=destinations, rows=manifest.rows(EXCHANGE)
        )

    def read(self, destination: int, uris: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows that every file (or those of `uris`) holds for `destination`, file by file, in order."""
        if not self.uris:  # the stage that writes it had no task
            return
        if not 0 <= destination < self.destinations:
            raise ValueError(f"destination {destination} of {self.destinations}")
        for uri in self.uris if uris is None else uris:
            with open_stored(uri) as raw, pa.ipc.open_file(raw) as reader:
                if reader.num_record_batches != self.destinations:
                    raise UserError(
                        f"{uri}: holds {reader.num_record_batches} destinations, its manifest says {self.destinations}"
                    )
                yield _checked(reader.get_batch(destination))


class ExchangeWriter:
    """The exchange of one task: when its rows fill `spill_bytes`, the next file begins. A TaskWriter opens and ends it."""

    def __init__(
        self,
        folder: str,
        task: str,
        schema: pa.Schema,
        num_destinations: int,
        spill_bytes: int | None = None,
    ) -> None:
        if num_destinations < 1:
            raise ValueError("an exchange needs at least one destination")
        self._folder, self._task = folder, task
        self._schema = schema
        self._spill_bytes = SPILL_BYTES if spill_bytes is None else spill_bytes
        self._pieces: list[list[pa.RecordBatch]] = [[] for _ in range(num_destinations)]
        self._rows = self._bytes = 0
        self._written: list[tuple[AtomicFile, FileInfo]] = []

    @property
    def num_destinations(self) -> int:
        """Into how many parts the rows go."""
        return len(self._pieces)

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
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._bytes >= self._spill_bytes:
            self._write_file()

    def send(self, batch: pa.RecordBatch, hashes: npt.NDArray[np.uint64]) -> None:
        """Send every row of `batch` to the destination of its hash."""
        self.write(batch, destination_of(hashes, self.num_destinations))

    def _write_file(self) -> None:
        """One record batch for each destination, empty ones too."""
        name = f"{FOLDERS[EXCHANGE]}/{self._task}-{len(self._written):05d}.arrow"
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
            kind=EXCHANGE,
            rows=self._rows,
            bytes=file.num_bytes,
            sha256=file.sha256,
            destinations=len(self._pieces),
        )
        self._written.append((file, info))
        self._pieces = [[] for _ in self._pieces]
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


def read_range(uri: str, part: int, parts: int) -> Iterator[pa.RecordBatch]:
    """Batches that together hold every row of one file that lies in range `part` of `parts`, and perhaps others.

    The file may have been written for another number of destinations by `destination_of`: its ranges then overlap
    this one, and the caller leaves out what belongs to other parts.
    """
    first, last = ((part << 32) + parts - 1) // parts, (((part + 1) << 32) - 1) // parts
    with open_stored(uri) as raw, pa.ipc.open_file(raw) as reader:
        count = reader.num_record_batches
        for destination in range((first * count) >> 32, ((last * count) >> 32) + 1):
            yield _checked(reader.get_batch(destination))


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of a file whose bytes are what they were: wrong offsets would send a reader anywhere in memory."""
    batch.validate(full=True)
    return batch


def num_destinations(total_bytes: int, target_bytes: int) -> int:
    """How many destinations hold `total_bytes` at about `target_bytes` each; at least one."""
    return max(1, -(-total_bytes // target_bytes))


def destination_of(hashes: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.int64]:
    """Destination of each uint64 hash: equal ranges of the hash's upper 32 bits, so order follows the hash."""
    upper = (hashes >> np.uint64(32)).astype(np.uint64)
    return ((upper * np.uint64(count)) >> np.uint64(32)).astype(np.int64)
