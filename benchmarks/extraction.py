"""Pages with gold text in, F1 and MB/s of main-text extractors out.

`python -m benchmarks.extraction --data FOLDER` prints the table. Every page is judged by a model that was fitted to the
other half of these pages alone; the halves share no host.

F1 is that of the article extraction benchmark (scrapinghub, 2020): multisets of four-word shingles, where the hits, the
words too many and the words missing of a page are shares of their sum, so that every page weighs the same.
"""

from __future__ import annotations

import csv
import html
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cyclopts import App
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.html import decode_page, parse_web_page
from stages.ingest.common_crawl.http import decoded_body, parse_response
from stages.ingest.common_crawl.members import read_members
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.raw import RawFile

MAX_PAGE_BYTES = 32 << 20
SHINGLE_WORDS = 4
_WORDS = re.compile(r"\w+").findall
_CLEANEVAL_TAG = re.compile(r"<[hpl]>", re.IGNORECASE)

app = App(name="extraction", help="Main text of web pages: F1 and speed beside other extractors.")


@dataclass(frozen=True)
class GoldPage:
    """A page, its text as people marked it, and the half (0 or 1) that its host belongs to."""

    url: str
    corpus: str
    html: str
    gold: str
    half: int


@dataclass(frozen=True)
class Score:
    """Shares of hits, of words too many and of words missing, summed over pages."""

    hits: float
    extra: float
    missing: float

    @property
    def precision(self) -> float:
        """Share of the extracted shingles that the gold has."""
        return self.hits / (self.hits + self.extra)

    @property
    def recall(self) -> float:
        """Share of the gold's shingles that were extracted."""
        return self.hits / (self.hits + self.missing)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@app.default
def main(data: Path) -> None:
    """Print the table.

    Parameters
    ----------
    data
        folder with `pages-*.warc.gz`, `gold.tsv` and the gold files
    """
    pages = read_pages(data)
    print("| extractor | pages | precision | recall | F1 | MB/s of HTML |")
    print("|---|---|---|---|---|---|")
    for name, texts, rate in results(pages):
        groups = {"all": pages} | {
            corpus: [page for page in pages if page.corpus == corpus]
            for corpus in sorted({page.corpus for page in pages})
        }
        for group, members in groups.items():
            score = score_pages([(page.gold, texts[page.url]) for page in members])
            cells = (f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}")
            print(
                f"| {name}, {group} | {len(members)} | {' | '.join(cells)} | {rate if group == 'all' else ''} |"
            )


def results(pages: Sequence[GoldPage]) -> Iterator[tuple[str, dict[str, str], str]]:
    """(name, text by URL, MB/s) of each extractor; ours by the model that is fitted to the other half."""
    from benchmarks.page_fit import fit_model
    from benchmarks.page_labels import labelled

    learned = [labelled(page.url, page.html, page.gold, None) for page in pages]
    halves = [
        [known for page, known in zip(pages, learned, strict=True) if page.half != half] for half in (0, 1)
    ]
    models = [fit_model(half) for half in halves]

    def ours(page: GoldPage) -> str:
        return main_text(parse_web_page(page.html), page.url, models[page.half]).text

    def plain(page: GoldPage) -> str:
        return extract_plain_text(HTMLTree.parse(page.html), main_content=True, alt_texts=False)

    extractors: dict[str, Callable[[GoldPage], str]] = {
        "resiliparse": plain,
        "ours": ours,
    }
    try:
        import trafilatura
    except ImportError:
        print("trafilatura is not installed: its rows are missing (pip install '.[bench]')\n")
    else:
        extractors["trafilatura"] = lambda page: trafilatura.extract(page.html, include_comments=False) or ""
        extractors["trafilatura, fast"] = lambda page: (
            trafilatura.extract(page.html, include_comments=False, fast=True) or ""
        )
    megabytes = sum(len(page.html.encode()) for page in pages) / 1e6
    for name, extract in extractors.items():
        for page in pages[:3]:
            extract(page)
        start = time.process_time()
        texts = {page.url: extract(page) for page in pages}
        yield name, texts, f"{megabytes / (time.process_time() - start):.1f}"


def read_html(folder: Path) -> dict[str, str]:
    """The HTML of every response in the WARC files of `folder`, by URL, as the ingest decodes it."""
    texts = {}
    for path in sorted(folder.glob("*.warc.gz")):
        raw = RawFile(str(path), path.name, path.stat().st_size)
        for record in read_records(read_members(raw), plain=False, max_record_bytes=MAX_PAGE_BYTES):
            if isinstance(record, ArchiveRecord) and record.kind == "response" and record.url:
                response = parse_response(record.block)
                if response is not None:
                    body = decoded_body(response, MAX_PAGE_BYTES)
                    texts[record.url] = decode_page(body, response.charset).text
    return texts


def read_pages(folder: Path) -> list[GoldPage]:
    """The pages of `folder` that have a gold text, in the order of gold.tsv."""
    texts = read_html(folder)
    with (folder / "gold.tsv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["url"] in texts]
    rows = [row for row in rows if row["kind"] in ("text:cleaneval", "html:readability")]
    halves = halves_by_host([(row["url"], row["corpus"]) for row in rows])
    return [
        GoldPage(
            url=row["url"],
            corpus=row["corpus"],
            html=texts[row["url"]],
            gold=gold_text((folder / row["gold"]).read_text("utf-8", "replace"), row["kind"]),
            half=halves[urlsplit(row["url"]).hostname or ""],
        )
        for row in rows
    ]


def gold_text(content: str, kind: str) -> str:
    """The text of a gold file: CleanEval's marked lines without their first, the URL; or the expected HTML's text."""
    if kind == "text:cleaneval":
        lines = content.partition("\n")[2] if content.startswith("URL") else content
        return html.unescape(_CLEANEVAL_TAG.sub(" ", lines))
    tree = HTMLTree.parse(content)
    return extract_plain_text(tree, main_content=False, alt_texts=False, list_bullets=False)


def halves_by_host(pages: Sequence[tuple[str, str]]) -> dict[str, int]:
    """A half for each host of (URL, corpus) pairs: the largest hosts first, each to the half with fewer such pages."""
    counts: Counter[str] = Counter()
    corpora: dict[str, str] = {}
    for url, corpus in pages:
        host = urlsplit(url).hostname or ""
        counts[host] += 1
        corpora.setdefault(host, corpus)
    filled: Counter[tuple[str, int]] = Counter()
    halves = {}
    for host in sorted(counts, key=lambda host: (-counts[host], host)):
        corpus = corpora[host]
        halves[host] = 0 if filled[corpus, 0] <= filled[corpus, 1] else 1
        filled[corpus, halves[host]] += counts[host]
    return halves


def score_pages(pairs: Sequence[tuple[str, str]]) -> Score:
    """The score of (gold, extracted) texts."""
    hits = extra = missing = 0.0
    for gold, text in pairs:
        wanted, found = _shingles(gold), _shingles(text)
        same = sum((wanted & found).values())
        total = sum(wanted.values()) + sum(found.values()) - same
        if total:
            hits += same / total
            extra += (sum(found.values()) - same) / total
            missing += (sum(wanted.values()) - same) / total
    return Score(hits, extra, missing)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORDS(text)
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return Counter(tuple(words[i : i + SHINGLE_WORDS]) for i in range(last) if words)


if __name__ == "__main__":
    app()
