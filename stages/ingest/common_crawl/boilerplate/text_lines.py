"""The plain text of a whole page in, as WET has it, its main text out: the lines that a learned model takes for content.

A forest of trees judges each line by its shape, its place and its neighbours' (Kohlschuetter et al. 2010); of the
probabilities follows which lines together have the greatest expected F1 (Nan et al. 2012), as for pages with tags.
"""

from __future__ import annotations

import numpy as np

from stages.ingest.common_crawl.boilerplate.extract import MAX_LINES, MainText, best_lines
from stages.ingest.common_crawl.boilerplate.text_features import TEXT_FEATURES, text_features
from stages.ingest.work import TooMuchWorkError
from stages.kernels.compiled import kernel
from stages.kernels.page.columns import LINE_COLUMNS, NODE_COLUMNS, ORDINAL, START, STOP, Page
from stages.kernels.page.render import render_lines
from stages.kernels.trees import Forest, probabilities

_NEWLINE, _SPACE = 10, 32
_CHARS = TEXT_FEATURES.index("chars")


def text_page(text: str) -> Page:
    """The lines of a text that are not blank, without white space around them; a TooMuchWorkError beyond MAX_LINES."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    lines = np.zeros((int(np.count_nonzero(data == _NEWLINE)) + 1, len(LINE_COLUMNS)), np.int64)
    lines[:, ORDINAL] = -1
    lines = lines[: _find_lines(data, lines)]
    if len(lines) > MAX_LINES:
        raise TooMuchWorkError("lines", len(lines), MAX_LINES)
    return Page(data, lines, np.zeros((0, len(NODE_COLUMNS)), np.int64), np.zeros(0, np.int64))


@kernel
def _find_lines(data, lines):  # type: ignore[no-untyped-def]
    """Fill where lines begin and end; their number."""
    count, start = 0, 0
    for at in range(len(data) + 1):
        if at < len(data) and data[at] != _NEWLINE:
            continue
        first, last = start, at
        while first < last and data[first] <= _SPACE:
            first += 1
        while last > first and data[last - 1] <= _SPACE:
            last -= 1
        if last > first:
            lines[count, START], lines[count, STOP] = first, last
            count += 1
        start = at + 1
    return count


def main_lines(text: str, model: Forest, min_probability: float | None = None) -> MainText:
    """The main text of a page of which there is the plain text alone, a line for each block: its content lines.

    Those that have the greatest expected F1, or those of at least `min_probability`.
    """
    page = text_page(text)
    if not len(page.lines):
        return MainText("", 0, 0)
    features = text_features(page)
    likely, chars = probabilities(model, features), features[:, _CHARS]
    keep = best_lines(likely, chars) if min_probability is None else likely >= min_probability
    kept = render_lines(page, keep)
    page_chars = len(text.strip())
    return MainText(kept, page_chars - len(kept), page_chars)
