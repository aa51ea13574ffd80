"""Cited pages out of a crawl: looked up, fetched, checked, counted; killed and gone on with; never a page twice."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality_classifier.captures.capture import Capture
from quality_classifier.captures.cited_fetch import CaptureOptions, CitedFetch, CitedFetched
from quality_classifier.captures.wanted import wanted_pages
from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.pace import Pacer
from stages.ingest.common_crawl.members import read_members
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.raw import RawFile
from tests.quality_classifier.captures.crawl_server import DUMP, NEWER_DUMP, Captured, CrawlServer
from tests.stages.fetch.dump_server import FakeTime
from tests.web_server import Answer, serving

CAPTURES = [
    Captured("http://www.a.example/one"),
    Captured("https://a.example/one/", "20200203040506"),
    Captured("https://a.example/one", "20200204000000", status=301),
    Captured("https://b.example/two?utm_source=x&id=7"),
    Captured("https://c.example/paper.pdf", mime="application/pdf"),
    Captured("https://d.example/moved", status=404),
    Captured("https://e.example/three", dump=NEWER_DUMP, fetched="20200301000000"),
    Captured("https://e.example/three"),
    Captured("https://f.example/wrong", target="https://g.example/other"),
    Captured("https://z.example/not-cited"),
]
URLS = [
    "https://a.example/one",
    "http://b.example/two?utm_source=x&id=7",
    "https://c.example/paper.pdf",
    "https://d.example/moved",
    "https://e.example/three#part",
    "https://f.example/wrong",
    "https://h.example/nowhere",
]
OUTCOMES = {
    "a.example/one": "fetched",
    "b.example/two?id=7": "fetched",
    "c.example/paper.pdf": "no_html",
    "d.example/moved": "no_html",
    "e.example/three": "fetched",
    "f.example/wrong": "other_page",
    "h.example/nowhere": "not_captured",
}


@pytest.fixture
def crawl() -> CrawlServer:
    return CrawlServer(CAPTURES)


@pytest.fixture
def url(crawl: CrawlServer) -> Iterator[str]:
    with serving(crawl.answer) as place:
        yield place


def wanted(folder: Path, urls: list[str] = URLS) -> pa.Table:
    path = folder / "urls.txt"
    path.write_text("".join(f"{one}\n" for one in urls), encoding="utf-8")
    return wanted_pages([], [str(path)])


def client() -> Client:
    time = FakeTime()
    return Client(pacer=Pacer(clock=time.clock, sleep=time.sleep), retries=2)


def fetched(url: str, folder: Path, pages: pa.Table, connections: int = 1, **options: Any) -> CitedFetched:
    given = {"dumps": (DUMP, NEWER_DUMP), "base_url": url, "cdx_url": url} | options
    fetch = CitedFetch(CaptureOptions(**given), folder, client(), client(), connections)
    return fetch.run(pages)


def outcomes(folder: Path) -> dict[str, str]:
    table = pq.read_table(folder / "pages.parquet")
    return dict(zip(table.column("page").to_pylist(), table.column("outcome").to_pylist(), strict=True))


def targets(folder: Path) -> list[str]:
    """The pages of all files, as the ingest reads them."""
    found = []
    for path in sorted(folder.glob("*.warc.gz")):
        raw = RawFile(str(path), path.name, path.stat().st_size)
        for record in read_records(read_members(raw), plain=False, max_record_bytes=1 << 20):
            assert isinstance(record, ArchiveRecord), record
            found.append(str(record.url))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.warc.gz"))}


@pytest.mark.parametrize("index", ["columnar", "cdx"])
def test_the_newest_html_of_each_page_is_fetched_and_the_rest_counted(
    crawl: CrawlServer, url: str, tmp_path: Path, index: str
) -> None:
    out = tmp_path / "out"
    found = fetched(url, out, wanted(tmp_path), index=index)
    assert outcomes(out) == OUTCOMES
    # Of a.example/one the newer capture of status 200 that has the record of the page.
    assert targets(out) == [
        "https://a.example/one/",
        "https://b.example/two?utm_source=x&id=7",
        "https://e.example/three",
    ]
    assert sorted(path.name for path in out.glob("*.warc.gz")) == [
        f"{DUMP}-cited-00000.warc.gz",
        f"{NEWER_DUMP}-cited-00000.warc.gz",
    ]
    assert [(one.outcome, one.pages, one.hosts) for one in found.counts] == [
        ("fetched", 3, 3),
        ("no_html", 2, 2),
        ("not_captured", 1, 1),
        ("other_page", 1, 1),
    ]
    hosts = pq.read_table(out / "hosts.parquet").to_pylist()
    assert {(row["host"], row["outcome"], row["pages"]) for row in hosts} >= {("c.example", "no_html", 1)}


def test_a_second_run_asks_for_nothing_but_the_lists(crawl: CrawlServer, url: str, tmp_path: Path) -> None:
    out, pages = tmp_path / "out", wanted(tmp_path)
    fetched(url, out, pages)
    before = contents(out)
    crawl.asked.clear()
    fetched(url, out, pages)
    assert [one.path for one in crawl.asked] == [
        f"/crawl-data/{dump}/cc-index-table.paths.gz" for dump in (DUMP, NEWER_DUMP)
    ]
    assert contents(out) == before


def many(count: int) -> tuple[CrawlServer, list[str]]:
    urls = [f"https://host{i % 7}.example/{i}" for i in range(count)]
    return CrawlServer([Captured(one) for one in urls]), urls


def test_files_are_bounded_and_the_same_whatever_came_first(tmp_path: Path) -> None:
    crawl, urls = many(12)
    with serving(crawl.answer) as url:
        for name, connections in (("one", 1), ("two", 8)):
            fetched(url, tmp_path / name, wanted(tmp_path, urls), connections, dumps=(DUMP,), file_bytes=1200)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == two
    assert len(one) > 2
    assert all(len(data) <= 1200 for data in one.values())
    assert sorted(targets(tmp_path / "one")) == sorted(urls)


@pytest.mark.parametrize("cut", [0, 1, 300])
@pytest.mark.parametrize("after", [1, 4, 11])
def test_a_killed_fetch_goes_on_and_has_no_page_twice(tmp_path: Path, after: int, cut: int) -> None:
    """Killed after a record was written, in the middle of the next one, or of a line of the journal."""
    crawl, urls = many(12)
    pages = wanted(tmp_path, urls)
    with serving(crawl.answer) as url:
        fetched(url, tmp_path / "whole", pages, dumps=(DUMP,), file_bytes=1500)
        out = tmp_path / "killed"
        with pytest.MonkeyPatch.context() as patch:
            _kill_after(patch, after)
            with pytest.raises(KeyboardInterrupt):
                fetched(url, out, pages, dumps=(DUMP,), file_bytes=1500)
        for part in out.glob("*.part"):
            part.write_bytes(part.read_bytes() + b"\x1f\x8b" + b"x" * cut)
        journal = out / "pages.jsonl"
        journal.write_bytes(journal.read_bytes() + b'{"page": "ho'[:cut])
        fetched(url, out, pages, dumps=(DUMP,), file_bytes=1500)
    assert contents(out) == contents(tmp_path / "whole")
    assert sorted(targets(out)) == sorted(urls)
    assert not list(out.glob("*.part"))


def _kill_after(patch: pytest.MonkeyPatch, pages: int) -> None:
    from quality_classifier.captures.collect import PageCollector

    take, taken = PageCollector._take, []

    def killed(self: PageCollector, capture: Capture, future: Any) -> None:
        if len(taken) == pages:
            raise KeyboardInterrupt
        taken.append(capture)
        take(self, capture, future)

    patch.setattr(PageCollector, "_take", killed)


def test_a_record_that_was_lost_with_the_power_is_fetched_anew(tmp_path: Path) -> None:
    crawl, urls = many(6)
    pages = wanted(tmp_path, urls)
    with serving(crawl.answer) as url:
        fetched(url, tmp_path / "out", pages, dumps=(DUMP,))
        (path,) = (tmp_path / "out").glob("*.warc.gz")
        whole = path.read_bytes()
        path.rename(path.with_name(path.name + ".part"))
        (tmp_path / "out" / f"{path.name}.part").write_bytes(whole[:-10])
        fetched(url, tmp_path / "out", pages, dumps=(DUMP,))
    assert contents(tmp_path / "out") == {path.name: whole}


def test_busy_cut_and_damaged_answers_are_asked_for_again(
    crawl: CrawlServer, url: str, tmp_path: Path
) -> None:
    path = next(name for name in crawl.files if name.endswith(f"{DUMP}-00000.warc.gz"))
    index = next(name for name in crawl.files if name.endswith("part-00000.c000.gz.parquet"))
    crawl.due[path] = [
        Answer(503, b"slow down", {"Retry-After": "3"}),
        Answer(206, crawl.files[path], {"Content-Range": "bytes 0-9/10"}),
    ]
    crawl.due[index] = [Answer(429, b"slow down", {"Retry-After": "5"})]
    fetched(url, tmp_path / "out", wanted(tmp_path))
    assert outcomes(tmp_path / "out") == OUTCOMES


def test_a_page_that_cannot_be_reached_is_asked_for_in_the_next_run(
    crawl: CrawlServer, url: str, tmp_path: Path
) -> None:
    out, pages = tmp_path / "out", wanted(tmp_path)
    path = next(name for name in crawl.files if name.endswith(f"{DUMP}-00000.warc.gz"))
    crawl.due[path] = [Answer(500, b"oops")] * 3
    found = fetched(url, out, pages)
    assert outcomes(out) == OUTCOMES | {"a.example/one": "unreachable"}
    assert "HTTP 500" in found.unreachable[0]
    assert fetched(url, out, pages).unreachable == []
    assert outcomes(out) == OUTCOMES
    assert len(targets(out)) == len(set(targets(out))) == 3


def test_a_site_that_refuses_ends_the_fetch_in_one_line(tmp_path: Path) -> None:
    crawl, urls = many(12)
    for path in [name for name in crawl.files if name.endswith(".warc.gz")]:
        crawl.due[path] = [Answer(403, b"no")] * 20
    with serving(crawl.answer) as url, pytest.raises(UserError) as caught:
        fetched(url, tmp_path / "out", wanted(tmp_path, urls), dumps=(DUMP,))
    assert "HTTP 403" in str(caught.value)
    assert "3 pages in a row" in str(caught.value)
    assert set(outcomes(tmp_path / "out").values()) == {"unreachable", "to_fetch"}


def test_a_damaged_part_of_the_index_is_named_and_read_the_next_time(
    crawl: CrawlServer, url: str, tmp_path: Path
) -> None:
    out, pages = tmp_path / "out", wanted(tmp_path)
    path = next(
        name for name in crawl.files if name.endswith(f"{DUMP}/subset=warc/part-00000.c000.gz.parquet")
    )
    whole, crawl.files[path] = crawl.files[path], crawl.files[path][:-8] + b"PAR1PAR1"
    found = fetched(url, out, pages)
    assert [("damaged" in line, path.rpartition("/")[2] in line) for line in found.unread] == [(True, True)]
    assert outcomes(out)["h.example/nowhere"] == "not_looked_up"
    crawl.files[path] = whole
    fetched(url, out, pages)
    assert outcomes(out) == OUTCOMES


def test_an_archive_that_is_not_there_or_ends_early_is_a_reason(
    crawl: CrawlServer, url: str, tmp_path: Path
) -> None:
    first, newer = (
        sorted(name for name in crawl.files if name.endswith("-00000.warc.gz"))[0],
        [name for name in crawl.files if NEWER_DUMP in name and name.endswith(".warc.gz")],
    )
    del crawl.files[first]
    crawl.files[newer[0]] = crawl.files[newer[0]][:-5]
    fetched(url, tmp_path / "out", wanted(tmp_path))
    expected = {"a.example/one": "gone", "e.example/three": "damaged"}
    assert outcomes(tmp_path / "out") == OUTCOMES | expected


@pytest.mark.parametrize("index", ["columnar", "cdx"])
def test_an_index_that_is_down_is_one_line(tmp_path: Path, index: str) -> None:
    with pytest.raises(UserError) as caught:
        fetched("http://127.0.0.1:9", tmp_path / "out", wanted(tmp_path), index=index)
    assert "127.0.0.1:9" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("index", ["columnar", "cdx"])
def test_a_dump_that_nobody_knows_is_named_with_those_like_it(url: str, tmp_path: Path, index: str) -> None:
    with pytest.raises(UserError, match=f"no dump CC-MAIN-2020-06; like it: .*{DUMP}"):
        fetched(url, tmp_path / "out", wanted(tmp_path), index=index, dumps=("CC-MAIN-2020-06",))


def test_a_dump_that_was_mistyped_does_not_hold_the_folder(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        fetched(url, tmp_path / "out", wanted(tmp_path), dumps=("CC-MAIN-2020-06",))
    fetched(url, tmp_path / "out", wanted(tmp_path))
    assert outcomes(tmp_path / "out") == OUTCOMES


def test_a_folder_of_another_list_is_refused(url: str, tmp_path: Path) -> None:
    fetched(url, tmp_path / "out", wanted(tmp_path))
    with pytest.raises(UserError, match="holds the fetch of other pages"):
        fetched(url, tmp_path / "out", wanted(tmp_path, URLS[1:]))


def test_a_copy_of_the_index_is_read_in_its_place(crawl: CrawlServer, url: str, tmp_path: Path) -> None:
    for path, data in crawl.files.items():
        if path.endswith(".parquet"):
            copy = tmp_path / "copy" / path.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
    fetched(url, tmp_path / "out", wanted(tmp_path), index_copy=str(tmp_path / "copy"))
    assert outcomes(tmp_path / "out") == OUTCOMES
    assert {one.path.rpartition(".")[2] for one in crawl.asked} == {"gz"}


def test_only_row_groups_that_may_hold_a_page_are_read(tmp_path: Path) -> None:
    crawl, urls = many(40)
    with serving(crawl.answer) as url:
        found = fetched(url, tmp_path / "out", wanted(tmp_path, urls[:1]), dumps=(DUMP,))
    assert (found.read.row_groups, found.read.row_groups_read) == (20, 1)


def test_records_are_those_of_the_crawl_byte_for_byte(crawl: CrawlServer, url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fetched(url, out, wanted(tmp_path))
    rows = pq.read_table(out / "pages.parquet").to_pylist()
    row = next(row for row in rows if row["page"] == "b.example/two?id=7")
    data = (out / row["file"]).read_bytes()[row["offset"] : row["offset"] + row["length"]]
    assert b"WARC-Target-URI: https://b.example/two?utm_source=x&id=7\r\n" in gzip.decompress(data)
