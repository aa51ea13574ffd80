"""`altiplano fetch`: options to files, a list, a table, one line for a mistake, exit codes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import main
from tests.stages.fetch.dump_server import DumpServer, running_server

DUMP = "CC-MAIN-2020-05"
PATH = f"crawl-data/{DUMP}/segments/1.16/wet/CC-MAIN-20200117123339-20200117151339-0000"


@pytest.fixture
def crawl() -> Iterator[DumpServer]:
    with running_server() as server:
        paths = [f"{PATH}{number}.warc.wet.gz" for number in range(3)]
        server.put(f"/crawl-data/{DUMP}/wet.paths.gz", gzip.compress("\n".join(paths).encode()))
        for number, path in enumerate(paths):
            text = f"page {number}".encode()
            record = b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://a.example/\r\n"
            record += b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (len(text), text)
            server.put(f"/{path}", gzip.compress(record, mtime=0))
        yield server


def arguments(server: DumpServer, *more: str) -> list[str]:
    return ["fetch", "common_crawl", "--dump", DUMP, "--base-url", server.url, *more]


def fails(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(given))
    captured = capsys.readouterr()
    return caught.value.code, captured.out + captured.err


def test_a_fetch_shows_what_it_did_and_a_second_one_does_nothing(
    crawl: DumpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(crawl, "--files", "0:2", "--out", str(tmp_path), "--connections", "1")
    main(given)
    captured = capsys.readouterr()
    rows = [" ".join(line.replace("│", " ").split()) for line in captured.out.splitlines()]
    size = sum((tmp_path / f"{PATH}{n}.warc.wet.gz").stat().st_size for n in (0, 1))
    assert [f"fetched 2 {size}", "already there 0 0", "failed 0 0"] == rows[3:6]
    assert f"1/2 fetched: {PATH}0.warc.wet.gz" in captured.err
    main([*given, "--quiet"])
    captured = capsys.readouterr()
    assert "already there 2 246" in " ".join(captured.out.split())
    assert captured.err == ""


def test_the_ingest_finds_the_dumps_name_in_what_was_fetched(crawl: DumpServer, tmp_path: Path) -> None:
    main(arguments(crawl, "--files", ":", "--out", str(tmp_path / "raw"), "--quiet"))
    main(
        [
            "ingest",
            "common_crawl",
            f"{tmp_path}/raw/**/*.gz",
            "--out",
            str(tmp_path / "run"),
            "--workers",
            "0",
            "--quiet",
            "--allow-empty",
        ]
    )
    assert any(DUMP.encode() in path.read_bytes() for path in (tmp_path / "run").rglob("*.parquet"))


def test_a_list_fetches_nothing(
    crawl: DumpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(arguments(crawl, "--files", "1:", "--list"))
    assert capsys.readouterr().out.splitlines() == [
        f"{PATH}1.warc.wet.gz\tsize unknown\tno checksum",
        f"{PATH}2.warc.wet.gz\tsize unknown\tno checksum",
        "2 files, 0 bytes; 2 of unknown size",
    ]
    assert len(crawl.asked) == 1


def test_a_list_says_sizes_checksums_and_their_sum(
    crawl: DumpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    files = "".join(
        f'<file name="{name}.7z"><size>{size}</size><md5>{"ab" * 16}</md5></file>'
        for name, size in (("a.com", 1500), ("b.com", 2000))
    )
    crawl.put("/se/se_files.xml", f"<files>{files}</files>".encode())
    main(["fetch", "stackexchange", "--base-url", f"{crawl.url}/se", "--largest", "5", "--list"])
    assert capsys.readouterr().out.splitlines() == [
        f"b.com.7z\t2,000\tmd5:{'ab' * 16}",
        f"a.com.7z\t1,500\tmd5:{'ab' * 16}",
        "2 files, 3,500 bytes",
    ]


def test_a_file_that_failed_makes_the_exit_code_and_the_rest_is_there(
    crawl: DumpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del crawl.files[f"/{PATH}1.warc.wet.gz"]
    given = arguments(crawl, "--files", ":", "--out", str(tmp_path), "--quiet")
    code, said = fails(capsys, *given)
    assert code == 1
    assert f"failed: {crawl.url}/{PATH}1.warc.wet.gz: HTTP 404 Not Found" in said
    assert "run the same command again to fetch what failed" in said
    assert len(list(tmp_path.rglob("*.gz"))) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["common_crawl", "--files", ":"], "fetch common_crawl needs --dump"),
        (["common_crawl", "--dump", "CC-MAIN-2020-05"], "files"),
        (["common_crawl", "--dump", "2020", "--files", ":"], "dump"),
        (["common_crawl", "--dump", "CC-MAIN-2020-05", "--files", "0:1"], "needs --out FOLDER, or --list"),
        (["common_crawl", "--dump", "CC-MAIN-2020-05", "--files", "9:1"], "the range 9:1 is empty"),
        (
            ["common_crawl", "--dump", "CC-MAIN-2020-05", "--files", ":", "--connections", "30"],
            "more than the 8",
        ),
        (["common_crawl", "--dump", "CC-MAIN-2020-05", "--files", ":", "--connections", "0"], "connections"),
        (["c4", "--variant", "fr"], "variant"),
        (["wikipedia", "--out", "o"], "option --languages: is missing"),
        (["wikipedia", "--languages", "en", "--out", "o"], "needs --contact"),
        (["gutenberg", "--out", "o"], "option --base-url: is missing"),
        (["gutenberg", "--base-url", "https://www.gutenberg.org", "--out", "o"], "blocks robots"),
        (["arxiv", "--manifest", "m.xml", "--base-url", "s3://arxiv", "--out", "o"], "requester-pays"),
        (
            ["arxiv", "--manifest", "m.xml", "--base-url", "https://a.example", "--out", "o"],
            "m.xml: no such file",
        ),
        (["stackexchange", "--out", "o"], "choose with --sites HOST or --largest NUMBER"),
        (["stackexchange", "--base-url", "archive.org", "--out", "o"], "no http or https address"),
        (["reddit"], "reddit"),
    ],
)
def test_a_mistake_is_one_line(
    given: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = fails(capsys, "fetch", *given)
    assert code == 2
    assert message in said
    assert said.startswith("altiplano: ")
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_every_site_has_help_that_names_its_layout(capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, Any] = {}
    for site in ("arxiv", "gutenberg", "wikipedia"):
        main(["fetch", site, "--help"])
        said[site] = " ".join(capsys.readouterr().out.split())
    assert "requester-pays" in said["arxiv"]
    assert "website is for people only" in said["gutenberg"]
    assert "--languages" in said["wikipedia"]
