"""`python -m benchmarks.shuffle`: what an exchange of M files and P destinations reads, over one level and over two.

`simulate` plans with the code that runs (`group_size`, `second_level`) and multiplies; `measure` writes M files of small
rows, reads every destination through a filesystem that counts, and compares the rows of both ways.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
from cyclopts import App

from benchmarks.measure import peak_memory_bytes
from pipeline.plan.exchanges import OPENING_READS
from stages.core import exchange, storage
from stages.core.exchange import Exchange, destination_of, group_size
from stages.core.exchange_writer import SPILL_BYTES, ExchangeWriter
from stages.core.manifest import MANIFEST_NAME, PARTS, FileInfo, ShardReport, write_record
from stages.core.merge import MergeParts, second_level
from stages.core.stage import make_manifest, task_id

ROW_SCHEMA = pa.schema([("hash", pa.uint64()), ("value", pa.binary(56))])
ROW_BYTES = 64
HEADER = ("", "what", "reads", "bytes of rows a read", "requests", "footers, GB", "rows read, TB")

app = App(name="shuffle", help="Reads of an exchange over one level and over two.")


@dataclass
class Reads:
    """What was asked of a filesystem: files opened, reads, bytes."""

    opened: int = 0
    reads: int = 0
    num_bytes: int = 0
    sizes: list[int] = field(default_factory=list)


class _CountedFile(io.RawIOBase):
    """A file that notes what is read of it."""

    def __init__(self, raw: Any, counted: Reads) -> None:
        self._raw, self._counted = raw, counted
        counted.opened += 1

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._raw.read(None if size < 0 else size)
        self._counted.reads += 1
        self._counted.num_bytes += len(data)
        self._counted.sizes.append(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._raw.seek(offset, whence))

    def tell(self) -> int:
        return int(self._raw.tell())

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()


@contextmanager
def counting() -> Iterator[Reads]:
    """Count what stored files are read by, from here on."""
    counted, plain = Reads(), storage.open_arrow

    def opened(uri: str) -> Any:
        return pa.PythonFile(_CountedFile(plain(uri), counted), mode="r")

    with mock.patch.object(storage, "open_arrow", opened):
        yield counted


@contextmanager
def levels(two: bool) -> Iterator[None]:
    """Whether exchanges have a second level, whatever their files and destinations."""
    most = 0 if two else 1 << 62
    bounds = ("ONE_LEVEL_DESTINATIONS", "MOST_OPENED_FILES", "ONE_LEVEL_READS")
    with mock.patch.multiple(exchange, **dict.fromkeys(bounds, most)):
        yield


@app.command
def simulate(*, files: int = 200_000, destinations: int = 30_000, file_mb: list[float] | None = None) -> None:
    """Print a Markdown table of reads.

    Parameters
    ----------
    files
        files that tasks of the first level write (M)
    destinations
        P
    file_mb
        sizes of a file in MB; several may be given (default: what a task holds before it writes, and a hundredth of it)
    """
    size = group_size(destinations, files)
    chosen = "a run has one level" if size is None else f"groups of {size:,}"
    print(f"M = {files:,} files, P = {destinations:,} destinations; {chosen}.\n")
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER))
    notes = []
    for size in file_mb or (SPILL_BYTES / 1e6, SPILL_BYTES / 1e8):
        rows, note = simulated(files, destinations, int(size * 1e6))
        notes.append(f"Files of {size:,.1f} MB: {note}.")
        for row in rows:
            print("| " + " | ".join([f"files of {size:,.1f} MB", *row]) + " |")
    print("\n" + "\n".join(notes))


def simulated(files: int, destinations: int, file_bytes: int) -> tuple[list[list[str]], str]:
    """Rows of the table: one level, the two levels and both together, where a run has them; and what their planning took."""
    total = files * file_bytes
    one = files * destinations
    size = group_size(destinations, files)
    if size is None:
        return [_cells("one level", one, total, _footer_bytes(destinations))], "a run has one level"
    reports = made_reports(files, destinations, size, file_bytes)
    planned = time.perf_counter()
    merges = second_level("run", reports)
    seconds = time.perf_counter() - planned
    first = sum(len(task.inputs) for task in merges)
    second = sum(task.params.destinations for task in merges)
    groups = len({task.params.group for task in merges})
    footers = [_footer_bytes(count) for count in (destinations, groups, size)]
    note = (
        f"{len(merges):,} merges, of {len(merges[0].inputs):,} files each, planned in {seconds:.1f} s;"
        f" peak of the process {_peak_mb():,.0f} MB"
    )
    rows = [
        _cells("one level", one, total, footers[0]),
        _cells(f"merges ({len(merges):,} tasks, {groups} groups)", first, total, footers[1]),
        _cells(f"readers ({len(merges) // groups} files each)", second, total, footers[2]),
        _cells("two levels", first + second, 2 * total, 0, first * footers[1] + second * footers[2]),
    ]
    return rows, note


def made_reports(files: int, destinations: int, size: int, file_bytes: int) -> list[ShardReport]:
    """What tasks of the first level report, a file each, of a row for each group of `size`."""
    digest = hashlib.sha256(b"").hexdigest()
    infos = [
        FileInfo(
            name=f"parts/{task_id(number)}-00000.arrow",
            kind=PARTS,
            rows=-(-destinations // size),
            bytes=file_bytes,
            sha256=digest,
            destinations=destinations,
        )
        for number in range(files)
    ]
    return [ShardReport(task=task_id(number), files=(info,)) for number, info in enumerate(infos)]


def _cells(what: str, reads: int, num_bytes: int, footer: int, footers: int | None = None) -> list[str]:
    gigabytes = (reads * footer if footers is None else footers) / 1e9
    requests = reads * (1 + OPENING_READS)
    cells = [what, f"{reads:,}", f"{num_bytes / reads:,.0f}", f"{requests:,}", f"{gigabytes:,.0f}"]
    return [*cells, f"{num_bytes / 1e12:,.1f}"]


def _footer_bytes(batches: int) -> int:
    """Bytes that a reader of one of so many record batches reads before it: the footer names them all."""
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, ROW_SCHEMA) as writer:
        for _ in range(batches):
            writer.write_batch(pa.RecordBatch.from_pylist([], schema=ROW_SCHEMA))
    with counting_bytes(sink.getvalue()) as (counted, file):
        pa.ipc.open_file(file)
    return counted.num_bytes


@contextmanager
def counting_bytes(data: bytes) -> Iterator[tuple[Reads, Any]]:
    """A file over bytes, and what is read of it."""
    counted = Reads()
    yield counted, pa.PythonFile(_CountedFile(pa.BufferReader(data), counted), mode="r")


def _peak_mb() -> float:
    return peak_memory_bytes() / 1e6


@app.command
def measure(
    *,
    files: int = 2_000,
    destinations: int = 500,
    rows: int = 2_000,
    count: bool = True,
    work_folder: Path | None = None,
) -> None:
    """Write, merge and read an exchange both ways; print a Markdown table.

    Parameters
    ----------
    files
        files that tasks of the first level write (M)
    destinations
        P
    rows
        rows of 64 bytes in a file
    count
        count reads (in Python, which takes time); else only time them
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    """
    print(f"M = {files:,} files of {rows * ROW_BYTES / 1e6:.2f} MB, P = {destinations:,} destinations.\n")
    print("| what | seconds | files opened | reads | MB read | median read, bytes | files written |")
    print("|---|---|---|---|---|---|---|")
    digests = [_measured(two, files, destinations, rows, count, work_folder) for two in (False, True)]
    print(f"\nRows of every destination in both: {'equal' if digests[0] == digests[1] else 'NOT EQUAL'}")


def _measured(
    two: bool, files: int, destinations: int, rows: int, count: bool, work_folder: Path | None
) -> str:
    """Run one way; a digest of every destination's rows in their order."""
    name = "two levels" if two else "one level"
    with tempfile.TemporaryDirectory(dir=work_folder) as folder, levels(two):
        started = time.perf_counter()
        reports = [_send(folder, number, files, destinations, rows) for number in range(files)]
        _print(f"{name}: write", started, Reads(), len(reports))
        started = time.perf_counter()
        with counting() if count else _plain() as counted:
            merged = [MergeParts().run(task) for task in second_level(folder, reports)]
        if two:
            _print(f"{name}: merge", started, counted, len(merged))
        manifest = make_manifest("shuffle", MergeParts(), "f", [], [], [*reports, *merged], folder)
        write_record(f"{folder}/{MANIFEST_NAME}", manifest)
        sent = Exchange.of(manifest)
        digest = hashlib.sha256()
        started = time.perf_counter()
        with counting() if count else _plain() as counted:
            for destination in range(destinations):
                for batch in sent.read(destination):
                    digest.update(batch.column("hash").to_numpy().tobytes())
        _print(f"{name}: read", started, counted, 0)
    return digest.hexdigest()


@contextmanager
def _plain() -> Iterator[Reads]:
    yield Reads()


def _send(folder: str, number: int, files: int, destinations: int, rows: int) -> ShardReport:
    random = np.random.default_rng(number)
    hashes = random.integers(0, 1 << 63, rows, dtype=np.uint64) * np.uint64(2)
    values = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(56), rows, [None, pa.py_buffer(random.bytes(56 * rows))]
    )
    writer = ExchangeWriter(folder, task_id(number), ROW_SCHEMA, destinations, tasks=files)
    batch = pa.RecordBatch.from_arrays([pa.array(hashes), values], schema=ROW_SCHEMA)
    writer.write(batch, destination_of(hashes, destinations))
    return ShardReport(task=task_id(number), files=tuple(writer.commit()))


def _print(what: str, started: float, counted: Reads, written: int) -> None:
    seconds = time.perf_counter() - started
    median = int(np.median(counted.sizes)) if counted.sizes else 0
    cells = [what, f"{seconds:.1f}", f"{counted.opened:,}", f"{counted.reads:,}"]
    cells += [f"{counted.num_bytes / 1e6:,.0f}", f"{median:,}", f"{written:,}"]
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    app()
