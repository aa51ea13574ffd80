"""Pages by trafilatura: those that are too much work are rows as by resiliparse, and the others take linear time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import hostile
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.ingest.common_crawl.html import page_title, parse_html, trafilatura_text
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.work import TooMuchWorkError
from tests.linear import assert_linear

pytest.importorskip("trafilatura", reason="trafilatura is an extra")

DEEP = ("elements inside each other", 2_001.0, 2_000.0)
PAGES = hostile.PAGES | hostile.SLOW_TRAFILATURA_PAGES | hostile.HARMLESS_PAGES
PROSE = "Some words of prose that make a paragraph and that end with a full stop. " * 9


def read_page(html: str) -> None:
    with suppress(TooMuchWorkError):
        page_title(parse_html(html))
        trafilatura_text(html)


def ingest(run_stage: Callable[..., Manifest], path: Path, html: str) -> Manifest:
    path.write_bytes(hostile.warc(html))
    return run_stage(CommonCrawlIngest(input=(str(path),), extractor="trafilatura"))


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_takes_linear_time(name: str) -> None:
    assert_linear(read_page, PAGES[name], 20_000)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (hostile.PAGES["nested div"](1_000_000), DEEP),
        (hostile.PAGES["half closed b over div"](1_000_000), DEEP),
        (hostile.PAGES["attributes of one tag"](400_000), ("attributes of one tag", 50_000.0, 1_000.0)),
        (hostile.PAGES["lines"](900_000), ("elements", 200_001.0, 200_000.0)),
        (
            hostile.PAGES["names of elements"](1_000_000),
            ("names of elements and attributes", 10_001.0, 10_000.0),
        ),
    ],
)
def test_a_page_beyond_a_bound_is_a_row(
    html: str, expected: tuple[str, float, float], tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    manifest = ingest(run_stage, tmp_path / "x.warc", html)
    (row,) = pq.read_table(manifest.uris(LEDGER)[0]).to_pylist()
    assert (row["rule"], row["action"]) == ("too_much_work", "drop")
    assert (row["detail"], row["value"], row["threshold"]) == expected


def test_a_page_as_deep_as_the_bound_that_lxml_gives_up_is_a_row(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    manifest = ingest(run_stage, tmp_path / "x.warc", "<div>" * 1_990 + f"<p>{PROSE}</p>")
    (row,) = pq.read_table(manifest.uris(LEDGER)[0]).to_pylist()
    assert (row["rule"], row["value"], row["threshold"]) == ("too_short", 0.0, 300.0)


def test_a_page_with_many_paragraphs_is_read(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    paragraphs = [f"Paragraph {number}. {PROSE}" for number in range(6_000)]
    html = "<article>" + "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs) + "</article>"
    manifest = ingest(run_stage, tmp_path / "x.warc", html)
    (text,) = pq.read_table(manifest.uris(DOCUMENTS)[0]).column("text").to_pylist()
    assert text.split() == " ".join(paragraphs).split()
