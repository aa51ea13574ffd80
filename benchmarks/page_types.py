"""Pages of seven types with gold text in, word F1 and MB/s of the main text that others' extractors find out.

F1 is that of the WCXB benchmark: multisets of lower-case words of a page, and the mean over pages. Behind ± stands the
standard deviation of the means of five folds, which share no host; nor do the halves `develop`, whose pages whoever mends
the extractor may read, and `final`. `benchmarks/page_model.py` prints the table.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from resiliparse.extract.html2text import extract_plain_text

from benchmarks.extraction import read_html
from stages.ingest.common_crawl.html import parse_html
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.raw import RawDocument, RawFile

FOLDS = 5
ALL = "all, as they come"
_WORDS = re.compile(r"\w+").findall


@dataclass(frozen=True)
class TypedPage:
    """A page, its type, its whole main text, and where its host falls."""

    url: str
    html: str
    gold: str
    page_type: str
    half: str
    fold: int


def peers() -> dict[str, Callable[[TypedPage], str]]:
    """Extractors of others by name; trafilatura only where it is installed."""
    extractors: dict[str, Callable[[TypedPage], str]] = {
        "resiliparse": lambda page: extract_plain_text(
            parse_html(page.html), main_content=True, alt_texts=False
        )
    }
    try:
        import trafilatura
    except ImportError:
        print("trafilatura is not installed: its column is missing (pip install '.[bench]')\n")
    else:
        extractors["trafilatura"] = lambda page: trafilatura.extract(page.html, include_comments=False) or ""
    return extractors


def extracted(
    pages: Sequence[TypedPage], extract: Callable[[TypedPage], str]
) -> tuple[dict[str, str], float]:
    """The text of each page by URL, and the MB of HTML per second of one core."""
    for page in pages[:3]:
        extract(page)
    start = time.process_time()
    texts = {page.url: extract(page) for page in pages}
    seconds = time.process_time() - start
    return texts, sum(len(page.html.encode("utf-8", "replace")) for page in pages) / 1e6 / seconds


def ingested(folder: Path, **options: Any) -> tuple[int, float]:
    """(documents, seconds of one core) of the ingest of WARC and WET files of `folder`, with its defaults but `options`."""
    documents, start = 0, time.process_time()
    for path in sorted(folder.glob("*.warc*.gz")):
        stage = CommonCrawlIngest(input=(str(path),), **options)
        for record in stage.read(RawFile(str(path), path.name, path.stat().st_size)):
            documents += isinstance(record, RawDocument)
    return documents, time.process_time() - start


def read_typed_pages(folder: Path) -> list[TypedPage]:
    """The pages of `folder` in the order of gold.jsonl.gz."""
    htmls = read_html(folder)
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        TypedPage(
            url=row["url"],
            html=htmls[row["url"]],
            gold=row["text"],
            page_type=row["page_type"],
            half=half_of_host(row["host"]),
            fold=fold_of_host(row["host"]),
        )
        for row in rows
    ]


def half_of_host(host: str) -> str:
    """`develop` or `final`, by the host's SHA-1."""
    return ("develop", "final")[hashlib.sha1(host.encode()).digest()[0] & 1]


def fold_of_host(host: str) -> int:
    """One of FOLDS folds, by another byte of the host's SHA-1."""
    return hashlib.sha1(host.encode()).digest()[1] % FOLDS


def word_f1(gold: str, text: str) -> float:
    """F1 of the multisets of lower-case words; 1 where there is nothing to find and nothing was found."""
    wanted, found = Counter(_WORDS(gold.lower())), Counter(_WORDS(text.lower()))
    total = wanted.total() + found.total()
    return 2 * (wanted & found).total() / total if total else 1.0


def mean_and_spread(pages: Sequence[TypedPage], texts: dict[str, str]) -> str:
    """The mean F1 of pages, one that `texts` lacks counting 0; ± the standard deviation of the folds' means."""
    scores = [word_f1(page.gold, texts[page.url]) if page.url in texts else 0.0 for page in pages]
    folds: dict[int, list[float]] = {}
    for page, score in zip(pages, scores, strict=True):
        folds.setdefault(page.fold, []).append(score)
    spread = f" ± {stdev(map(fmean, folds.values())):.3f}" if len(folds) > 1 else ""
    return f"{fmean(scores):.3f}{spread}"
