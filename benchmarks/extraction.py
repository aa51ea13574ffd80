"""Pages with gold text in, F1 and MB/s of main-text extractors out; and the fit of the boilerplate forest.

`python -m benchmarks.extraction --data FOLDER` prints the table. Every page is judged by a forest that was fitted to the
other half of the pages; the halves share no host. `--fit` fits the forest that the program carries to all pages.

F1 is that of the article extraction benchmark (scrapinghub, 2020): multisets of four-word shingles, where the hits, the
words too many and the words missing of a page are shares of their sum, so that every page weighs the same.
"""

from __future__ import annotations

import csv
import difflib
import html
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from cyclopts import App
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.core.atomic import write_bytes
from stages.ingest.common_crawl.boilerplate.extract import (
    MIN_CONTENT_PROBABILITY,
    PageLines,
    main_text,
    page_lines,
)
from stages.ingest.common_crawl.boilerplate.model import MODEL_PATH, to_json
from stages.ingest.common_crawl.html import decode_page
from stages.ingest.common_crawl.http import decoded_body, parse_response
from stages.ingest.common_crawl.members import read_members
from stages.ingest.common_crawl.records import ArchiveRecord, read_records
from stages.ingest.raw import RawFile
from stages.kernels.trees import LEAF, Forest

MAX_PAGE_BYTES = 32 << 20
SHINGLE_WORDS = 4
TREES, LEAVES, LEARNING_RATE, MIN_LEAF_LINES, L2, FEATURE_SHARE = 120, 8, 0.06, 20, 5.0, 0.3
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
def main(data: Path, *, fit: bool = False) -> None:
    """Print the table, or fit the forest anew.

    Parameters
    ----------
    data
        folder with `pages-*.warc.gz`, `gold.tsv` and the gold files
    fit
        fit the program's own forest to all pages and write it
    """
    pages = read_pages(data)
    if fit:
        write_bytes(str(MODEL_PATH), to_json(fit_forest(pages)))
        print(f"{MODEL_PATH.name}: fitted to {len(pages)} pages")
        return
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
    """(name, text by URL, MB/s) of each extractor; the boilerplate pass by the other half's forest."""
    forests = [fit_forest([page for page in pages if page.half != half]) for half in (0, 1)]

    def ours(page: GoldPage) -> str:
        return main_text(HTMLTree.parse(page.html), forests[page.half], MIN_CONTENT_PROBABILITY).text

    def plain(page: GoldPage) -> str:
        return extract_plain_text(HTMLTree.parse(page.html), main_content=True, alt_texts=False)

    extractors: dict[str, Callable[[GoldPage], str]] = {
        "resiliparse": plain,
        "resiliparse and our pass": ours,
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


def line_labels(page: PageLines, gold: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(words that stand in the gold text too, words) of each line, by the longest common blocks of words."""
    data, starts, stops = page.lines.text.tobytes(), page.lines.rows[:, 0], page.lines.rows[:, 1]
    words = [
        _WORDS(data[start:stop].decode("utf-8", "replace")) for start, stop in zip(starts, stops, strict=True)
    ]
    owner = np.repeat(np.arange(len(words)), [len(line) for line in words])
    flat = [word for line in words for word in line]
    matcher = difflib.SequenceMatcher(None, flat, _WORDS(gold), autojunk=False)
    found = np.zeros(len(words), np.int64)
    for at, _, size in matcher.get_matching_blocks():
        np.add.at(found, owner[at : at + size], 1)
    return found, np.bincount(owner, minlength=len(words)).astype(np.int64)


def fit_forest(pages: Sequence[GoldPage]) -> Forest:
    """A forest fitted to the lines of `pages`: content is a line with half of its words in the gold text.

    A page weighs the same whatever its length, and a host by the square root of its pages.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    hosts = Counter(urlsplit(page.url).hostname for page in pages)
    features, labels, weights = [], [], []
    for page in pages:
        lines = page_lines(HTMLTree.parse(page.html))
        found, words = line_labels(lines, page.gold)
        counted = words > 0
        features.append(lines.features[counted])
        labels.append(2 * found[counted] >= words[counted])
        mass = words[counted] ** 0.75
        weights.append(mass / max(1.0, mass.sum()) * 60 / hosts[urlsplit(page.url).hostname] ** 0.5)
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=MIN_LEAF_LINES,
        l2_regularization=L2,
        max_features=FEATURE_SHARE,
        early_stopping=False,
        random_state=0,
    )
    model.fit(np.concatenate(features), np.concatenate(labels), np.concatenate(weights))
    return _forest_of(model)


def _forest_of(model: object) -> Forest:
    """The trees of a fitted scikit-learn model as arrays; thresholds and values to nine digits."""
    predictors = [trees[0].nodes for trees in model._predictors]  # type: ignore[attr-defined]
    roots = np.cumsum([0, *(len(nodes) for nodes in predictors)])[:-1].astype(np.int64)
    nodes = np.concatenate(predictors)
    shift = np.repeat(roots, [len(tree) for tree in predictors])
    leaf = nodes["is_leaf"].astype(bool)

    def inner(column: npt.NDArray[np.generic], otherwise: float) -> npt.NDArray[np.float64]:
        return np.where(leaf, otherwise, column)

    return Forest(
        bias=float(_rounded(np.ravel(model._baseline_prediction))[0]),  # type: ignore[attr-defined]
        roots=roots,
        feature=inner(nodes["feature_idx"], LEAF).astype(np.int64),
        threshold=_rounded(inner(nodes["num_threshold"], 0.0)),
        left=inner(nodes["left"] + shift, 0).astype(np.int64),
        right=inner(nodes["right"] + shift, 0).astype(np.int64),
        value=_rounded(np.where(leaf, nodes["value"], 0.0)),
    )


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.array([float(f"{value:.9g}") for value in values])


if __name__ == "__main__":
    app()
