"""What raw files hold is told by what they are: plain files are not taken for packed ones, nor pages for text."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import load_recipe
from pipeline.plan import make_plan
from pipeline.plan.packing import AS_USUAL, HELD_PER_BYTE, PAGES_TEXT, XML_HELD_PER_BYTE, Unpacked, held_in
from pipeline.plan.raw import SourceSize, largest_raw_bytes, raw_tasks, size_of_files
from stages.core.storage import FoundFile
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest

GZIP, BZ2 = HELD_PER_BYTE["gzip"], XML_HELD_PER_BYTE["bz2"]
LINES = b'{"text": "some words of a page", "url": "http://a.example/"}\n' * 40
INFO = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 2\r\n\r\nx\n\r\n\r\n"
TEXT = INFO + b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 4\r\n\r\ntext\r\n\r\n"
PAGES = INFO + b"WARC/1.0\r\nWARC-Type: request\r\nContent-Length: 4\r\n\r\ntext\r\n\r\n"


def found(tmp_path: Path, **files: bytes) -> list[FoundFile]:
    for name, data in files.items():
        (tmp_path / name.replace("_", ".")).write_bytes(data)
    return [
        FoundFile(str(tmp_path / name), name, len(data))
        for name, data in ((name.replace("_", "."), data) for name, data in files.items())
    ]


@pytest.mark.parametrize(
    ("kind", "name", "data", "held"),
    [
        ("c4", "a_json_gz", gzip.compress(LINES), AS_USUAL),
        ("c4", "a_json", LINES, Unpacked(1 / GZIP, 1 / GZIP)),
        ("c4", "a_json_gz", LINES, Unpacked(1 / GZIP, 1 / GZIP)),  # its name lies
        ("c4", "a_json", gzip.compress(LINES), AS_USUAL),
        ("common_crawl", "a_warc_wet_gz", gzip.compress(TEXT), AS_USUAL),
        ("common_crawl", "a_warc_wet", TEXT, Unpacked(1 / GZIP, 1 / GZIP)),
        ("common_crawl", "a_warc_gz", gzip.compress(PAGES), Unpacked(1.0, PAGES_TEXT)),
        ("common_crawl", "a_warc", PAGES, Unpacked(1 / GZIP, PAGES_TEXT / GZIP)),
        ("wikipedia", "a_xml_bz2", bz2.compress(b"<mediawiki>"), AS_USUAL),
        ("wikipedia", "a_xml", b"<mediawiki>", Unpacked(1 / BZ2, 1 / BZ2)),
        ("stackexchange", "Posts_xml", b"<posts>", AS_USUAL),
        ("stackexchange", "Posts_xml_bz2", bz2.compress(b"<posts>"), Unpacked(BZ2, BZ2)),
        ("books", "a_txt", b"A book.", AS_USUAL),
        ("c4", "a_json", b"", AS_USUAL),
    ],
)
def test_what_a_byte_of_a_file_holds(
    tmp_path: Path, kind: str, name: str, data: bytes, held: Unpacked
) -> None:
    assert held_in(kind, found(tmp_path, **{name: data}), 0) == pytest.approx(held)


def test_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    files = [FoundFile(str(tmp_path / "a.parquet"), "a.parquet", 500)]
    assert held_in("c4", files, 0).text == pytest.approx(HELD_PER_BYTE["parquet"] / GZIP)


def test_files_of_several_packings_count_by_their_bytes(tmp_path: Path) -> None:
    files = found(tmp_path, a_json=LINES, b_json_gz=gzip.compress(LINES))
    plain = files[0].size / sum(file.size for file in files)
    assert held_in("c4", files, 0).text == pytest.approx(plain / GZIP + 1 - plain)


def test_a_file_that_cannot_be_read_is_as_usual(tmp_path: Path) -> None:
    assert held_in("c4", [FoundFile(str(tmp_path / "gone"), "gone.json", 9)], 0) == AS_USUAL


def test_a_plan_of_plain_lines_holds_no_more_than_they_do(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(LINES)
    (tmp_path / "r.yaml").write_text(f"name: r\nsources:\n  c4: {{input: '{tmp_path}/a.json'}}\n")
    plan = make_plan(load_recipe(str(tmp_path / "r.yaml"), {}))
    assert plan.estimate is not None
    ingest = plan.estimate.stages[0]
    assert ingest.given_bytes == len(LINES)
    assert ingest.text_bytes == pytest.approx(len(LINES) * 2.57 / GZIP, abs=1)
    assert ingest.core_seconds == pytest.approx(len(LINES) / GZIP / 30e6)


def test_the_largest_task_of_a_source() -> None:
    posts = StackExchangeIngest(input=("x",), task_bytes=100)
    plain, packed = FoundFile("a/Posts.xml", "a/Posts.xml", 950), FoundFile("b/b.7z", "b/b.7z", 950)
    for files, tasks, largest in (([plain], 10, 95), ([packed], 1, 950), ([plain, packed], 11, 950)):
        size = size_of_files(posts, files, 0)
        assert (raw_tasks(size, posts), largest_raw_bytes(size, posts)) == (tasks, largest)
    c4 = C4Ingest(input=("x",), task_bytes=100)
    told = SourceSize(1000, 2, is_there=False)
    assert (raw_tasks(told, c4), largest_raw_bytes(told, c4)) == (2, 500)
    warc = CommonCrawlIngest(input=("x",), task_bytes=100)
    assert (raw_tasks(told, warc), largest_raw_bytes(told, warc)) == (10, 100)


def test_a_task_of_more_than_ten_minutes_is_told(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\nsources:\n  c4: {input: later/*.gz, raw: 40GB, raw_files: 2}\n")
    lines = make_plan(load_recipe(str(recipe), {})).lines
    start = lines.index("longest tasks, of more than ten minutes of a core:")
    assert lines[start + 1].split() == ["c4.ingest_c4", "11.1", "min"]
