"""Small inputs of every format, each with the stage that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quality_classifier.references import ReferenceUrls
from stages.core.stage import AnyStage
from stages.dedup.decontaminate.grams import BenchmarkGrams
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.books.stage import BooksIngest
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl import url_filter
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.common_crawl.url_filter import UrlFilter
from stages.ingest.dataset.stage import DatasetIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.ingest.wikipedia.stage import WikipediaIngest
from tests.stages.ingest.fault_files import archives, checkouts
from tests.stages.ingest.fault_tables import saved_files

RANGE_BYTES = 1500
APART = ("tables/nested.parquet", "saved/dataset_dict.json")
"""What is read by a process of its own, beside `*.arrow`: each run takes a second."""

SPLIT = ("wiki/srwiki-a.xml", "wiki/srwiki-streams.xml.bz2", "wiki/srwiki-damaged.xml.bz2")


def stage_of(name: str, folder: Path) -> AnyStage:
    """The stage that reads the input of this name, as it lies in `folder`."""
    room, path = name.partition("/")[0], str(folder / name)
    ranges = {"task_bytes": RANGE_BYTES} if name in SPLIT or room == "posts" else {}
    if room == "crawl":
        url_filter._matcher.cache_clear()  # each run reads its lists
        lists = UrlFilter(hosts=(str(folder / "lists/domains"),), words=(str(folder / "lists/words"),))
        return CommonCrawlIngest(input=(path,), min_chars=5, url_filter=lists)
    if room == "cites":
        path = str(folder / "wiki" / name.partition("/")[2])
        return ReferenceUrls(input=(path,), task_bytes=RANGE_BYTES)
    if room == "bench":
        return BenchmarkGrams(benchmarks=(path,))
    if room == "r":
        return GithubIngest(input=(str(folder / "r"),))
    if room == "saved":
        return DatasetIngest(input=(str(folder / "saved"),), split="all")
    stages: dict[str, Callable[..., AnyStage]] = {
        "c4": C4Ingest,
        "code": GithubIngest,
        "wiki": WikipediaIngest,
        "posts": StackExchangeIngest,
        "packed": StackExchangeIngest,
        "archives": StackExchangeIngest,
        "papers": ArxivIngest,
        "bulk": ArxivIngest,
        "books": BooksIngest,
        "tables": DatasetIngest,
    }
    return stages[room](input=(path,), **ranges)


def names() -> list[str]:
    """The inputs: every file, the folder of checkouts, and dumps whose citations are read."""
    own = [name for name in archives() if not name.startswith("lists/")]
    return [
        *own,
        "r/checkouts",
        "saved/dataset_dict.json",
        "cites/srwiki-streams.xml.bz2",
        "cites/srwiki-a.xml.gz",
    ]


def is_apart(name: str) -> bool:
    """Whether an input is read by a process of its own."""
    return name in APART or name.endswith(".arrow")


def write_all(folder: Path) -> None:
    """Write every input."""
    for name, data in {**archives(), **checkouts(), **saved_files()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
