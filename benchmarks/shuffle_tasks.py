"""`python -m benchmarks.shuffle_tasks`: what one task of a large exchange takes: to name its files, to merge, to pack."""

from __future__ import annotations

import hashlib
import multiprocessing
import tempfile
import time
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pyarrow as pa
from cyclopts import App

from benchmarks.measure import forget_peak_memory, peak_memory_bytes
from benchmarks.shuffle import ROW_BYTES, ROW_SCHEMA, levels, made_reports
from stages.core import storage
from stages.core.exchange import Exchange, group_size
from stages.core.exchange_writer import SPILL_BYTES, ExchangeWriter
from stages.core.manifest import EXCHANGE, MANIFEST_NAME, PARTS, FileInfo, ShardReport, write_record
from stages.core.merge import MergeParams, MergeParts, second_level
from stages.core.stage import Task, make_manifest, task_id
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA, TokenFormat
from stages.tokenize.pack import Pack, PackedShard, PackParams

CASES = ((346, 11_400), (2_000, 115))
"""Files, and rows of each for the group: a block of full files, and many small ones."""

app = App(name="shuffle_tasks", help="What one task of a large exchange takes.")


@app.command
def merge(*, destinations: int = 30_000, work_folder: Path | None = None) -> None:
    """Write the rows of one group, merge them in a process of their own, and print a Markdown table.

    Parameters
    ----------
    destinations
        P
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    """
    print("| files | MB of rows | seconds | peak MB |")
    print("|---|---|---|---|")
    for files, rows in CASES:
        with tempfile.TemporaryDirectory(dir=work_folder) as folder, levels(two=True):
            reports = [_send(folder, number, rows, files, destinations) for number in range(files)]
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, peak = pool.apply(_merge, (second_level(folder, reports)[0],))
        cells = (f"{files:,}", f"{files * rows * ROW_BYTES / 1e6:.0f}", f"{seconds:.1f}", f"{peak / 1e6:.0f}")
        print("| " + " | ".join(cells) + " |", flush=True)


def _send(folder: str, number: int, rows: int, files: int, destinations: int) -> ShardReport:
    random = np.random.default_rng(number)
    hashes = random.integers(0, 1 << 63, rows, dtype=np.uint64)
    values = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(56), rows, [None, pa.py_buffer(random.bytes(56 * rows))]
    )
    writer = ExchangeWriter(folder, task_id(number), ROW_SCHEMA, destinations, tasks=files)
    batch = pa.RecordBatch.from_arrays([pa.array(hashes), values], schema=ROW_SCHEMA)
    writer.write(batch, random.integers(0, group_size(destinations, files) or 1, rows))
    return ShardReport(task=task_id(number), files=tuple(writer.commit()))


def _merge(task: Task[MergeParams]) -> tuple[float, int]:
    forget_peak_memory()
    started = time.perf_counter()
    MergeParts().run(task)
    return time.perf_counter() - started, peak_memory_bytes()


@app.command
def pack(*, files: int = 12, documents: int = 22_000, work_folder: Path | None = None) -> None:
    """Write the token documents of one packed shard, pack them in a process of their own, and print a Markdown table.

    Parameters
    ----------
    files
        files that they come from
    documents
        documents of each, of 200 to 800 tokens of two bytes
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    """
    with tempfile.TemporaryDirectory(dir=work_folder) as folder:
        reports = [_send_tokens(folder, number, documents) for number in range(files)]
        manifest = make_manifest("encode", Pack(), "f", [], [], reports, folder)
        write_record(f"{folder}/{MANIFEST_NAME}", manifest)
        means = TokenFormat(tokenizer_sha256="", vocab_size=32_000, dtype="uint16", bos=1, eos=2)
        rows = PackParams(rows=Exchange.of(manifest), destination=0, source="c4", format=means)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            before, seconds, peak, tokens = pool.apply(_pack, (Task(task_id(0), (), rows, folder),))
    print("| MB of ids | CPU seconds | MB of the process before | peak MB |\n|---|---|---|---|")
    print(f"| {2 * tokens / 1e6:.0f} | {seconds:.1f} | {before / 1e6:.0f} | {peak / 1e6:.0f} |")


