"""The tree of a page in, the features out that tell where in it each line stands: names, blocks, repeated siblings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import (
    BLOCK_FEATURES,
    BLOCK_SIZES,
    CONTEXT_FEATURES,
    FEATURES,
    OWN_FEATURES,
    REPEAT_FEATURES,
    SCORE_FEATURES,
    TREE_FEATURES,
)
from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import (
    CONTEXTS_OF,
    FIRST_LINE,
    LAST_LINE,
    NAME,
    NODE,
    PARENT,
    SIGNATURE,
    Page,
)
from stages.kernels.page.roles import IN, IN_FIRST

NODE_SCORES = 2
"""Scores of an element's names: where it stands anywhere around a line, and where it is the innermost or its parent."""

MIN_REPEATS = 3
_SCORES, _CONTEXTS, _BLOCKS, _REPEATS, _TREE = (
    FEATURES.index(names[0])
    for names in (SCORE_FEATURES, CONTEXT_FEATURES, BLOCK_FEATURES, REPEAT_FEATURES, TREE_FEATURES)
)
_NUM_CONTEXTS, _NUM_SIZES = len(CONTEXT_FEATURES), len(BLOCK_SIZES)
_CHARS, _PLAIN, _PROSE = (OWN_FEATURES.index(name) for name in ("chars", "plain_chars", "prose"))
_ARTICLE = np.int64(name_hash("article"))
_IN_P, _IN_LIST, _IN_TABLE, _IN_ARTICLE, _IN_MAIN = (
    IN[name] for name in ("paragraph_element", "listed", "table", "article", "main")
)
_PATH, _HIGHEST, _LOWEST, _NEAR, _HEAD, _UP = range(6)
_MIX = np.int64(0x9E3779B97F4A7C1)


def tree_features(page: Page, scores: npt.NDArray[np.float64], features: npt.NDArray[np.float64]) -> None:
    """Fill the columns from SCORE_FEATURES to TREE_FEATURES; `scores` are of shape (elements, NODE_SCORES)."""
    _fill(page.lines, page.nodes, scores, features)


@kernel
def _fill(lines, nodes, scores, features):  # type: ignore[no-untyped-def]
    sums = _line_sums(features)
    repeats, places = _count_repeats(nodes)
    paths = _paths(nodes, scores)
    tree = _tree(lines, nodes, features, sums, paths, repeats, places)
    total = max(1.0, sums[len(lines), 0])
    for i in range(len(lines)):
        node, row = lines[i, NODE], features[i]
        _score_line(node, nodes, scores, paths, tree[7], row)
        contexts = nodes[node, CONTEXTS_OF] >> IN_FIRST
        for bit in range(_NUM_CONTEXTS):
            row[_CONTEXTS + bit] = contexts >> bit & 1
        _blocks_around(i, node, nodes, sums, total, row)
        _repeats_around(i, node, nodes, sums, total, repeats, places, row)
        row[_TREE : _TREE + len(tree)] = tree
        row[_TREE + 8] = sums[i, 0] / total
        row[_TREE + 9] = sums[len(lines), 0] - sums[i + 1, 0]


@kernel
def _line_sums(features):  # type: ignore[no-untyped-def]
    """Characters, those of links and those of prose, in the lines before each line, shape (lines + 1, 3)."""
    sums = np.zeros((len(features) + 1, 3))
    for i in range(len(features)):
        chars, plain = features[i, _CHARS], features[i, _PLAIN]
        sums[i + 1, 0] = sums[i, 0] + chars
        sums[i + 1, 1] = sums[i, 1] + chars - plain
        sums[i + 1, 2] = sums[i, 2] + plain * features[i, _PROSE]
    return sums


@kernel
def _count_repeats(nodes):  # type: ignore[no-untyped-def]
    """(how many elements with one parent have the same name and classes, which of them it is) of each element."""
    size = len(nodes)
    repeats, places = np.ones(size, np.int64), np.zeros(size, np.int64)
    keys = nodes[:, SIGNATURE] ^ nodes[:, PARENT] * _MIX
    order = np.argsort(keys, kind="mergesort")  # stable: siblings stay in their order
    start = 0
    for at in range(1, size + 1):
        if at < size and keys[order[at]] == keys[order[start]]:
            continue
        for place in range(start, at):
            repeats[order[place]], places[order[place]] = at - start, place - start
        start = at
    return repeats, places


@kernel
def _paths(nodes, scores):  # type: ignore[no-untyped-def]
    """Of each element: the sum, greatest and least of the scores around, of the innermost three, and its depth."""
    paths = np.zeros((len(nodes), 6))
    for node in range(len(nodes)):
        own, parent, row = scores[node, 0], nodes[node, PARENT], paths[node]
        row[_PATH] = row[_HIGHEST] = row[_LOWEST] = row[_NEAR] = own
        row[_HEAD] = scores[node, 1]
        if parent < 0:
            continue
        above = paths[parent]
        row[_PATH] += above[_PATH]
        row[_HIGHEST], row[_LOWEST] = max(own, above[_HIGHEST]), min(own, above[_LOWEST])
        row[_UP] = above[_UP] + 1
        row[_HEAD] += scores[parent, 1]
        row[_NEAR] += scores[parent, 0]
        if nodes[parent, PARENT] >= 0:
            row[_NEAR] += scores[nodes[parent, PARENT], 0]
    return paths


