"""`python -m benchmarks.whole --data DIR`: crawled files in, packed tokens out, ours and datatrove's whole chains, one core.

WET text of the dumps' books and C4, and the HTML pages of a folder of WARC files, each go through what LLaMA's section 2.1
does to CommonCrawl: line dedup, language, Gopher's, C4's and FineWeb's rules, near dedup, BPE, packing.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from cyclopts import App
from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks import corpus, work
from benchmarks.byte_level import train_byte_level
from benchmarks.measure import forget_peak_memory, peak_memory_bytes
from benchmarks.peer import Peers
from pipeline.graph import Graph
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.manifest import MODEL, Manifest
from stages.core.stage import AnyStage
from stages.core.verb import Verb
from stages.dedup.lines.verb import DedupLines
from stages.dedup.near.verb import DedupNear
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.rules.language import LanguageRule
from stages.filter.stage import Filter
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.models.find import find_language_model
from stages.tokenize.encode import Encode
from stages.tokenize.pack import Pack
from stages.tokenize.train import SampleText, TrainTokenizer

SOURCES = ("books", "c4")
RECORDS_PER_FILE = 4_000
VOCAB_SIZE = 8_000
TRAINING_BYTES = 8_000_000
HEADER = (
    "chain",
    "step",
    "seconds",
    "MB/s of input",
    "share",
    "documents out",
    "MB of text out",
    "MB written",
)
RULES = (GopherRepetitionRule(), GopherQualityRule(), C4Rule(), FineWebRule())
_BREAK_IN_PARAGRAPH, _PARAGRAPHS = re.compile(r"(?<!\n)\n(?!\n)"), re.compile(r"\n\n+")

app = App(name="whole", help="Whole chains from crawled files to packed tokens, ours beside datatrove's.")


@dataclass(frozen=True)
class Step:
    """A step of a chain that has run: wall seconds, what it left and wrote."""

    name: str
    seconds: float
    left: Manifest
    written_bytes: int


@dataclass(frozen=True)
class Chain:
    """A chain that has run: MB of input (WET text or HTML, unpacked), its steps, peak memory of its process.

    Then as a run that keeps its outputs alone, filters in the tasks of what they read: wall seconds, bytes written.
    """

    name: str
    megabytes: float
    steps: tuple[Step, ...]
    peak_memory_bytes: int
    outputs_seconds: float
    outputs_written_bytes: int

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return sum(step.seconds for step in self.steps)

    def rows(self) -> Iterator[list[str]]:
        """Lines of the table: each step, then the whole."""
        for step in self.steps:
            text = [f"{step.left.documents_out:,}", f"{step.left.bytes_out / 1e6:.1f}"]
            yield [*self._start(step.name, step.seconds), *text, f"{step.written_bytes / 1e6:.1f}"]
        written = sum(step.written_bytes for step in self.steps) / 1e6
        name = f"all, {self.peak_memory_bytes / 1e6:.0f} MB at most"
        yield [*self._start(name, self.seconds), "", "", f"{written:.1f}"]
        start = self._start("all, keep: outputs", self.outputs_seconds)
        yield [*start, "", "", f"{self.outputs_written_bytes / 1e6:.1f}"]

    def _start(self, name: str, seconds: float) -> list[str]:
        speed, share = self.megabytes / seconds, seconds / self.seconds
        return [self.name, name, f"{seconds:.2f}", f"{speed:.1f}", f"{share:.0%}"]


@app.default
def main(
    *,
    data: Path,
    mb: float = 60.0,
    peer_mb: float = 2.0,
    html: str = "",
    html_peer_mb: float = 20.0,
    peers: Path = Path(".peers"),
) -> None:
    """Run both chains and datatrove's, and print two Markdown tables.

    Parameters
    ----------
    data
        folder of raw dumps, a folder per source
    mb
        MB of WET text
    peer_mb
        MB of it that datatrove gets: its heuristic filters take a quarter of a minute a MB
    html
        pattern of WARC files below `data`; none unless given
    html_peer_mb
        MB of their HTML that datatrove gets, with trafilatura as its extractor
    peers
        environment of the peers that `make peers` installs
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = prose(data, folder, mb)
        wet = write_wet(texts, folder / "wet")
        model = trained_tokenizer(wet, folder)
        chains = [run_apart("WET", wet, model)]
        if html:
            files = sorted(str(path) for path in data.glob(html))
            chains.append(run_apart("HTML", files, model))
        print("| " + " | ".join(HEADER) + " |\n" + "|---|---|" + "---:|" * (len(HEADER) - 2))
        for chain in chains:
            for row in chain.rows():
                print("| " + " | ".join(row) + " |", flush=True)
        tokenizer = str(folder / "tokenizer.json")
        train_byte_level(texts[:RECORDS_PER_FILE], VOCAB_SIZE).save(tokenizer)
        _print_peer(list(first_texts(texts, peer_mb)), "text", tokenizer, Peers(peers), chains[0])
        if html:
            _print_peer(list(pages_of(files, html_peer_mb)), "html", tokenizer, Peers(peers), chains[1])


