"""`python -m benchmarks.slopes --gb 1 --gb 2`: how time, memory, exchange and files of the whole chain grow with its input.

WET files of generated text (`benchmarks.scale`, with English function words, so that pages pass the filters as English) go
through the chain of `benchmarks.whole` as one run with `keep: outputs`, in Ray's workers of this machine.
"""

from __future__ import annotations

import math
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from cyclopts import App

from benchmarks.io_time import READING, WRITING, timed_io
from benchmarks.scale import GB, blocks
from benchmarks.whole import chain_of, graph_of, trained_tokenizer, wet_record
from pipeline.pools import InlinePool, Pool, RayPool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.manifest import EXCHANGE, PARTS, Manifest, ShardReport, read_report

FILE_TEXT_BYTES = 320_000_000
"""Text of a WET file: some 130 MB when it is compressed, as a crawl's."""

COMPRESSION_LEVEL = 1
"""Of gzip: what reading takes hardly depends on it, and making 8 GB does."""

FUNCTION_WORDS = (
    *(
        "the",
        "of",
        "and",
        "to",
        "in",
        "that",
        "is",
        "was",
        "for",
        "it",
        "with",
        "as",
        "his",
        "on",
        "be",
        "at",
        "by",
    ),
    *(
        "had",
        "not",
        "are",
        "but",
        "from",
        "or",
        "have",
        "an",
        "they",
        "which",
        "one",
        "you",
        "were",
        "her",
        "all",
    ),
    *(
        "she",
        "there",
        "would",
        "their",
        "we",
        "him",
        "been",
        "has",
        "when",
        "who",
        "will",
        "more",
        "no",
        "if",
        "out",
    ),
    *(
        "so",
        "said",
        "what",
        "up",
        "its",
        "about",
        "into",
        "than",
        "them",
        "can",
        "only",
        "other",
        "new",
        "some",
    ),
)
WARM_BYTES = 4_000_000
"""Text of a first run, that compiles kernels into their cache."""

app = App(name="slopes", help="Growth of the whole chain's time, memory, exchange and files with its input.")


@dataclass(frozen=True)
class Size:
    """One run: what went in, and what it took. Seconds of cores are user's and system's, of tasks alone."""

    text_bytes: int
    workers: int
    documents: int
    packed: int
    tasks: int
    cpu_seconds: float
    task_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    exchange_bytes: int
    written_bytes: int
    files: int

    @property
    def share_in_tasks(self) -> float:
        """Of the workers' time; the rest is the engine's, their start, and waiting for the last task of a stage."""
        return self.task_seconds / (self.workers * self.wall_seconds)

    def cells(self) -> list[str]:
        """A line of the table."""
        return [
            f"{self.text_bytes / GB:g}",
            str(self.workers),
            f"{self.documents:,}",
            f"{self.packed:,}",
            f"{self.tasks:,}",
            f"{self.cpu_seconds:,.1f}",
            f"{self.wall_seconds:,.1f}",
            f"{self.share_in_tasks:.0%}",
            f"{1 - self.cpu_seconds / self.task_seconds:.0%}",
            f"{self.peak_memory_bytes / 1e6:,.0f}",
            f"{self.exchange_bytes / 1e6:,.1f}",
            f"{self.written_bytes / 1e6:,.1f}",
            f"{self.files:,}",
        ]


HEADER = (
    "text GB",
    "workers",
    "pages",
    "packed",
    "tasks",
    "CPU s of tasks",
    "wall s",
    "of workers' time in tasks",
    "of tasks' time waiting",
    "peak MB of a worker",
    "exchange MB",
    "written MB",
    "files",
)
FITTED = {
    "cpu_seconds": "CPU seconds",
    "wall_seconds": "wall seconds",
    "peak_memory_bytes": "memory",
    "exchange_bytes": "exchange",
    "written_bytes": "bytes written",
    "files": "files",
    "tasks": "tasks",
}


@app.default
def main(
    *,
    gb: list[float],
    workers: list[int] | None = None,
    io: bool = True,
    work_folder: Path | None = None,
    seed: int = 1,
) -> None:
    """Generate, run, and print a Markdown table, fitted exponents, and what reading and writing take.

    Parameters
    ----------
    gb
        sizes of the text in GB; several may be given
    workers
        workers of Ray; several may be given (default: 1)
    io
        run the smallest size once more in this process, and time what it reads and writes
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    seed
        of the generated text
    """
    counts = workers or [1]
    with tempfile.TemporaryDirectory(dir=work_folder) as name:
        folder = Path(name)
        warm = write_wet_files(folder / "warm", WARM_BYTES, generated_texts(seed))
        model = trained_tokenizer(warm, folder)
        run_chain(warm, model, folder, InlinePool, 1, WARM_BYTES)
        print("| " + " | ".join(HEADER) + " |\n|" + "---:|" * len(HEADER), flush=True)
        sizes: list[Size] = []
        shares = ""
        for size in sorted(gb):
            num_bytes = int(size * GB)
            with tempfile.TemporaryDirectory(dir=folder) as own:
                files = write_wet_files(Path(own) / "wet", num_bytes, generated_texts(seed))
                for number in counts:
                    pool = ray_pool(number)
                    sizes.append(run_chain(files, model, Path(own), pool, number, num_bytes))
                    print("| " + " | ".join(sizes[-1].cells()) + " |", flush=True)
                if io and size == min(gb):
                    shares = io_line(files, model, Path(own), num_bytes)
        for line in (*exponent_lines(sizes), *ratio_lines(sizes), shares):
            if line:
                print(f"\n{line}")