@kernel
def _score_line(node, nodes, scores, paths, mean, row):  # type: ignore[no-untyped-def]
    path, parent = paths[node], nodes[node, PARENT]
    row[_SCORES] = path[_UP]
    row[_SCORES + 1], row[_SCORES + 2] = path[_PATH], scores[node, 0]
    row[_SCORES + 3], row[_SCORES + 4] = path[_HIGHEST], path[_LOWEST]
    row[_SCORES + 5], row[_SCORES + 6] = path[_NEAR], path[_HEAD]
    row[_SCORES + 7] = path[_PATH] - mean
    row[_SCORES + 8] = scores[parent, 0] if parent >= 0 else 0.0
    row[_SCORES + 9] = path[_PATH] + path[_HEAD]


@kernel
def _tree(lines, nodes, features, sums, paths, repeats, places):  # type: ignore[no-untyped-def]
    """TREE_FEATURES that are the same for all lines."""
    tree = np.zeros(16)
    total = max(1.0, sums[len(lines), 0])
    tree[0], tree[1] = total, len(nodes)
    for node in range(len(nodes)):
        tree[15] += nodes[node, NAME] == _ARTICLE
        parent = nodes[node, PARENT]
        if repeats[node] < MIN_REPEATS or places[node] > 0 or parent < 0:
            continue
        first, last = nodes[parent, FIRST_LINE], nodes[parent, LAST_LINE]
        chars = sums[last, 0] - sums[first, 0]
        if chars / total > tree[2]:
            tree[2], tree[3], tree[4] = chars / total, repeats[node], chars / repeats[node]
            tree[5] = (sums[last, 2] - sums[first, 2]) / max(1.0, chars)
    tree[6] = -1e9
    for i in range(len(lines)):
        node, share = lines[i, NODE], features[i, _CHARS] / total
        contexts = nodes[node, CONTEXTS_OF]
        tree[6] = max(tree[6], paths[node, _PATH])
        tree[7] += paths[node, _PATH] * share
        tree[10] += share * (contexts & _IN_P != 0)
        tree[11] += share * (contexts & _IN_LIST != 0)
        tree[12] += share * (contexts & _IN_TABLE != 0)
        tree[13] = max(tree[13], contexts & _IN_ARTICLE != 0)
        tree[14] = max(tree[14], contexts & _IN_MAIN != 0)
    return tree


@kernel(inline="always")
def _span(i, node, nodes):  # type: ignore[no-untyped-def]
    """The lines of an element around line i; one that begins within a line holds it."""
    return min(i, nodes[node, FIRST_LINE]), max(i + 1, nodes[node, LAST_LINE])


@kernel
def _blocks_around(i, node, nodes, sums, total, row):  # type: ignore[no-untyped-def]
    """Fill BLOCK_FEATURES."""
    for size in range(_NUM_SIZES):
        row[_BLOCKS + 6 * size : _BLOCKS + 6 * size + 6] = -1
    missing, levels, block = (1 << _NUM_SIZES) - 1, 0, node
    while block >= 0 and missing:
        first, last = _span(i, block, nodes)
        chars = sums[last, 0] - sums[first, 0]
        fits = (
            (chars >= 150)
            | (chars >= 600) << 1
            | (chars >= 0.3 * total) << 2
            | (chars >= 0.6 * total) << 3
            | (levels == 1) << 4
            | (last - first >= 2) << 5
        ) & missing
        missing &= ~fits
        for size in range(_NUM_SIZES):
            if fits >> size & 1:
                place, divisor = _BLOCKS + 6 * size, max(1.0, chars)
                row[place] = divisor
                row[place + 1] = (sums[last, 1] - sums[first, 1]) / divisor
                row[place + 2] = (sums[last, 2] - sums[first, 2]) / divisor
                row[place + 3], row[place + 4] = last - first, levels
                row[place + 5] = divisor / total
        block = nodes[block, PARENT]
        levels += 1


@kernel
def _repeats_around(i, node, nodes, sums, total, repeats, places, row):  # type: ignore[no-untyped-def]
    """Fill REPEAT_FEATURES."""
    row[_REPEATS : _REPEATS + 12] = 0
    levels, found = 0, 0
    while node >= 0:
        if repeats[node] >= MIN_REPEATS and nodes[node, LAST_LINE] > nodes[node, FIRST_LINE]:
            row[_REPEATS + 7] = max(row[_REPEATS + 7], repeats[node])
            if found < 2:
                first, last = _span(i, node, nodes)
                chars = sums[last, 0] - sums[first, 0]
                link_share = (sums[last, 1] - sums[first, 1]) / max(1.0, chars)
                place = _REPEATS + 8 * found
                row[place], row[place + 1], row[place + 2] = repeats[node], chars, link_share
                row[place + 5 - 2 * found] = levels
            if found == 0:
                parent = nodes[node, PARENT]
                row[_REPEATS + 3] = (sums[last, 2] - sums[first, 2]) / max(1.0, chars)
                row[_REPEATS + 4] = places[node]
                around = (
                    sums[nodes[parent, LAST_LINE], 0] - sums[nodes[parent, FIRST_LINE], 0]
                    if parent >= 0
                    else total
                )
                row[_REPEATS + 6] = around / total
            found += 1
        node = nodes[node, PARENT]
        levels += 1
