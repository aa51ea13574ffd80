"""A page and its gold text in, its lines labelled as content or not out: what a model of pages learns from."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import numpy as np

from benchmarks.alignment import matched_words
from benchmarks.page_fit import FitPage
from stages.ingest.common_crawl.boilerplate.extract import page_of
from stages.ingest.common_crawl.boilerplate.page_words import page_words
from stages.ingest.common_crawl.html import parse_web_page
from stages.kernels.page.columns import START, STOP

_WORDS = re.compile(r"\w+").findall


def labelled(url: str, html: str, gold: str, kind: str | None) -> FitPage:
    """A page to learn from: a line with half of its words in the gold text is content."""
    tree = parse_web_page(html)
    page, written = page_of(tree)
    data = page.text.tobytes()
    spans = page.lines[:, (START, STOP)].tolist()
    lines = [_WORDS(data[start:stop].decode("utf-8", "replace").lower()) for start, stop in spans]
    wanted = _WORDS(gold.lower())
    counts = np.array([len(line) for line in lines], np.int64)
    matched = matched_words([word for line in lines for word in line], wanted)
    found = np.bincount(np.repeat(np.arange(len(lines)), counts), matched, len(lines))
    return FitPage(
        host=urlsplit(url).hostname or "",
        title=tree.title or "",
        page=page,
        words=page_words(url, written),
        kind=kind,
        content=2 * found >= np.maximum(1, counts),
        counted=counts > 0,
        found_share=float(found.sum()) / max(1, len(wanted)),
    )
