"""A source of another kind's files is refused in one line before a pool is open; a file or two of them are not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.preflight.contents import MAX_LOOKS, check_contents, raw_files_left
from pipeline.recipe import build
from pipeline.registry import source_kinds
from stages.core import storage
from stages.core.errors import ReadFaultError, UserError
from stages.ingest.raw import RawFile
from tests.demo import ROOT

WARC = b"WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n"
LINES = b'{"text": "one"}\n'
WIKI = b"<mediawiki>"
PAGE = b"<!DOCTYPE html><title>x</title>"
PDF = b"%PDF-1.5\n"
RIGHT = {
    "common_crawl": [WARC, b"filedesc://x 0.0.0.0 2008 text/plain 80\n"],
    "c4": [LINES, b"PAR1"],
    "github": [LINES, b"PAR1", b"PK\x03\x04"],
    "wikipedia": [WIKI, b'<?xml version="1.0"?><page>'],
    "books": [b"Call me Ishmael.", PAGE, b"PK\x03\x04"],
    "arxiv": [b"\\documentclass{article}", b"PK\x03\x04"],
    "stackexchange": [b"<posts>", b'<?xml version="1.0"?><users>'],
    "dataset": [LINES, b"Call me Ishmael.", WIKI, b"a,b\n1,2\n"],
}
WRONG = {
    "common_crawl": [LINES, PAGE, WIKI, PDF, b"crawl-data/x/a.warc.gz\n" * 3],
    "c4": [WARC, PAGE, WIKI, PDF],
    "github": [WARC, PAGE, WIKI],
    "wikipedia": [PAGE, LINES, WARC, b"<posts>", b"-- MySQL dump 10.19\n"],
    "books": [WARC, LINES, b"PAR1", PDF],
    "arxiv": [PDF, LINES, PAGE, WARC],
    "stackexchange": [WIKI, LINES, WARC],
    "dataset": [WARC, PDF, b"PK\x03\x04"],
}


def check(kind: str, pattern: str, finished: tuple[str, ...] = ()) -> None:
    graph, _ = build(parse_recipe({"name": "r", "sources": {kind: {"input": pattern}}}, {}))
    check_contents(graph, raw_files_left(graph, finished), seed=1)


def cases(of: dict[str, list[bytes]]) -> list[tuple[str, bytes]]:
    return [(kind, data) for kind, several in of.items() for data in several]


def test_every_kind_has_cases() -> None:
    assert set(RIGHT) == set(WRONG) == set(source_kinds())


@pytest.mark.parametrize(("kind", "data"), cases(RIGHT))
def test_files_of_the_kind_pass(kind: str, data: bytes, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(data)
    check(kind, str(tmp_path))


@pytest.mark.parametrize(("kind", "data"), cases(WRONG))
def test_files_of_another_kind_are_refused_in_one_line(kind: str, data: bytes, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=rf"^{kind}: .*\.jsonl is .*, and kind {kind} reads ") as caught:
        check(kind, str(tmp_path))
    assert "\n" not in str(caught.value)


def test_one_right_file_is_enough_and_so_is_one_that_nobody_knows(tmp_path: Path) -> None:
    for number in range(MAX_LOOKS - 1):
        (tmp_path / f"{number}.gz").write_bytes(gzip.compress(WARC))
    with pytest.raises(UserError, match="is WARC"):
        check("c4", f"{tmp_path}/*.gz")
    damaged = tmp_path / "x.gz"
    damaged.write_bytes(gzip.compress(LINES)[:5])
    check("c4", f"{tmp_path}/*.gz")
    damaged.write_bytes(b"")
    with pytest.raises(UserError, match="is WARC"):
        check("c4", f"{tmp_path}/*.gz")
    damaged.write_bytes(gzip.compress(LINES))
    check("c4", f"{tmp_path}/*.gz")


def test_looks_are_few_and_a_failed_one_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        (tmp_path / f"{number}.gz").write_bytes(gzip.compress(WARC))
    opened: list[str] = []
    whole = RawFile.open

    def count(raw: RawFile) -> Any:
        opened.append(raw.name)
        return whole(raw)

    monkeypatch.setattr(RawFile, "open", count)
    with pytest.raises(UserError):
        check("c4", f"{tmp_path}/*.gz")
    assert len(set(opened)) == len(opened) == MAX_LOOKS
    opened.clear()
    check("common_crawl", f"{tmp_path}/*.gz")
    assert len(opened) == 1
    check("c4", f"{tmp_path}/*.gz", finished=("c4.ingest_c4",))
    assert len(opened) == 1

    def fail(uri: str, size: int, reads: Any = None) -> Any:
        raise ReadFaultError(f"{uri}: the connection was closed")

    monkeypatch.setattr(storage, "open_whole", fail)
    check("c4", f"{tmp_path}/*.gz")


def test_a_run_says_it_with_the_kind_that_reads_such_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "a.json.gz"
    raw.write_bytes(gzip.compress(LINES))
    path = tmp_path / "r.yaml"
    sources = {"common_crawl": {"input": str(raw)}, "books": {"input": str(raw)}}
    path.write_text(yaml.safe_dump({"name": "r", "run": str(tmp_path / "run"), "sources": sources}))
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(path), "--quiet"])  # no --workers: it would start Ray
    assert stopped.value.code == 2
    mend = "; mend `input`, or say `kind: c4 | dataset | github`"
    assert capsys.readouterr().err.splitlines() == [
        f"altiplano: common_crawl: {raw} is JSON, as is all that was looked at, and kind common_crawl reads ARC, WARC"
        f" or what cannot be told apart{mend}",
        f"altiplano: books: {raw} is JSON, as is all that was looked at, and kind books reads HTML, XML, zip"
        f" or what cannot be told apart{mend}",
    ]


def test_missing_files_are_told_at_once_and_no_folder_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.yaml"
    sources = {"c4": {"input": "/nowhere/*.gz"}, "books": {"input": "/gone"}}
    path.write_text(yaml.safe_dump({"name": "r", "run": str(tmp_path / "run"), "sources": sources}))
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(path), "--quiet"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "altiplano: c4.ingest_c4: /nowhere/*.gz: no file matches; check the path and quote the pattern",
        "altiplano: books.ingest_books: /gone: no such file or folder",
    ]
    assert not (tmp_path / "run").exists()


def test_the_samples_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.config import load_recipe

    monkeypatch.chdir(ROOT)
    graph, _ = build(load_recipe("configs/demo.yaml"))
    check_contents(graph, raw_files_left(graph, ()), seed=1)
