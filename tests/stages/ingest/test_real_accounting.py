"""Every raw record of the real dumps, counted by other means than our own readers, is a document or a ledger row."""

from __future__ import annotations

import bz2
import gzip
import re
import tarfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages.core.ledger import MERGE
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest, write_record
from stages.core.stage import AnyStage, make_manifest
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.books.stage import BooksIngest
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.stackexchange.threads import StackExchangeThreads
from stages.ingest.wikipedia.stage import WikipediaIngest

pytestmark = pytest.mark.real


def finish(stage: AnyStage, folder: Path, inputs: tuple[Manifest, ...] = ()) -> Manifest:
    folder.mkdir()
    tasks = stage.plan(inputs)
    reports = [stage.run(task.at(str(folder))) for task in tasks]
    for report in reports:
        report.check_conservation()
    manifest = make_manifest(stage.stage_name, stage, "f", inputs, tasks, reports, str(folder))
    write_record(str(folder / "manifest.json"), manifest)
    return manifest


def ends(*manifests: Manifest) -> Counter[str]:
    """How often each raw record's id ended: as a document of the last manifest, or in a ledger (dropped or merged)."""
    ids: Counter[str] = Counter()
    for uri in manifests[-1].uris(DOCUMENTS):
        ids.update(pq.read_table(uri, columns=["id"]).column("id").to_pylist())
    for manifest in manifests:
        for uri in manifest.uris(LEDGER):
            rows = pq.read_table(uri, columns=["id", "action"]).to_pylist()
            ids.update(row["id"] for row in rows if row["action"] in ("drop", MERGE))
    return ids


def test_c4_lines(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "c4").glob("*.json.gz"))
    lines = sum(len(gzip.decompress(path.read_bytes()).splitlines()) for path in files)
    found = ends(finish(C4Ingest(input=tuple(map(str, files))), tmp_path / "out"))
    assert (len(found), set(found.values())) == (lines, {1})


def test_wikipedia_pages(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "wikipedia").glob("*.xml.bz2"))
    pages = Counter({path.name: bz2.decompress(path.read_bytes()).count(b"<page>") for path in files})
    found = ends(finish(WikipediaIngest(input=(str(shared_data / "wikipedia/*.xml.bz2"),)), tmp_path / "out"))
    assert set(found.values()) == {1}
    assert Counter(name.split("/")[1] for name in found) == +pages


def test_stackexchange_posts(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "stackexchange").glob("*/Posts.xml"))
    rows = sum(len(re.findall(rb"<row\s", path.read_bytes())) for path in files)
    posts = finish(
        StackExchangeIngest(input=(str(shared_data / "stackexchange/*/Posts.xml"),)), tmp_path / "posts"
    )
    threads = finish(StackExchangeThreads(), tmp_path / "threads", (posts,))
    found = ends(posts, threads)
    assert (len(found), set(found.values())) == (rows, {1})


def test_github_files(shared_data: Path, tmp_path: Path) -> None:
    expected: Counter[str] = Counter()
    for path in sorted((shared_data / "github").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            expected[path.name] = sum(not member.isdir() for member in archive)
    found = ends(finish(GithubIngest(input=(str(shared_data / "github/*.tar.gz"),)), tmp_path / "out"))
    assert set(found.values()) == {1}
    assert Counter(name.split("/")[1] for name in found) == expected


@pytest.mark.parametrize(
    ("source", "pattern", "stage"), [("books", "**/*", BooksIngest), ("arxiv", "*", ArxivIngest)]
)
def test_a_book_or_paper_for_each_file(
    shared_data: Path, tmp_path: Path, source: str, pattern: str, stage: type[BooksIngest | ArxivIngest]
) -> None:
    files = [path for path in (shared_data / source).glob(pattern) if path.is_file()]
    found = ends(finish(stage(input=(str(shared_data / source / "**"),)), tmp_path / "out"))
    names = {name.removeprefix(f"{source}/") for name in found}
    expected = {str(path.relative_to(shared_data / source)) for path in files}
    assert expected <= names, "every raw file has an end under its own name"
    assert {name for name in names - expected if not any(name.startswith(f"{e}/") for e in expected)} == set()
    assert set(found.values()) == {1}


def test_common_crawl_records(shared_data: Path, tmp_path: Path) -> None:
    """Records of the whole files, by their headers; a damaged stretch has a row beside them, `@<offset>`."""
    pages = sorted((shared_data / "common_crawl/pages").glob("*.warc.gz"))
    whole = [*pages, *sorted((shared_data / "common_crawl/warc").glob("*.warc"))]
    expected: Counter[str] = Counter()
    for path in whole:
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        expected[path.name] = len(re.findall(rb"(?:^|\n)WARC/\d\.\d[ \t]*\r?\n", data))
    found = ends(finish(CommonCrawlIngest(input=tuple(map(str, whole))), tmp_path / "out"))
    assert set(found.values()) == {1}
    records = Counter(name.split("/")[1] for name in found if "/@" not in name)
    assert {name: records[name] for name in expected} == dict(expected)