def _send_tokens(folder: str, number: int, documents: int) -> ShardReport:
    random = np.random.default_rng(number)
    writer = ExchangeWriter(folder, task_id(number), TOKEN_DOCUMENTS_SCHEMA, 1)
    for start in range(0, documents, 2000):
        lengths = 2 * random.integers(200, 800, min(2000, documents - start))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        ids = random.integers(0, 32_000, int(offsets[-1]) // 2, np.uint16)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(ids)]
        columns = [
            pa.array(random.integers(0, 1 << 62, len(lengths), np.uint64)),
            pa.array([f"c4/{number}-{row}" for row in range(start, start + len(lengths))]),
            pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(lengths), buffers),
            pa.array(2 * lengths),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=TOKEN_DOCUMENTS_SCHEMA)
        writer.write(batch, np.zeros(len(lengths), np.int64))
    return ShardReport(task=task_id(number), files=tuple(writer.commit()))


def _pack(task: Task[PackParams]) -> tuple[int, float, int, int]:
    """Bytes of the process before, CPU seconds, its peak, tokens; one thread as in a worker."""
    pa.set_cpu_count(1)
    forget_peak_memory()
    before, started = peak_memory_bytes(), time.process_time()
    report = Pack().run(task)
    seconds = time.process_time() - started
    return before, seconds, peak_memory_bytes(), PackedShard.model_validate(report.facts).tokens


@app.command
def params(*, files: int = 200_000, destinations: int = 30_000, work_folder: Path | None = None) -> None:
    """What a task that reads a large exchange carries, and what finding its files costs a worker, once for many tasks.

    Parameters
    ----------
    files
        files that tasks of the first level write (M), of SPILL_BYTES
    destinations
        P
    work_folder
        where the manifest goes (default: the system's temporary folder)
    """
    with levels(two=True):
        reports = made_reports(files, destinations, group_size(destinations, files) or 1, SPILL_BYTES)
        merges = second_level("run", reports)
    digest = hashlib.sha256(b"").hexdigest()
    second = [
        ShardReport(
            task=task.id,
            rows_read={PARTS: len(task.inputs)},
            files=(
                FileInfo(
                    name=f"exchange/{task.id}-00000.arrow",
                    kind=EXCHANGE,
                    rows=len(task.inputs),
                    bytes=SPILL_BYTES,
                    sha256=digest,
                    destinations=task.params.destinations,
                    first_destination=task.params.first_destination,
                ),
            ),
        )
        for task in merges
    ]
    with tempfile.TemporaryDirectory(dir=work_folder) as folder:
        manifest = make_manifest("shuffle", MergeParts(), "f", [], [], [*reports, *second], folder)
        write_record(f"{folder}/{MANIFEST_NAME}", manifest)
        sent = Exchange.of(manifest)
        print(f"params of a task, pickled: {len(ForkingPickler.dumps(sent)):,} bytes")
        named = ForkingPickler.dumps(manifest.uris(PARTS))
        print(f"the same with the URIs of {files:,} files: {len(named):,} bytes")
        size = storage.size_bytes(f"{folder}/{MANIFEST_NAME}")
        print(f"manifest: {size / 1e6:,.0f} MB")
        for what, one in (
            ("their names follow", sent),
            ("a merge wrote two", sent.model_copy(update={"merged": None})),
        ):
            seconds, peak = _in_a_process(one)
            print(
                f"a destination's files found where {what}: {seconds:.2f} s, peak {peak:,.0f} MB of a worker"
            )


def _in_a_process(sent: Exchange) -> tuple[float, float]:
    """Seconds and peak MB of a fresh process that finds the files of an exchange."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_find, (sent,))


def _find(sent: Exchange) -> tuple[float, float]:
    started = time.perf_counter()
    sent.files_of(0, 0)
    return time.perf_counter() - started, peak_memory_bytes() / 1e6


if __name__ == "__main__":
    app()
