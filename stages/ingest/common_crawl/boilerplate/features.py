"""The lines of a page in, a row of FEATURES for each out: its own, its place's in the page, its neighbours'."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import (
    FEATURES,
    NEAR_LINES,
    NEIGHBOUR_FEATURES,
    NEIGHBOURS,
    OWN_FEATURES,
    PAGE_FEATURES,
)
from stages.ingest.common_crawl.boilerplate.comments import mark_comments
from stages.ingest.common_crawl.boilerplate.line_counts import count_lines
from stages.ingest.common_crawl.boilerplate.structure import tree_features
from stages.kernels.compiled import kernel
from stages.kernels.hash.hashing import xxh64
from stages.kernels.page.columns import START, STOP, Page

_FAR = 30
"""Lines away at most: beyond, the distance tells nothing."""

_NUM_OWN, _NUM_PAGE = len(OWN_FEATURES), len(PAGE_FEATURES)
_PARAGRAPH, _HEADING_LEVEL, _CHARS, _LINK_SHARE, _PLAIN, _REPEATED, _PROSE = (
    OWN_FEATURES.index(name)
    for name in ("paragraph", "heading_level", "chars", "link_share", "plain_chars", "repeated", "prose")
)
_COPIED = tuple(OWN_FEATURES.index(name) for name in NEIGHBOUR_FEATURES)


def line_features(
    page: Page, title: str, scores: npt.NDArray[np.float64], kinds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """FEATURES of each line of a page, shape (lines, features), float64.

    `scores` are of its elements, shape (elements, NODE_SCORES); `kinds` are the probabilities of PAGE_KINDS.
    """
    features = np.empty((len(page.lines), len(FEATURES)))
    count_lines(page, title, features)
    _mark_repeated(page.text, page.lines, features)
    _page_features(page.lines, features)
    tree_features(page, scores, features)
    mark_comments(page, features)
    features[:, -len(kinds) :] = kinds
    return features


@kernel
def _mark_repeated(text, rows, features):  # type: ignore[no-untyped-def]
    """Mark lines whose text another line of the page has too."""
    keys = np.empty(len(rows), np.uint64)
    for i in range(len(rows)):
        keys[i] = xxh64(text, rows[i, START], rows[i, STOP], np.uint64(0))
    order = np.argsort(keys)
    features[:, _REPEATED] = 0
    for place in range(1, len(order)):
        if keys[order[place]] == keys[order[place - 1]]:
            features[order[place], _REPEATED] = features[order[place - 1], _REPEATED] = 1


@kernel
def _page_features(rows, features):  # type: ignore[no-untyped-def]
    """Fill the features of place and neighbours out of the lines' own."""
    num_lines = len(rows)
    chars, paragraph_chars, link_chars, prose_chars, prose_lines = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(num_lines):
        line = features[i]
        chars += line[_CHARS]
        link_chars += line[_CHARS] - line[_PLAIN]
        paragraph_chars += line[_CHARS] * line[_PARAGRAPH]
        prose_chars += line[_PLAIN] * line[_PROSE]
        prose_lines += line[_PROSE]
    before, since_prose, since_heading = 0.0, _FAR, _FAR
    level, link_share, heading_chars = 0.0, 0.0, 0.0
    for i in range(num_lines):
        line = features[i]
        near_chars, near_links, near_prose = 0.0, 0.0, 0.0
        for j in range(max(0, i - NEAR_LINES), min(num_lines, i + NEAR_LINES + 1)):
            near_chars += features[j, _CHARS]
            near_links += features[j, _CHARS] - features[j, _PLAIN]
            near_prose += features[j, _PROSE]
        to_prose = 1
        while to_prose < _FAR and i + to_prose < num_lines and not features[i + to_prose, _PROSE]:
            to_prose += 1
        if i + to_prose >= num_lines:
            to_prose = _FAR
        place = line[_NUM_OWN : _NUM_OWN + _NUM_PAGE]
        place[0], place[1], place[2], place[3] = i, num_lines - i - 1, num_lines, prose_chars
        place[4] = before / max(1.0, prose_chars)
        place[5], place[6], place[7] = since_prose, to_prose, since_heading
        place[8], place[9] = link_chars / max(1.0, chars), prose_lines / num_lines
        place[10] = paragraph_chars / max(1.0, chars)
        place[11], place[12], place[13] = level, link_share, heading_chars
        place[14], place[15], place[16] = near_chars, near_links / max(1.0, near_chars), near_prose
        before += line[_PLAIN] * line[_PROSE]
        since_prose = 1 if line[_PROSE] else min(_FAR, since_prose + 1)
        since_heading = min(_FAR, since_heading + 1)
        if line[_HEADING_LEVEL] > 0:
            since_heading, level = 1, line[_HEADING_LEVEL]
            link_share, heading_chars = line[_LINK_SHARE], line[_CHARS]
    _copy_neighbours(features)


@kernel
def _copy_neighbours(features):  # type: ignore[no-untyped-def]
    num_lines = len(features)
    for i in range(num_lines):
        column = _NUM_OWN + _NUM_PAGE
        for distance in NEIGHBOURS:
            for feature in _COPIED:
                inside = 0 <= i + distance < num_lines
                features[i, column] = features[i + distance, feature] if inside else -1.0
                column += 1
