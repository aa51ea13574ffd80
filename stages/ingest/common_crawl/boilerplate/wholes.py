"""The lines of a page with their probabilities in; those that only make sense together get one probability, their mean.

A text of code, or the rows of a table and the items of a list that are a line each: half of them is worse than none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, OWN_FEATURES
from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import (
    CONTEXTS_OF,
    FIRST_LINE,
    KIND,
    LAST_LINE,
    NAME,
    NODE,
    PARENT,
    PREFORMATTED,
    SIGNATURE,
    Page,
)
from stages.kernels.page.roles import IN

_CHARS, _REPEATS, _LEVELS_UP = (
    OWN_FEATURES.index("chars"),
    FEATURES.index("repeats"),
    FEATURES.index("repeat_levels_up"),
)
_ROW, _ITEM = np.int64(name_hash("tr")), np.int64(name_hash("li"))
_IN_PRE = IN["preformatted_element"]


def judge_whole(page: Page, features: npt.NDArray[np.float64], likely: npt.NDArray[np.float64]) -> None:
    """Give lines of one whole that follow each other the mean of `likely` by characters, shape (lines,)."""
    _judge_whole(page.lines, page.nodes, features, likely)


@kernel
def _judge_whole(lines, nodes, features, likely):  # type: ignore[no-untyped-def]
    start = 0
    while start < len(lines):
        whole, stop, hits, size = _whole_of(start, lines, nodes, features), start, 0.0, 0.0
        if whole[0] < 0:
            start += 1
            continue
        while stop < len(lines) and _whole_of(stop, lines, nodes, features) == whole:
            hits += likely[stop] * features[stop, _CHARS]
            size += features[stop, _CHARS]
            stop += 1
        if size > 0:
            likely[start:stop] = hits / size
        start = stop


@kernel
def _whole_of(line, lines, nodes, features):  # type: ignore[no-untyped-def]
    """(element, signature of its parts) of what a line is a part of; -1 for the element where it is of nothing."""
    node = lines[line, NODE]
    if lines[line, KIND] == PREFORMATTED:
        return _preformatted(node, nodes), np.int64(0)
    if features[line, _REPEATS] > 0:
        for _ in range(np.int64(features[line, _LEVELS_UP])):
            node = nodes[node, PARENT]
        is_row = nodes[node, NAME] == _ROW or nodes[node, NAME] == _ITEM
        if is_row and nodes[node, LAST_LINE] - nodes[node, FIRST_LINE] == 1:
            return nodes[node, PARENT], nodes[node, SIGNATURE]
    return np.int64(-1), np.int64(0)


@kernel
def _preformatted(node, nodes):  # type: ignore[no-untyped-def]
    """The outermost element around a line of preformatted text in which all text is so."""
    while nodes[node, PARENT] >= 0 and nodes[nodes[node, PARENT], CONTEXTS_OF] & _IN_PRE:
        node = nodes[node, PARENT]
    return node
