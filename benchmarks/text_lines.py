"""Pages with gold text in, the model that finds the main text of WET records out, and its word F1 on hosts that it never saw.

`python -m benchmarks.text_lines WCXB PAGES` prints, by type of page, the F1 of the pages' whole text as WET has it, and of
what models keep of it that were each fitted to the pages but those of a fifth of the hosts, beside resiliparse upon the
HTML; `--fit` fits the program's own model to all pages.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from cyclopts import App

from benchmarks.page_fit import fit_forest, line_weights, page_weight
from benchmarks.page_labels import LineLabels, label_lines
from benchmarks.page_model import older_pages, page_groups
from benchmarks.page_types import (
    FOLDS,
    TypedPage,
    extracted,
    ingested,
    mean_and_spread,
    peers,
    read_typed_pages,
)
from benchmarks.whole import write_wet
from stages.core.atomic import write_bytes
from stages.ingest.common_crawl.boilerplate.extract import page_of
from stages.ingest.common_crawl.boilerplate.text_features import CASE_FEATURES, TEXT_FEATURES, text_features
from stages.ingest.common_crawl.boilerplate.text_lines import main_lines, text_page
from stages.ingest.common_crawl.boilerplate.text_model import TEXT_MODEL_PATH, text_model_bytes
from stages.ingest.common_crawl.html import page_title, parse_web_page
from stages.kernels.page.columns import START, STOP, Page
from stages.kernels.trees import Forest

TREES, LEAVES, LEARNING_RATE = 60, 24, 0.15

_CASE = [at for at, name in enumerate(TEXT_FEATURES) if name.rstrip("+-123") in CASE_FEATURES]

app = App(
    name="text_lines", help="The model that finds the main text of WET: its fit, and F1 on unseen hosts."
)


class TextPage(NamedTuple):
    """A page to learn from: where it is from, its text as WET has it, its lines and which are content."""

    page: TypedPage
    text: str
    lines: Page
    labels: LineLabels

    @property
    def host(self) -> str:
        """Of its URL."""
        return urlsplit(self.page.url).hostname or ""


@app.default
def main(wcxb: Path, pages: Path, *, fit: bool = False) -> None:
    """Print the table, or fit the program's model anew.

    Parameters
    ----------
    wcxb
        folder of the WCXB benchmark: `pages-*.warc.gz` and `gold.jsonl.gz`
    pages
        folder of the older pages: `pages-*.warc.gz`, `gold.tsv` and the gold files
    fit
        fit the program's own model to all pages and write it
    """
    typed = read_typed_pages(wcxb)
    gold = [*typed, *older_pages(pages)]
    known = [text_page_of(page) for page in gold]
    if fit:
        write_bytes(str(TEXT_MODEL_PATH), text_model_bytes(fit_text_model(known)))
        print(f"{TEXT_MODEL_PATH.name}: fitted to {len(known)} pages")
        return
    whole = {page.page.url: page.text for page in known}
    texts = {
        "WET as it is": whole,
        "its lines judged": _held_out(known),
        "resiliparse, of HTML": extracted(gold, peers()["resiliparse"])[0],
    }
    print(f"| pages | number | {' | '.join(texts)} |")
    print("|---" * (2 + len(texts)) + "|")
    for name, members in page_groups(typed, gold):
        cells = [mean_and_spread(members, found) for found in texts.values()]
        print(f"| {name} | {len(members)} | {' | '.join(cells)} |")
    _print_speed(list(whole.values()))


def wet_text(html: str) -> str:
    """The text of a page as Common Crawl's WET has it: its title, and a line for each block of all that is visible."""
    tree = parse_web_page(html)
    page, _ = page_of(tree)
    data = page.text.tobytes()
    lines = [
        data[start:stop].decode("utf-8", "replace") for start, stop in page.lines[:, (START, STOP)].tolist()
    ]
    return "\n".join([page_title(tree), *(line.replace("\t\t", " ") for line in lines)])


def text_page_of(page: TypedPage) -> TextPage:
    """A page with gold text as a page to learn from."""
    text = wet_text(page.html)
    lines = text_page(text)
    data = lines.text.tobytes()
    spans = lines.lines[:, (START, STOP)].tolist()
    found = [data[start:stop].decode("utf-8", "replace") for start, stop in spans]
    return TextPage(page, text, lines, label_lines(found, page.gold))


def fit_text_model(pages: Sequence[TextPage]) -> Forest:
    """The forest fitted to `pages`; a host weighs by the root of its pages, a page the same whatever its length.

    Each line is shown a second time as if its script had no case: nearly all pages with gold text are English.
    """
    hosts = Counter(page.host for page in pages)
    rows: list[npt.NDArray[np.float32]] = []
    labels, weights = [], []
    for page in pages:
        counted = page.labels.counted
        rows.append(text_features(page.lines)[counted].astype(np.float32))
        labels.append(page.labels.content[counted])
        weight = page_weight(hosts[page.host], page.labels.found_share)
        weights.append(line_weights(page.lines, weight)[counted])
    features = np.concatenate(rows)
    caseless = features.copy()
    caseless[:, _CASE] = -1
    return fit_forest(
        np.concatenate([features, caseless]),
        np.tile(np.concatenate(labels), 2),
        np.tile(np.concatenate(weights), 2),
        trees=TREES,
        leaves=LEAVES,
        learning_rate=LEARNING_RATE,
    )


def _held_out(pages: Sequence[TextPage]) -> dict[str, str]:
    """The main text by URL, by a model that saw no page of its host."""
    texts = {}
    for fold in range(FOLDS):
        model = fit_text_model([page for page in pages if page.page.fold != fold])
        texts |= {
            page.page.url: main_lines(page.text, model).text for page in pages if page.page.fold == fold
        }
    return texts


def _print_speed(texts: Sequence[str]) -> None:
    """MB of WET text a second of one core of the whole stage, with and without the model, one after the other."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        files = write_wet(texts, Path(folder) / "wet")
        for judged in (False, True, False, True):
            documents, seconds = ingested(Path(files[0]).parent, remove_wet_boilerplate=judged)
            name = "its lines judged" if judged else "WET as it is"
            print(f"{name}: the whole stage gives {documents} documents, at {size / seconds:.1f} MB/s of WET")


if __name__ == "__main__":
    app()
