"""`python -m benchmarks.bombs --kb 250`: time, peak memory and outcome of hostile records, each a raw file of its own."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from cyclopts import App

from benchmarks import hostile, work
from benchmarks.measure import forget_peak_memory, peak_memory_bytes
from stages.core.manifest import LEDGER
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.common_crawl.stage import CommonCrawlIngest

app = App(name="bombs", help="Hostile records: time, peak memory and what became of each.")

Bomb = tuple[str, type[RawStage[Any]], str, Callable[[int], bytes]]


def bombs() -> list[Bomb]:
    """Name, stage, name of the raw file, and what makes its bytes for a number of characters."""
    found: list[Bomb] = []
    for name, make in (hostile.PAGES | hostile.HARMLESS_PAGES).items():
        found.append((f"page: {name}", CommonCrawlIngest, "x.warc", partial(_page, make)))
    for name, make in hostile.PAPERS.items():
        found.append((f"paper: {name}", ArxivIngest, "x.tex", partial(_text, make)))
    found.append(("paper: inputs, each twice", ArxivIngest, "x.tar.gz", _inputs))
    for name, make in hostile.BOOKS.items():
        found.append((f"book: {name}", BooksIngest, "x.txt", partial(_text, make)))
    return found


def _page(make: hostile.Hostile, chars: int) -> bytes:
    return hostile.warc(make(chars))


def _text(make: hostile.Hostile, chars: int) -> bytes:
    return make(chars).encode()


def _inputs(chars: int) -> bytes:
    return hostile.paper_archive(hostile.diamond(min(25, chars // 1000)))


@app.default
def main(*names: str, kb: float = 250, seconds: int = 60) -> None:
    """Print a Markdown table.

    Parameters
    ----------
    names
        words of the lines that are wanted (default: all)
    kb
        about how large a record is
    seconds
        CPU seconds after which one is given up
    """
    print("| input | KB | seconds | peak MB | outcome |")
    print("|---|---|---|---|---|")
    for name, stage_class, file_name, make in bombs():
        if names and not any(word in name for word in names):
            continue
        data = make(int(kb * 1000))
        spent, peak, outcome = measure(stage_class, file_name, (make(100), data), seconds)
        size = f"{len(data) / 1000:.0f}"
        print(f"| {name} | {size} | {spent} | {peak} | {outcome} |", flush=True)


def measure(
    stage_class: type[RawStage[Any]], file_name: str, given: tuple[bytes, bytes], seconds: int
) -> tuple[str, str, str]:
    """Seconds, peak memory and outcome of a fresh process that ingests the second of two raw files, within `seconds`."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        uris = []
        for place, data in zip(("small", "large"), given, strict=True):
            path = Path(folder) / place / file_name
            path.parent.mkdir()
            path.write_bytes(data)
            uris.append(str(path))
        process = context.Process(target=_ingest, args=(there, stage_class, uris, seconds))
        process.start()
        there.close()
        try:
            spent, peak, outcome = here.recv()
        except EOFError:
            return f"> {seconds}", "", "given up"
        finally:
            process.join()
    return f"{spent:.2f}", f"{peak / 1e6:.0f}", outcome


def _ingest(there: Connection, stage_class: type[RawStage[Any]], uris: list[str], seconds: int) -> None:
    for uri in uris:  # with the small one kernels compile and tables are built
        limit = int(time.process_time()) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        stage = stage_class.model_validate({"input": (uri,)})
        forget_peak_memory()
        start = time.perf_counter()
        manifest = work.finish_stage(stage, str(Path(uri).parent / "out"))
        spent = time.perf_counter() - start
    rows = [row for shard in manifest.uris(LEDGER) for row in pq.read_table(shard).to_pylist()]
    documents = manifest.created - sum(manifest.dropped.values())
    there.send((spent, peak_memory_bytes(), _outcome(documents, rows)))


def _outcome(documents: int, rows: list[dict[str, Any]]) -> str:
    """What the ledger says, in words."""
    if not rows:
        return f"{documents} document"
    row = rows[0]
    value = "" if row["value"] is None else f" {row['value']:,.0f}"
    threshold = "" if row["threshold"] is None else f" against {row['threshold']:,.0f}"
    return f"`{row['rule']}`: {row['detail'] or ''}{value}{threshold}"


if __name__ == "__main__":
    app()
