"""A page and its gold text in, its lines labelled as content or not out: what a model of pages learns from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from benchmarks.alignment import matched_words
from benchmarks.page_fit import FitPage
from stages.ingest.common_crawl.boilerplate.extract import page_of
from stages.ingest.common_crawl.boilerplate.page_words import page_words
from stages.ingest.common_crawl.html import parse_web_page
from stages.kernels.page.columns import START, STOP

_WORDS = re.compile(r"\w+").findall


class LineLabels(NamedTuple):
    """Which lines of a page are content, half of their words being in its gold text, and which have words at all, shape
    (lines,); how much of the gold text was found."""

    content: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    found_share: float


def labelled(url: str, html: str, gold: str, kind: str | None) -> FitPage:
    """A page to learn from: a line with half of its words in the gold text is content; soft hyphens are no part of a word."""
    tree = parse_web_page(html)
    page, written = page_of(tree)
    data = page.text.tobytes()
    spans = page.lines[:, (START, STOP)].tolist()
    labels = label_lines(
        [data[start:stop].decode("utf-8", "replace") for start, stop in spans], gold.replace("\xad", "")
    )
    return FitPage(
        host=urlsplit(url).hostname or "",
        title=tree.title or "",
        page=page,
        words=page_words(url, written),
        kind=kind,
        content=labels.content,
        counted=labels.counted,
        found_share=labels.found_share,
    )


def label_lines(lines: Sequence[str], gold: str) -> LineLabels:
    """The labels of a page's lines, given its gold text."""
    words, wanted = [_WORDS(line.lower()) for line in lines], _WORDS(gold.lower())
    counts = np.array([len(line) for line in words], np.int64)
    matched = matched_words([word for line in words for word in line], wanted)
    found = np.bincount(np.repeat(np.arange(len(lines)), counts), matched, len(lines))
    return LineLabels(
        2 * found >= np.maximum(1, counts), counts > 0, float(found.sum()) / max(1, len(wanted))
    )