def ray_pool(workers: int) -> Callable[[], Pool]:
    """What opens so many workers; none: this process."""
    return InlinePool if workers == 0 else lambda: RayPool(workers, None)


def write_wet_files(
    folder: Path, num_bytes: int, texts: Iterator[str], file_bytes: int = FILE_TEXT_BYTES
) -> list[str]:
    """WET files with at least `num_bytes` of texts, a gzip member for each page."""
    folder.mkdir()
    numbers, left = count(), num_bytes
    files: list[Path] = []
    while left > 0:
        files.append(folder / f"{len(files):05d}.warc.wet.gz")
        size = min(left, file_bytes)
        with files[-1].open("wb") as out:
            while size > 0:
                text = next(texts).encode()
                packer = zlib.compressobj(COMPRESSION_LEVEL, wbits=31)
                out.write(packer.compress(wet_record(next(numbers), text)) + packer.flush())
                size, left = size - len(text), left - len(text)
    return [str(file) for file in files]


def generated_texts(seed: int) -> Iterator[str]:
    """Pages without end: a sentence to a line."""
    for batch in blocks(seed, FUNCTION_WORDS, line_end="."):
        yield from batch.column("text").to_pylist()


def run_chain(
    files: list[str], model: str, folder: Path, open_pool: Callable[[], Pool], workers: int, num_bytes: int
) -> Size:
    """The chain over WET files as one run that keeps its outputs, in a folder that goes away; what it took."""
    graph, last = graph_of(chain_of(files, model))
    with tempfile.TemporaryDirectory(dir=folder) as run:
        began = time.perf_counter()
        result = Runner(graph, run, "slopes", Progress(quiet=True), keep="outputs").run(open_pool, [last])
        seconds = time.perf_counter() - began
        manifests = [result.manifests[name] for name in graph.nodes]
        reports = [report for manifest in manifests for report in _reports(manifest)]
    written = [file for manifest in manifests for file in manifest.files if file.bytes]
    return Size(
        text_bytes=num_bytes,
        workers=max(1, workers),
        documents=manifests[0].created,
        packed=manifests[-1].documents_in,
        tasks=len(reports),
        cpu_seconds=sum(report.measured.cpu_seconds for report in reports),
        task_seconds=sum(report.measured.seconds for report in reports),
        wall_seconds=seconds,
        peak_memory_bytes=max(report.measured.peak_memory_bytes for report in reports),
        exchange_bytes=sum(file.bytes for file in written if file.kind in (EXCHANGE, PARTS)),
        written_bytes=sum(file.bytes for file in written),
        files=len(written),
    )


def _reports(manifest: Manifest) -> Iterator[ShardReport]:
    for task in manifest.reports:
        if (report := read_report(manifest.folder, task)) is not None:
            yield report


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of log value by log size, by least squares: 1 where a value grows as the size does, 0 where it does not."""
    slope, _ = np.polyfit([math.log(size) for size in sizes], [math.log(value) for value in values], 1)
    return float(slope)


def exponent_lines(sizes: Sequence[Size]) -> Iterator[str]:
    """For each number of workers that ran several sizes."""
    for workers in sorted({one.workers for one in sizes}):
        own = [one for one in sizes if one.workers == workers]
        if len(own) < 2:
            continue
        texts = [one.text_bytes for one in own]
        fits = [
            f"{what} {exponent(texts, [getattr(one, name) for one in own]):.2f}"
            for name, what in FITTED.items()
        ]
        who = "1 worker" if workers == 1 else f"{workers} workers"
        yield f"Exponents with {who}: {', '.join(fits)}."


def ratio_lines(sizes: Sequence[Size]) -> Iterator[str]:
    """For each size that one worker and several ran: how many times as much the several did."""
    for one in sizes:
        for more in sizes:
            if one.workers == 1 < more.workers and one.text_bytes == more.text_bytes:
                throughput = more.workers * one.task_seconds / more.task_seconds
                yield (
                    f"{more.workers} workers against one, {one.text_bytes / GB:g} GB: tasks"
                    f" {throughput:.2f} times as fast, wall time {one.wall_seconds / more.wall_seconds:.2f} times."
                )


def io_line(files: list[str], model: str, folder: Path, num_bytes: int) -> str:
    """What tasks in this process read and write of their CPU time."""
    with timed_io() as spent:
        run = run_chain(files, model, folder, InlinePool, 1, num_bytes)
    shares = {what: seconds / run.cpu_seconds for what, seconds in spent.cpu.items()}
    return (
        f"Of {run.cpu_seconds:,.1f} s of CPU at {num_bytes / GB:g} GB {shares[READING]:.0%} is reading (gzip, Parquet,"
        f" exchange) and {shares[WRITING]:.0%} writing (the same formats, SHA-256, flushing)."
    )


if __name__ == "__main__":
    app()
