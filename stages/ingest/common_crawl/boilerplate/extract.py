"""A page's DOM in, its main text out: the lines that a model of the page, learned from pages marked by people, takes for it.

The parser writes its tree out as HTML, of which a kernel makes lines and elements. A forest of trees judges each line by its
shape and its neighbours' (Kohlschuetter et al. 2010), by the names, sizes and siblings of the elements around it and by the
kind of the page; of the probabilities follows which lines together have the greatest expected F1 (Nan et al. 2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.copies import copied_lines
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.ingest.common_crawl.boilerplate.frames import framed_lines
from stages.ingest.common_crawl.boilerplate.model import PageModel
from stages.ingest.common_crawl.boilerplate.names import kind_probabilities, name_places, node_scores
from stages.ingest.common_crawl.boilerplate.page_words import page_words
from stages.ingest.common_crawl.boilerplate.wholes import judge_whole
from stages.ingest.common_crawl.linked_data import linked_data_text
from stages.ingest.work import TooMuchWorkError
from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import (
    NAME,
    NODE,
    START,
    STOP,
    Page,
)
from stages.kernels.page.read import read_page
from stages.kernels.page.render import render_lines
from stages.kernels.trees import probabilities

FEW_CHARS, MIN_LINKED_RATIO = 300, 2
"""JSON-LD is asked when the DOM gives less than CCNet's shortest document, and taken when it has twice as much."""

MAX_LINES = 100_000
"""A line takes two kilobytes of features; the longest of 2,088 real pages has 15,000."""

MIN_HEAD_PROBABILITY = 0.1
"""Of a heading or a term of a list of definitions that stays with the text it heads."""

_CHARS, _HEADING_LEVEL, _IN_TITLE = (
    OWN_FEATURES.index(name) for name in ("chars", "heading_level", "in_title")
)
_TERM = name_hash("dt")


@dataclass(frozen=True)
class MainText:
    """The text of a page, how many characters of lines were left out, and how many the page holds in all."""

    text: str
    cut_chars: int
    page_chars: int


@dataclass(frozen=True)
class JudgedPage:
    """The lines of a page, FEATURES for each, shape (lines, features), float64."""

    page: Page
    features: npt.NDArray[np.float64]

    @property
    def chars(self) -> npt.NDArray[np.float64]:
        """How much text each line is, in letters (one of Chinese is several), shape (lines,)."""
        return self.features[:, _CHARS]


def page_of(tree: HTMLTree) -> tuple[Page, str]:
    """The lines and elements of a page, and the HTML that its parser writes; a TooMuchWorkError beyond MAX_LINES."""
    html = tree.document.html if tree.document is not None else ""
    page = read_page(html)
    if len(page.lines) > MAX_LINES:
        raise TooMuchWorkError("lines", len(page.lines), MAX_LINES)
    return page, html


def judged_page(tree: HTMLTree, url: str | None, model: PageModel) -> JudgedPage:
    """The lines of a page with their features."""
    page, html = page_of(tree)
    places = name_places(page, model)
    words = [model.words[word] for word in page_words(url, html) if word in model.words]
    kinds = kind_probabilities(places, words, model)
    scores = node_scores(page, places, kinds, model)
    return JudgedPage(page, line_features(page, tree.title or "", scores, kinds))


def keep_lines(page: JudgedPage, model: PageModel, min_probability: float | None) -> npt.NDArray[np.bool_]:
    """Which lines are content: those that have the greatest expected F1, or those of at least `min_probability`.

    The heading that is the page's title, the longest that stands in it or else the first of level 1 (a site's name may be
    one too), is content whatever its probability: the model learned from gold texts of which many leave the title to the
    metadata.
    """
    likely = probabilities(model.forest, page.features)
    judge_whole(page.page, page.features, likely)
    likely[framed_lines(page.page, page.features)] = 0
    keep = best_lines(likely, page.chars) if min_probability is None else likely >= min_probability
    level = page.features[:, _HEADING_LEVEL]
    titles = np.flatnonzero((level > 0) & (page.features[:, _IN_TITLE] > 0))
    if len(titles):
        keep[titles[page.chars[titles].argmax()]] = True
    else:
        keep[np.flatnonzero(level == 1)[:1]] = True
    heads = (level > 0) | (page.page.nodes[page.page.lines[:, NODE], NAME] == _TERM)
    _keep_heads(heads & (likely >= MIN_HEAD_PROBABILITY), keep)
    return keep & ~copied_lines(page.page, keep)


@kernel
def _keep_heads(heads, keep):  # type: ignore[no-untyped-def]
    """Keep headings and terms between two kept lines, when what follows them is kept: the text would miss its parts."""
    first, follows = 0, False
    while first < len(keep) and not keep[first]:
        first += 1
    for line in range(len(keep) - 1, first, -1):
        if heads[line] and follows:
            keep[line] = True
        follows = keep[line]


@kernel
def best_lines(likely, chars):  # type: ignore[no-untyped-def]
    """Which lines to keep for the greatest expected F1 by characters, given each line's probability; some at least.

    Those are the likeliest lines down to one: F1 of the first k is 2 E[hits] / (chars kept + E[chars of content]).
    """
    keep = np.zeros(len(likely), np.bool_)
    order = np.argsort(-likely, kind="mergesort")
    wanted, hits, kept, best, count = (likely * chars).sum(), 0.0, 0.0, -1.0, 0
    for place in range(len(order)):
        line = order[place]
        hits += likely[line] * chars[line]
        kept += chars[line]
        score = 2 * hits / max(1e-9, kept + wanted)
        if score > best:
            best, count = score, place + 1
    keep[order[:count]] = True
    return keep


def main_text(
    tree: HTMLTree, url: str | None, model: PageModel, min_probability: float | None = None
) -> MainText:
    """The main text of a page: its content lines, a blank line where blocks are set off, marks before items of lists.

    The texts of its JSON-LD where it has few of its own.
    """
    page = judged_page(tree, url, model)
    keep = keep_lines(page, model, min_probability)
    text = render_lines(page.page, keep)
    if len(text) < FEW_CHARS:
        linked = linked_data_text(tree)
        text = linked if len(linked) > MIN_LINKED_RATIO * len(text) else text
    chars = _line_chars(page.page)
    return MainText(text, int(chars[~keep].sum()), int(chars.sum()))


def _line_chars(page: Page) -> npt.NDArray[np.int64]:
    """Characters of each line, shape (lines,)."""
    before = np.concatenate(([0], np.cumsum((page.text & 0xC0) != 0x80)))
    return before[page.lines[:, STOP]] - before[page.lines[:, START]]
