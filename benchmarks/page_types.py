"""Pages of seven types with gold text in, word F1 and MB/s of main-text extractors by type of page out.

`python -m benchmarks.page_types --data FOLDER --half develop|final|all` prints the table of the WCXB benchmark's pages.
F1 is WCXB's: multisets of lower-case words of a page, and the mean over pages. The forest that the program carries was
fitted to none of these pages; whoever mends the extractor reads pages of the half `develop` alone. Behind ± stands the
standard deviation of the means of five folds. Halves and folds share no host.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

from cyclopts import App
from resiliparse.extract.html2text import extract_plain_text

from benchmarks.extraction import read_html
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_forest
from stages.ingest.common_crawl.html import parse_html, parse_web_page
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.raw import RawDocument, RawFile

FOLDS = 5
ALL = "all, as they come"
_WORDS = re.compile(r"\w+").findall

app = App(
    name="page_types", help="Main text of seven types of pages: word F1 and speed beside other extractors."
)


@dataclass(frozen=True)
class TypedPage:
    """A page, its type, its whole main text, and where its host falls."""

    url: str
    html: str
    gold: str
    page_type: str
    half: str
    fold: int


@app.default
def main(data: Path, *, half: Literal["develop", "final", "all"] = "all") -> None:
    """Print the table.

    Parameters
    ----------
    data
        folder with `pages-*.warc.gz` and `gold.jsonl.gz`
    half
        pages of which half of the hosts
    """
    pages = [page for page in read_typed_pages(data) if half in (page.half, "all")]
    columns = {name: (texts, rate) for name, texts, rate in results(data, pages)}
    print(f"| type | pages | {' | '.join(columns)} |")
    print("|---" * (2 + len(columns)) + "|")
    for kind in (ALL, *sorted({page.page_type for page in pages})):
        members = [page for page in pages if kind in (ALL, page.page_type)]
        cells = [mean_and_spread(members, texts) for texts, _ in columns.values()]
        print(f"| {kind} | {len(members)} | {' | '.join(cells)} |")
    lost = [sum(not texts.get(page.url) for page in pages) for texts, _ in columns.values()]
    print(f"| pages without text | {len(pages)} | {' | '.join(map(str, lost))} |")
    print(f"| MB/s of HTML | | {' | '.join(rate for _, rate in columns.values())} |")


def results(data: Path, pages: Sequence[TypedPage]) -> Iterator[tuple[str, dict[str, str], str]]:
    """(name, text by URL, MB/s) of each extractor alone, and of the whole ingest, which drops pages."""
    forest = fitted_forest()
    extractors: dict[str, Callable[[str], str]] = {
        "resiliparse": lambda html: extract_plain_text(parse_html(html), main_content=True, alt_texts=False),
        "ours": lambda html: main_text(parse_web_page(html), forest).text,
    }
    try:
        import trafilatura
    except ImportError:
        print("trafilatura is not installed: its column is missing (pip install '.[bench]')\n")
    else:
        extractors["trafilatura"] = lambda html: trafilatura.extract(html, include_comments=False) or ""
    megabytes = sum(len(page.html.encode("utf-8", "replace")) for page in pages) / 1e6
    for name, extract in extractors.items():
        for page in pages[:3]:
            extract(page.html)
        start = time.process_time()
        texts = {page.url: extract(page.html) for page in pages}
        yield name, texts, f"{megabytes / (time.process_time() - start):.1f}"
    yield "the whole command", ingested_texts(data), ""


def ingested_texts(data: Path) -> dict[str, str]:
    """The text by URL of every page that the ingest with its defaults does not drop."""
    texts = {}
    for path in sorted(data.glob("*.warc.gz")):
        stage = CommonCrawlIngest(input=(str(path),))
        for record in stage.read(RawFile(str(path), path.name, path.stat().st_size)):
            if isinstance(record, RawDocument) and record.url:
                texts[record.url] = record.text
    return texts


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


if __name__ == "__main__":
    app()
