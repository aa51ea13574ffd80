"""The WET files that the benchmark of the whole chain makes are what a crawl's are to our own ingest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.whole import chain_of, write_wet
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_documents
from stages.ingest.common_crawl.stage import CommonCrawlIngest

PAGES = [
    f"Page {number} of the harbour's log. " + "The wind was from the west all day. " * 12
    for number in range(21)
]


def test_pages_as_wet_come_back_as_documents(tmp_path: Path, run_stage: Callable[..., Manifest]) -> None:
    (file,) = write_wet(PAGES, tmp_path / "wet")
    name, ingest = chain_of([file], "no.model")[0]
    assert name == "ingest"
    assert isinstance(ingest, CommonCrawlIngest)
    manifest = run_stage(ingest)
    batches = list(read_documents(manifest.uris(DOCUMENTS), ["text", "url"]))
    texts = [text for batch in batches for text in batch.column("text").to_pylist()]
    urls = [url for batch in batches for url in batch.column("url").to_pylist()]
    assert texts == PAGES
    assert urls == [f"http://host{number // 20}.example/{number}" for number in range(21)]
