"""Pages drawn by chance in, every line of each marked as kept or dropped out, beside its HTML: for people's eyes.

`python -m benchmarks.page_reading WCXB PAGES WARC OUT` draws pages of each of WCXB's types out of fold 0 of the half
`develop`, older pages of that fold, and pages of WARC files without gold, and judges all by a model that saw no host of
the fold. OUT gets `NNN.txt`, the lines (`+` kept, `-` dropped) and the text that is made of them, and `NNN.html`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cyclopts import App

from benchmarks.extraction import read_html
from benchmarks.page_fit import fit_model
from benchmarks.page_labels import labelled
from benchmarks.page_model import OLDER, older_pages
from benchmarks.page_types import TypedPage, read_typed_pages
from stages.ingest.common_crawl.boilerplate.extract import judged_page, keep_lines, main_text
from stages.ingest.common_crawl.boilerplate.model import PageModel, from_bytes, to_bytes
from stages.ingest.common_crawl.html import parse_web_page
from stages.kernels.page.columns import START, STOP

SEED, FOLD, PAGES_OF_TYPE, PAGES_OF_OTHERS = 14, 0, 4, 6

app = App(name="page_reading", help="Pages drawn by chance, their lines marked as kept or dropped.")


class DrawnPage(NamedTuple):
    """A page for reading, and where it is from: a type of WCXB's, an older corpus, WARC."""

    url: str
    html: str
    origin: str


@app.default
def main(wcxb: Path, pages: Path, warc: Path, out: Path, *, model: Path | None = None) -> None:
    """Write the drawn pages.

    Parameters
    ----------
    wcxb
        folder of the WCXB benchmark: `pages-*.warc.gz` and `gold.jsonl.gz`
    pages
        folder of the older pages: `pages-*.warc.gz`, `gold.tsv` and the gold files
    warc
        folder of WARC files, `*.warc.gz`
    out
        folder for the files
    model
        file of the model that saw no host of the fold: fitted and written there when it is not there
    """
    typed = read_typed_pages(wcxb)
    gold = [*typed, *older_pages(pages)]
    judge = _held_out_model(gold, {page.page_type for page in typed}, model)
    out.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(draw(gold, read_html(warc))):
        (out / f"{number:03d}.html").write_text(page.html, "utf-8", "replace")
        (out / f"{number:03d}.txt").write_text(marked(page, judge), "utf-8", "replace")
        print(f"{number:03d} {page.origin} {page.url}")


def draw(gold: Sequence[TypedPage], others: dict[str, str]) -> list[DrawnPage]:
    """PAGES_OF_TYPE pages of each type, PAGES_OF_OTHERS older ones and of `others`, by SEED."""
    chance = random.Random(SEED)
    held_out = [page for page in gold if page.fold == FOLD]
    groups: dict[str, list[DrawnPage]] = {}
    for page in held_out:
        if page.page_type.startswith(OLDER):
            groups.setdefault(OLDER, []).append(DrawnPage(page.url, page.html, page.page_type))
        elif page.half == "develop":
            groups.setdefault(page.page_type, []).append(DrawnPage(page.url, page.html, page.page_type))
    groups["warc"] = [DrawnPage(url, html, "WARC") for url, html in others.items() if "<body" in html.lower()]
    drawn: list[DrawnPage] = []
    for name in sorted(groups):
        members = sorted(groups[name])
        size = PAGES_OF_OTHERS if name in (OLDER, "warc") else PAGES_OF_TYPE
        drawn += chance.sample(members, min(size, len(members)))
    return drawn


def marked(page: DrawnPage, model: PageModel) -> str:
    """A page's address, all its lines with `+` or `-`, and its main text."""
    tree = parse_web_page(page.html)
    judged = judged_page(tree, page.url, model)
    keep = keep_lines(judged, model, None)
    data = judged.page.text.tobytes()
    spans = judged.page.lines[:, (START, STOP)].tolist()
    lines = [
        f"{'+' if kept else '-'} {data[start:stop].decode('utf-8', 'replace')}"
        for (start, stop), kept in zip(spans, keep, strict=True)
    ]
    text = main_text(tree, page.url, model).text
    return "\n".join([f"{page.origin} {page.url}", f"title: {tree.title}", *lines, "", "=" * 72, text, ""])


def _held_out_model(gold: Sequence[TypedPage], kinds: set[str], file: Path | None) -> PageModel:
    if file is not None and file.exists():
        return from_bytes(file.read_bytes())
    model = fit_model(
        [
            labelled(page.url, page.html, page.gold, page.page_type if page.page_type in kinds else None)
            for page in gold
            if page.fold != FOLD
        ]
    )
    if file is not None:
        file.write_bytes(to_bytes(model))
    return model


if __name__ == "__main__":
    app()
