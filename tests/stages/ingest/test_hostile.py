"""Hostile records of every source take linear time, and what is beyond a bound is a row that says of what and how much."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import hostile
from stages.core.manifest import LEDGER, Manifest
from stages.ingest.arxiv.paper import paper_of
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import IngestStage
from stages.ingest.books.gutenberg import split_book
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.html import page_title, parse_web_page
from stages.ingest.common_crawl.http import HttpResponse, decoded_body
from stages.ingest.common_crawl.records import parse_headers
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.github.languages import told_by_content
from stages.ingest.github.licenses import recognise
from stages.ingest.github.manifests import stated_in_manifest
from stages.ingest.wikipedia.citations import cited_urls
from stages.ingest.wikipedia.cutting import PageCutter
from stages.ingest.wikipedia.dump import parse_header
from stages.ingest.work import TooMuchWorkError
from tests.linear import assert_linear

DEEP = ("elements inside each other", 2_001.0, 2_000.0)


def read_page(html: str) -> None:
    """What becomes of a page, refused or not."""
    with suppress(TooMuchWorkError):
        tree = parse_web_page(html)
        page_title(tree)
        main_text(tree, None, fitted_model())


def read_paper(text: str) -> None:
    """What becomes of a paper, refused or not."""
    with suppress(TooMuchWorkError):
        paper_of("", {"m.tex": text.encode()}, None, False, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*hostile.PAGES, *hostile.HARMLESS_PAGES])
def test_a_hostile_page_takes_linear_time(name: str) -> None:
    assert_linear(read_page, (hostile.PAGES | hostile.HARMLESS_PAGES)[name], 30_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile.PAPERS)
def test_a_hostile_paper_takes_linear_time(name: str) -> None:
    assert_linear(read_paper, hostile.PAPERS[name], 10_000)


@pytest.mark.parametrize("name", hostile.BOOKS)
def test_a_hostile_book_takes_linear_time(name: str) -> None:
    assert_linear(split_book, hostile.BOOKS[name], 20_000)


@pytest.mark.parametrize("name", hostile.LICENSES)
def test_a_hostile_licence_takes_linear_time(name: str) -> None:
    assert_linear(recognise, hostile.LICENSES[name], 20_000)


@pytest.mark.parametrize("name", hostile.MANIFESTS)
def test_a_hostile_manifest_takes_linear_time(name: str) -> None:
    path, make = hostile.MANIFESTS[name]
    assert_linear(lambda text: stated_in_manifest(path, text), make, 20_000)
    assert stated_in_manifest(path, make(100_000)) == ""


@pytest.mark.parametrize("name", hostile.SOURCE_FILES)
def test_blank_lines_of_a_source_file_take_linear_time(name: str) -> None:
    assert_linear(lambda text: told_by_content("MATLAB", text), hostile.SOURCE_FILES[name], 20_000)


@pytest.mark.parametrize("unit", [b"<page>", b"<page></page>", b"</page>", b"x"])
def test_pages_without_end_in_one_piece_take_linear_time(unit: bytes) -> None:
    assert_linear(lambda data: list(PageCutter().feed(data)), lambda size: unit * (size // len(unit)), 60_000)


@pytest.mark.parametrize("unit", ["<namespace", '<namespace key="1"', ' key="1"'])
def test_a_hostile_header_of_a_dump_takes_linear_time(unit: str) -> None:
    assert_linear(parse_header, lambda size: f"<namespace {unit * (size // len(unit))}".encode(), 20_000)


def test_a_header_field_that_goes_on_over_many_lines_takes_linear_time() -> None:
    assert_linear(parse_headers, lambda size: b"a: b\r\n" + b" c\r\n" * (size // 4), 100_000)
    assert parse_headers(b"a: b\r\n  c\r\n \r\n d\r\n") == {"a": "b c d"}


def test_many_content_codings_are_too_much_work() -> None:
    with pytest.raises(TooMuchWorkError, match="17 content codings, at most 16"):
        decoded_body(HttpResponse(200, {"content-encoding": ",".join(["gzip"] * 17)}, b"x"), 100)


def row_of(
    run_stage: Callable[..., Manifest], stage: type[IngestStage], path: Path, data: bytes
) -> tuple[str, float, float]:
    """Detail, value and threshold of the row of a file's only record."""
    path.write_bytes(data)
    manifest = run_stage(stage(input=(str(path),)))
    (row,) = pq.read_table(manifest.uris(LEDGER)[0]).to_pylist()
    assert (row["rule"], row["action"]) == ("too_much_work", "drop")
    return row["detail"], row["value"], row["threshold"]


@pytest.mark.parametrize(
    ("name", "chars", "expected"),
    [
        ("nested div", 1_000_000, DEEP),
        ("nested font", 1_000_000, DEEP),
        ("half closed b over div", 1_000_000, DEEP),
        ("attributes of one tag", 400_000, ("attributes of one tag", 50_000.0, 1_000.0)),
        ("names of elements", 1_000_000, ("names of elements and attributes", 10_001.0, 10_000.0)),
        ("options", 1_000_000, ("options before options of one list, summed", 268_436_035.0, 268_435_456.0)),
        ("lines", 900_000, ("lines", 225_000.0, 100_000.0)),
        ("paragraphs deep inside", 900_000, ("elements around tags, summed", 20_000_269.0, 20_000_000.0)),
        ("unclosed paragraphs with formatting", 3_000_000, ("elements", 1_000_005.0, 1_000_000.0)),
    ],
)
def test_a_page_beyond_a_bound_is_a_row(
    name: str,
    chars: int,
    expected: tuple[str, float, float],
    tmp_path: Path,
    run_stage: Callable[..., Manifest],
) -> None:
    pages = hostile.PAGES | {"unclosed paragraphs with formatting": hostile.repeated("<p><b><i><u>x")}
    data = hostile.warc(pages[name](chars))
    assert row_of(run_stage, CommonCrawlIngest, tmp_path / "x.warc", data) == expected


def test_a_page_just_below_the_bounds_is_read(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    prose = "Some words of prose that make a paragraph and that end with a full stop. " * 9
    page = "<div>" * 1_990 + f"<p>{prose}</p>"
    (tmp_path / "x.warc").write_bytes(hostile.warc(page))
    manifest = run_stage(CommonCrawlIngest(input=(str(tmp_path / "x.warc"),)))
    assert (manifest.documents_out, manifest.dropped) == (1, {})


def test_inputs_that_double_are_a_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    data = hostile.paper_archive(hostile.diamond(25))
    found = row_of(run_stage, ArxivIngest, tmp_path / "x.tar.gz", data)
    assert found == ("characters of inputs", 1_060_402.0, 1_060_400.0)


@pytest.mark.slow
def test_macros_that_double_are_a_row(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    data = hostile.PAPERS["doubling macros"](600_000).encode()
    found = row_of(run_stage, ArxivIngest, tmp_path / "x.tex", data)
    assert found == ("control words", 1_000_001.0, 1_000_000.0)


@pytest.mark.parametrize("unit", ["<nowiki>//a.b ", "<math>//a.b ", "//a.b<!--", "[//a.b"])
def test_hostile_citations_take_linear_time(unit: str) -> None:
    assert_linear(cited_urls, lambda size: unit * (size // len(unit)), 20_000)


@pytest.mark.parametrize("end", [")", ".", "&nbsp", "''"])
def test_a_long_address_takes_linear_time(end: str) -> None:
    assert_linear(cited_urls, lambda size: "http://a.b/" + end * (size // len(end)), 20_000)
