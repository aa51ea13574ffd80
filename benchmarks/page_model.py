"""Pages with gold text in, the model that finds the main text of pages out, and its word F1 on hosts that it never saw.

`python -m benchmarks.page_model WCXB PAGES` prints, for each type of page of WCXB and for the older pages, the F1 of models
that were each fitted to the pages of both corpora but those of a fifth of the hosts, beside other extractors on the same
pages; `--fit` fits the program's own model to all pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from cyclopts import App

from benchmarks.extraction import read_pages
from benchmarks.page_fit import FitPage, fit_model
from benchmarks.page_labels import labelled
from benchmarks.page_languages import gold_languages, language_groups
from benchmarks.page_types import (
    ALL,
    FOLDS,
    TypedPage,
    extracted,
    fold_of_host,
    half_of_host,
    ingested,
    mean_and_spread,
    peers,
    read_typed_pages,
)
from stages.core.atomic import write_bytes
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import MODEL_PATH, fitted_model, to_bytes
from stages.ingest.common_crawl.html import parse_web_page

OLDER = "older: "

Corpora = dict[str, tuple[Path, Sequence[TypedPage]]]
"""By name: the folder of WARC files, and its pages with gold text."""

app = App(
    name="page_model", help="The model that finds the main text of pages: its fit, and F1 on unseen hosts."
)


@app.default
def main(wcxb: Path, pages: Path, *, fit: bool = False, keep: Path | None = None) -> None:
    """Print the table, or fit the program's model anew.

    Parameters
    ----------
    wcxb
        folder of the WCXB benchmark: `pages-*.warc.gz` and `gold.jsonl.gz`
    pages
        folder of the older pages: `pages-*.warc.gz`, `gold.tsv` and the gold files
    fit
        fit the program's own model to all pages and write it
    keep
        file for the texts that each extractor found, for benchmarks.page_reading
    """
    typed = read_typed_pages(wcxb)
    gold = [*typed, *older_pages(pages)]
    kinds = {page.page_type for page in typed}
    learned = [
        labelled(page.url, page.html, page.gold, page.page_type if page.page_type in kinds else None)
        for page in gold
    ]
    if fit:
        write_bytes(str(MODEL_PATH), to_bytes(fit_model(learned)))
        print(f"{MODEL_PATH.name}: fitted to {len(learned)} pages")
        return
    corpora: Corpora = {"wcxb": (wcxb, typed), "older": (pages, gold[len(typed) :])}
    texts, rates = _held_out(gold, learned, corpora)
    if keep is not None:
        keep.write_bytes(orjson.dumps(texts))
    print(f"| pages | number | {' | '.join(texts)} |")
    print("|---" * (2 + len(texts)) + "|")
    for name, members in page_groups(typed, gold):
        cells = [mean_and_spread(members, found) for found in texts.values()]
        print(f"| {name} | {len(members)} | {' | '.join(cells)} |")
    for name, members in language_groups(gold, gold_languages(gold)):
        cells = [mean_and_spread(members, found) for found in texts.values()]
        print(f"| language: {name} | {len(members)} | {' | '.join(cells)} |")
    for name in corpora:
        print(f"| MB/s of HTML, {name} | | {' | '.join(f'{rate[name]:.1f}' for rate in rates.values())} |")
    for name, (folder, members) in corpora.items():
        documents, seconds = ingested(folder)
        size = sum(len(page.html.encode("utf-8", "replace")) for page in members) / 1e6
        print(
            f"\n{name}: the whole stage gives {documents} documents of it, at {size / seconds:.1f} MB/s of pages with gold"
        )


def older_pages(folder: Path) -> list[TypedPage]:
    """Pages of the older corpora, each corpus a type of its own."""
    found = []
    for page in read_pages(folder):
        host = urlsplit(page.url).hostname or ""
        kind = OLDER + page.corpus
        found.append(TypedPage(page.url, page.html, page.gold, kind, half_of_host(host), fold_of_host(host)))
    return found


def page_groups(
    typed: Sequence[TypedPage], gold: Sequence[TypedPage]
) -> Iterator[tuple[str, list[TypedPage]]]:
    """Pages by name of their row."""
    yield f"WCXB, {ALL}", list(typed)
    for half in ("develop", "final"):
        yield f"WCXB, half {half}", [page for page in typed if page.half == half]
    for kind in sorted({page.page_type for page in gold}):
        yield kind, [page for page in gold if page.page_type == kind]


def _held_out(
    gold: Sequence[TypedPage], learned: Sequence[FitPage], corpora: Corpora
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, float]]]:
    """By extractor: the text by URL, ours by a model that saw no page of its host; and MB/s by corpus."""
    ours: dict[str, str] = {}
    for fold in range(FOLDS):
        model = fit_model([known for page, known in zip(gold, learned, strict=True) if page.fold != fold])
        for page in gold:
            if page.fold == fold:
                ours[page.url] = main_text(parse_web_page(page.html), page.url, model).text
    texts, rates = {"ours": ours}, {}
    shipped = fitted_model()
    rates["ours"] = {
        name: extracted(pages, lambda page: main_text(parse_web_page(page.html), page.url, shipped).text)[1]
        for name, (_, pages) in corpora.items()
    }
    for peer, extract in peers().items():
        found = {name: extracted(pages, extract) for name, (_, pages) in corpora.items()}
        texts[peer] = {url: text for part, _ in found.values() for url, text in part.items()}
        rates[peer] = {name: rate for name, (_, rate) in found.items()}
    return texts, rates


if __name__ == "__main__":
    app()
