"""`python -m benchmarks.memory --data FOLDER --gb 1 --gb 20`: one worker's peak memory on generated raw files of any size.

A raw file is made of real records over and over, with ids of their own where the format needs them. One process ingests it
as a single task, so nothing but streaming keeps its memory flat.
"""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cyclopts import App

from benchmarks import work
from benchmarks.measure import peak_memory_bytes
from stages.ingest.base import RawStage
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.compressed import decompressed
from stages.ingest.raw import RawFile
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.wikipedia.stage import WikipediaIngest

GB = 1_000_000_000
_POST_IDS = re.compile(rb'((?:\sId|ParentId|AcceptedAnswerId)=")(\d+)(")')

app = App(name="memory", help="Peak memory of one worker on generated raw files.")


@app.default
def main(
    *, data: Path, gb: list[float], source: list[str] | None = None, work_folder: Path | None = None
) -> None:
    """Generate, ingest, and print a Markdown table.

    Parameters
    ----------
    data
        folder of raw dumps, a folder per source
    gb
        sizes of the raw file in GB; several may be given
    source
        common_crawl, c4, wikipedia, stackexchange (default: all)
    work_folder
        where the files go that are made and deleted (default: the system's temporary folder)
    """
    print("| source | raw file GB | documents | seconds | MB/s | peak MB |")
    print("|---|---|---|---|---|---|")
    for name in source or SOURCES:
        for size in gb:
            with tempfile.TemporaryDirectory(dir=work_folder) as folder:
                make, file_name, stage_class = SOURCES[name]
                raw = Path(folder) / file_name
                raw.parent.mkdir(exist_ok=True)
                num_bytes = write_repeated(raw, make(data), int(size * GB))
                documents, seconds, peak = measure(stage_class, str(raw))
            cells = (name, f"{num_bytes / GB:.1f}", f"{documents:,}", f"{seconds:.0f}")
            speeds = (f"{num_bytes / 1e6 / seconds:.1f}", f"{peak / 1e6:.0f}")
            print("| " + " | ".join((*cells, *speeds)) + " |", flush=True)


def write_repeated(path: Path, pieces: Iterator[bytes], num_bytes: int) -> int:
    """Write pieces until the file has at least `num_bytes`; the last piece of the endless stream is its end."""
    written = 0
    with path.open("wb") as out:
        for piece in pieces:
            written += out.write(piece)
            if written >= num_bytes:
                break
        if path.name.endswith(".xml"):
            written += out.write(b"\n</mediawiki>\n" if "wiki" in path.name else b"\n</posts>\n")
    return written


def measure(stage_class: type[RawStage], uri: str) -> tuple[int, float, int]:
    """(documents, seconds, peak bytes) of a fresh process that ingests one raw file as one task."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_ingest, (stage_class, uri))


def _ingest(stage_class: type[RawStage], uri: str) -> tuple[int, float, int]:
    stage = stage_class.model_validate({"input": (uri,), "task_bytes": 1 << 50})
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=Path(uri).parent) as folder:
        manifest = work.finish_stage(stage, folder)
    seconds = time.perf_counter() - start
    peak = peak_memory_bytes()
    return manifest.created - sum(manifest.dropped.values()), seconds, peak


def _unpacked(path: Path) -> bytes:
    return b"".join(decompressed(RawFile(str(path), path.name, path.stat().st_size)))


def web_pages(data: Path) -> Iterator[bytes]:
    """The records of the WARC of pages, over and over, as a plain WARC: ids are byte offsets."""
    (path,) = sorted((data / "common_crawl/pages").glob("*.warc.gz"))
    content = _unpacked(path)
    while True:
        yield content


def c4_lines(data: Path) -> Iterator[bytes]:
    """The lines of the C4 files, over and over: ids are line numbers."""
    content = b"".join(_unpacked(path) for path in sorted((data / "c4").glob("*.json.gz")))
    content += b"" if content.endswith(b"\n") else b"\n"
    while True:
        yield content


def articles(data: Path) -> Iterator[bytes]:
    """The pages of the largest dump, over and over, with page ids of their own."""
    path = max((data / "wikipedia").glob("*.xml.bz2"), key=lambda path: path.stat().st_size)
    content = _unpacked(path)
    start, stop = content.index(b"<page>"), content.rindex(b"</page>") + len(b"</page>\n")
    yield content[:start]
    pages = content[start:stop].split(b"<page>")[1:]
    number = 0
    while True:
        for page in pages:
            number += 1
            yield b"<page>" + re.sub(rb"<id>\d+</id>", b"<id>%d</id>" % number, page, count=1)


def posts(data: Path) -> Iterator[bytes]:
    """The rows of the largest site, over and over, with post ids of their own."""
    path = max((data / "stackexchange").glob("*/Posts.xml"), key=lambda path: path.stat().st_size)
    content = path.read_bytes()
    start, stop = content.index(b"<row"), content.rindex(b"</posts")
    yield content[:start]
    rows, step = content[start:stop], 10 ** len(str(path.stat().st_size))
    copy = 0
    while True:
        yield _renumbered(rows, copy * step)
        copy += 1


def _renumbered(rows: bytes, shift: int) -> bytes:
    return _POST_IDS.sub(lambda found: found[1] + b"%d" % (int(found[2]) + shift) + found[3], rows)


SOURCES: dict[str, tuple[Callable[[Path], Iterator[bytes]], str, type[RawStage]]] = {
    "common_crawl": (web_pages, "pages.warc", CommonCrawlIngest),
    "c4": (c4_lines, "c4-train.json", C4Ingest),
    "wikipedia": (articles, "enwiki-20220701-pages-articles.xml", WikipediaIngest),
    "stackexchange": (posts, "beer.stackexchange.com/Posts.xml", StackExchangeIngest),
}

if __name__ == "__main__":
    app()
