"""Targets that read raw files as ingest does: whole stages, whose outputs must hold every raw record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from stages.core.manifest import DOCUMENTS, EXCHANGE, LEDGER, Manifest, ShardReport, write_record
from stages.core.stage import AnyStage, Task, make_manifest
from stages.ingest.stackexchange.stage import StackExchangeIngest, StackExchangeThreads
from tests.fuzz.forked import forked_readers
from tests.fuzz.target import Seed, Target
from tests.stages.ingest.fault_cases import stage_of
from tests.stages.ingest.fault_files import archives, checkouts
from tests.stages.ingest.fault_tables import saved_files

ROOMS = (
    "crawl",
    "c4",
    "code",
    "wiki",
    "cites",
    "posts",
    "packed",
    "archives",
    "papers",
    "bulk",
    "books",
    "bench",
    "tables",
)
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "dumps"
SAMPLE_ROOMS = {"c4": "c4", "wiki": "wikipedia", "papers": "arxiv", "books": "books", "code": "github"}
MAX_SAMPLE_BYTES = 26_000


def targets() -> Iterator[Target]:
    """One for each kind of raw file."""
    for room in ROOMS:
        yield Target(f"read-{room}", partial(_seeds, room), _cites if room == "cites" else _read)
    yield Target("read-saved", _saved_seeds, _read_saved)
    yield Target(
        "read-checkout", _checkout_seeds, lambda folder, _: run_whole(stage_of("r/checkouts", folder), folder)
    )


@cache
def _seeds(room: str) -> Sequence[Seed]:
    files = archives()
    kept = "wiki" if room == "cites" else room
    beside = (
        {name: data for name, data in files.items() if name.startswith("lists/")} if room == "crawl" else {}
    )
    own = {name: data for name, data in files.items() if name.startswith(f"{kept}/")}
    if room == "cites":
        own = {name: data for name, data in own.items() if name.endswith((".xml", ".bz2", ".gz"))}
    return [Seed(name, data, beside) for name, data in sorted({**own, **_samples(room)}.items())]


def _samples(room: str) -> dict[str, bytes]:
    """The small ones of the samples' raw files."""
    found = {}
    if room in SAMPLE_ROOMS:
        for path in sorted((SAMPLES / SAMPLE_ROOMS[room]).rglob("*")):
            if path.is_file() and path.stat().st_size < MAX_SAMPLE_BYTES:
                found[f"{room}/{path.name}"] = path.read_bytes()
    return found


@cache
def _checkout_seeds() -> Sequence[Seed]:
    files = checkouts()
    return [
        Seed(name, data, {k: v for k, v in files.items() if k != name})
        for name, data in sorted(files.items())
    ]


@cache
def _saved_seeds() -> Sequence[Seed]:
    """What `datasets` wrote: a file of each kind is changed."""
    files = saved_files()
    return [
        Seed(name, data, {k: v for k, v in files.items() if k != name})
        for name, data in sorted(files.items())
        if not name.endswith("dataset_info.json")
    ]


def _read(folder: Path, seed: Seed) -> None:
    with forked_readers():
        _read_whole(folder, seed)


def _read_saved(folder: Path, seed: Seed) -> None:
    with forked_readers():
        run_whole(stage_of("saved/x", folder), folder)


def _read_whole(folder: Path, seed: Seed) -> None:
    stage = stage_of(seed.name, folder)
    tasks, reports = run_whole(stage, folder)
    if isinstance(stage, StackExchangeIngest):  # threads are made of the posts that it hands on
        manifest = make_manifest("posts", stage, "f", [], tasks, reports, str(folder / "out"))
        write_record(str(folder / "out" / "manifest.json"), manifest)
        run_whole(StackExchangeThreads(), folder, "threads", [manifest])


def _cites(folder: Path, seed: Seed) -> None:
    run_whole(stage_of(seed.name.replace("wiki/", "cites/", 1), folder), folder)


def run_whole(
    stage: AnyStage, folder: Path, name: str = "out", inputs: Sequence[Manifest] = ()
) -> tuple[list[Task[Any]], list[ShardReport]]:
    """Every task of a stage; its report must count what lies in its files, and nothing temporary may be left."""
    tasks, reports, out = stage.plan(inputs), [], folder / name
    for task in tasks:
        report = stage.run(task.at(str(out)))
        report.check_conservation()
        rows = dict.fromkeys((DOCUMENTS, LEDGER, EXCHANGE), 0)
        for file in report.files:
            path = out / file.name
            assert path.stat().st_size == file.bytes
            if file.kind in (DOCUMENTS, LEDGER):
                rows[file.kind] += pq.ParquetFile(path).metadata.num_rows
            elif file.kind == EXCHANGE:
                rows[EXCHANGE] += file.rows
        assert rows[DOCUMENTS] + rows[EXCHANGE] == report.documents_out
        assert rows[LEDGER] == sum(report.dropped.values()) + sum(report.edited.values()) + report.merged
        assert not [path for path in out.rglob("*") if ".tmp-" in path.name]
        reports.append(report)
    return tasks, reports