def prose(data: Path, folder: Path, megabytes: float) -> list[str]:
    """Real texts of books and C4 cut into pages of 100 to 1,000 words, with near and equal copies, in a seeded order."""
    rows, _ = corpus.documents(data, folder, megabytes, sources=SOURCES)
    return corpus.shuffled([_unwrapped(text) for _, text in rows])


def _unwrapped(text: str) -> str:
    """A paragraph to a line, as on a web page: books break lines at 70 characters."""
    return _PARAGRAPHS.sub("\n", _BREAK_IN_PARAGRAPH.sub(" ", text))


def write_wet(texts: Sequence[str], folder: Path) -> list[str]:
    """The texts as WET files, a gzip member for each record, a host for every twenty."""
    folder.mkdir()
    files = []
    for start in range(0, len(texts), RECORDS_PER_FILE):
        files.append(folder / f"{len(files):05d}.warc.wet.gz")
        part = enumerate(texts[start : start + RECORDS_PER_FILE], start)
        records = (wet_record(number, text.encode()) for number, text in part)
        files[-1].write_bytes(b"".join(gzip.compress(record, 6, mtime=0) for record in records))
    return [str(file) for file in files]


def wet_record(number: int, text: bytes) -> bytes:
    """A page as a record of a WET file, not compressed; its number is in its address and its id."""
    head = (
        "WARC/1.0\r\nWARC-Type: conversion\r\n"
        f"WARC-Target-URI: http://host{number // 20}.example/{number}\r\n"
        "WARC-Date: 2020-01-17T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text + b"\r\n\r\n"


def chain_of(files: list[str], model: str) -> list[tuple[str, AnyStage | Verb]]:
    """The steps of LLaMA's English CommonCrawl (section 2.1), to packed tokens."""
    return [
        ("ingest", CommonCrawlIngest(input=tuple(files))),
        ("line dedup", DedupLines()),
        ("language", Filter(rules=(LanguageRule(),))),
        ("Gopher, C4, FineWeb", Filter(rules=RULES)),
        ("near dedup", DedupNear()),
        ("encode", Encode(model=model)),
        ("pack", Pack()),
    ]


def run_apart(name: str, files: list[str], model: str) -> Chain:
    """The chain in a fresh process on one core, after a first run over its first file that compiles and loads."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run_chain, (name, files, model))


def _run_chain(name: str, files: list[str], model: str) -> Chain:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    list(_run_steps(chain_of(files[:1], model)))
    forget_peak_memory()
    steps = tuple(_run_steps(chain_of(files, model)))
    peak = peak_memory_bytes()
    return Chain(name, work.unpacked_bytes(files) / 1e6, steps, peak, *_run_whole(chain_of(files, model)))


def graph_of(chain: list[tuple[str, AnyStage | Verb]]) -> tuple[Graph, str]:
    """The chain as the graph of a run, and the name of its last output."""
    graph, last = Graph(), ""
    for number, (_, step) in enumerate(chain):
        if isinstance(step, Verb):
            last = step.wire(graph.below(f"{number}"), last)
        else:
            last = graph.add(f"{number}", step, [last] if last else [])
    return graph, last


def _run_whole(chain: list[tuple[str, AnyStage | Verb]]) -> tuple[float, int]:
    """Wall seconds of the chain as one run that keeps its outputs alone, and bytes that it wrote."""
    graph, last = graph_of(chain)
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(graph, folder, "whole", Progress(quiet=True), keep="outputs")
        started = time.perf_counter()
        made = runner.run(InlinePool, [last]).manifests
        seconds = time.perf_counter() - started
    return seconds, sum(file.bytes for one in made.values() for file in one.files)


def _run_steps(chain: list[tuple[str, AnyStage | Verb]]) -> Iterator[Step]:
    with tempfile.TemporaryDirectory() as folder:
        inputs: list[Manifest] = []
        for number, (name, step) in enumerate(chain):
            out = Path(folder) / f"{number}"
            out.mkdir()
            started = time.perf_counter()
            if isinstance(step, Verb):
                made = work.finish_verb(step, str(out), inputs[0])[1:]
            else:
                made = [work.finish_stage(step, str(out), inputs)]
            seconds = time.perf_counter() - started
            written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            inputs = [made[-1]]
            yield Step(name, seconds, made[-1], written)


def trained_tokenizer(files: list[str], folder: Path) -> str:
    """The file of a tokenizer trained on a part of the pages; its stages' folders go below `folder`."""
    made: list[Manifest] = []
    stages = (
        CommonCrawlIngest(input=tuple(files)),
        SampleText(max_text_bytes=TRAINING_BYTES),
        TrainTokenizer(vocab_size=VOCAB_SIZE),
    )
    for stage in stages:
        out = folder / f"tokenizer-{stage.stage_name}"
        out.mkdir()
        made = [work.finish_stage(stage, str(out), made)]
    (model,) = made[0].uris(MODEL)
    return model


def pages_of(files: Sequence[str], megabytes: float) -> Iterator[str]:
    """The HTML of the first pages of WARC files, decoded, about so many MB of it."""
    size = 0
    for file in files:
        with Path(file).open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                page = record.reader.read().decode(errors="replace")
                size += len(page.encode())
                yield page
                if size >= megabytes * 1e6:
                    return


def first_texts(texts: Sequence[str], megabytes: float) -> Iterator[str]:
    """The first of the texts, about so many MB."""
    size = 0
    for text in texts:
        size += len(text.encode())
        yield text
        if size >= megabytes * 1e6:
            return


def _print_peer(texts: list[str], kind: str, tokenizer: str, peers: Peers, ours: Chain) -> None:
    """datatrove's chain over some of the same pages (`kind` text or html), beside ours over all."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "pages.jsonl"
        documents = ({"id": str(number), "text": text} for number, text in enumerate(texts))
        lines.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in documents))
        said: dict[str, Any] | None = peers.run(
            "datatrove", "whole", lines, tokenizer, find_language_model(None), kind
        )
    if said is None:
        print("\n".join(peers.missing()))
        return
    size = sum(len(text.encode()) for text in texts) / 1e6
    theirs = size / said["seconds"]
    speeds = (ours.megabytes / ours.seconds, ours.megabytes / ours.outputs_seconds)
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in said["steps"].items())
    print(
        f"\n{ours.name}: datatrove, {size:.1f} MB of the same pages: {theirs:.3f} MB/s ({parts});"
        f" ours {speeds[0]:.1f} MB/s step by step, {speeds[0] / theirs:.0f} times it,"
        f" {speeds[1]:.1f} as one run, {speeds[1] / theirs:.0f} times it."
    )


if __name__ == "__main__":
    app()
