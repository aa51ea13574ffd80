"""Rows of features in, probabilities out: a forest of gradient-boosted decision trees (Friedman 2001) as a kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

LEAF = -1
_BLOCK = 32
"""Rows that are judged at once; their features stay in the nearest cache."""
_MAX_LEAVES = 64
"""Of a tree whose leaves are the bits of a word."""
_ALL, _ONE, _TOP = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1), np.uint64(58)
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""A power of two times this has a number of its own in the top six bits: where that bit's leaf lies."""


class Forest(NamedTuple):
    """All trees' nodes one after another. `roots` has the first node of each tree.

    A node sends a row to `left` when row[feature] <= threshold, else to `right` (numbers of nodes); `feature` is LEAF
    where `value` is added to `bias`. The sum is a log-odds.
    """

    bias: float
    roots: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


def probabilities(forest: Forest, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The probability of each row of `features`, shape (rows, features), float64."""
    return _probabilities(forest, features)  # type: ignore[no-any-return]


@kernel
def _probabilities(forest, features):  # type: ignore[no-untyped-def]
    """In QuickScorer's way (Lucchese et al. 2015): a test that fails strikes out the leaves on its left, and the first one
    that stays is the row's. Without branches, a block of rows takes each test at once."""
    num_trees = len(forest.roots)
    num_tests = 2 * num_trees * _MAX_LEAVES  # of a tree that is given up, as many again wait for their leaves
    tests, lefts = np.empty(num_tests, np.int64), np.empty(num_tests, np.uint64)
    leaves, stops = np.empty((num_trees, _MAX_LEAVES)), np.empty(num_trees, np.int64)
    stop = 0
    for tree in range(num_trees):
        found = _number_leaves(forest, forest.roots[tree], tests, lefts, leaves[tree], stop)
        stop, stops[tree] = (stop, -1) if found < 0 else (found, found)
    result = np.full(len(features), forest.bias)
    block, alive = np.empty((features.shape[1], _BLOCK)), np.empty(_BLOCK, np.uint64)
    for first in range(0, len(features), _BLOCK):
        size = min(_BLOCK, len(features) - first)
        block[:, :size] = features[first : first + size].T
        start = 0
        for tree in range(num_trees):
            if stops[tree] < 0:
                for row in range(first, first + size):
                    result[row] += _walked(forest, forest.roots[tree], features[row])
                continue
            alive[:] = _ALL
            for at in range(start, stops[tree]):
                test = tests[at]
                _strike(block[forest.feature[test]], forest.threshold[test], lefts[at], alive)
            for row in range(size):
                bit = alive[row] & (~alive[row] + _ONE)
                result[first + row] += leaves[tree, np.int64((bit * _DE_BRUIJN) >> _TOP)]
            start = stops[tree]
    for i in range(len(result)):
        result[i] = 1.0 / (1.0 + np.exp(-result[i]))
    return result


@kernel(inline="always")
def _strike(column, threshold, left, alive):  # type: ignore[no-untyped-def]
    """Strike out the leaves `left` of a test where it fails."""
    for row in range(_BLOCK):
        alive[row] &= _ALL if column[row] <= threshold else ~left


@kernel
def _walked(forest, node, row):  # type: ignore[no-untyped-def]
    """The value of the leaf that a row comes to from a root."""
    while forest.feature[node] != LEAF:
        below = row[forest.feature[node]] <= forest.threshold[node]
        node = forest.left[node] if below else forest.right[node]
    return forest.value[node]


@kernel
def _number_leaves(forest, root, tests, lefts, leaves, stop):  # type: ignore[no-untyped-def]
    """Note a tree's tests, and the leaves on the left of each as bits, from `stop` on, and its leaves' values.

    Where its tests end then; -1 for a tree of more leaves than a word has bits.
    """
    nodes, owners = np.empty(_MAX_LEAVES + 1, np.int64), np.empty(_MAX_LEAVES + 1, np.int64)
    nodes[0], owners[0], height, count = root, -1, 1, 0
    while height > 0:
        height -= 1
        node, owner = nodes[height], owners[height]
        if owner >= 0:  # what was numbered since its test stood here is on the left of that
            lefts[owner] = _bits_below(count) & ~lefts[owner]
        if forest.feature[node] == LEAF:
            if count == _MAX_LEAVES:
                return -1
            leaves[np.int64(((_ONE << np.uint64(count)) * _DE_BRUIJN) >> _TOP)] = forest.value[node]
            count += 1
            continue
        if height + 2 > _MAX_LEAVES:
            return -1
        tests[stop], lefts[stop] = node, _bits_below(count)
        nodes[height], owners[height] = forest.right[node], stop
        nodes[height + 1], owners[height + 1] = forest.left[node], -1
        height, stop = height + 2, stop + 1
    return stop


@kernel(inline="always")
def _bits_below(count):  # type: ignore[no-untyped-def]
    return _ALL if count >= _MAX_LEAVES else (_ONE << np.uint64(count)) - _ONE
