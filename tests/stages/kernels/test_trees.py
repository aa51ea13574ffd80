"""The forest kernel beside a plain walk of the same trees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.trees import LEAF, Forest, probabilities

FOREST = Forest(
    bias=-0.5,
    roots=np.array([0, 3]),
    feature=np.array([1, LEAF, LEAF, 0, LEAF, LEAF]),
    threshold=np.array([2.0, 0, 0, 0.5, 0, 0]),
    left=np.array([1, 0, 0, 4, 0, 0]),
    right=np.array([2, 0, 0, 5, 0, 0]),
    value=np.array([0.0, 1.0, -1.0, 0.0, 0.25, 4.0]),
)


def walked(row: list[float]) -> float:
    total = -0.5 + (1.0 if row[1] <= 2.0 else -1.0) + (0.25 if row[0] <= 0.5 else 4.0)
    return 1 / (1 + math.exp(-total))


def test_a_threshold_belongs_to_the_left() -> None:
    assert probabilities(FOREST, np.array([[0.5, 2.0]])).tolist() == [walked([0.5, 2.0])]
    assert probabilities(FOREST, np.array([[0.6, 2.1]])).tolist() == [walked([0.6, 2.1])]


def test_no_rows() -> None:
    assert probabilities(FOREST, np.empty((0, 2))).tolist() == []


@given(st.lists(st.lists(st.floats(-5, 5), min_size=2, max_size=2), min_size=1, max_size=20))
def test_every_row_is_judged_alone(rows: list[list[float]]) -> None:
    assert np.allclose(probabilities(FOREST, np.array(rows)), [walked(row) for row in rows])


def grown(splits: list[tuple[int, int, float]]) -> Forest:
    """Three copies of one tree: each split makes a test on a feature of the leaf of that number."""
    feature, threshold, left, right = [LEAF], [0.0], [0], [0]
    leaves = [0]
    for place, tested, bound in splits:
        node = leaves.pop(place % len(leaves))
        feature[node], threshold[node] = tested, bound
        left[node], right[node] = len(feature), len(feature) + 1
        leaves += [left[node], right[node]]
        for column in (feature, threshold, left, right):
            column += [LEAF, LEAF] if column is feature else [0, 0]
    value = [math.sin(node) for node in range(len(feature))]
    roots = np.array([0, 0, 0])
    return Forest(
        0.25,
        roots,
        np.array(feature),
        np.array(threshold, np.float64),
        np.array(left),
        np.array(right),
        np.array(value),
    )


def walk(forest: Forest, row: list[float]) -> float:
    total = forest.bias
    for root in forest.roots.tolist():
        node = root
        while forest.feature[node] != LEAF:
            is_left = row[forest.feature[node]] <= forest.threshold[node]
            node = int((forest.left if is_left else forest.right)[node])
        total += float(forest.value[node])
    return 1 / (1 + math.exp(-total))


@pytest.mark.parametrize("leaves", [1, 2, 33, 63, 64, 65, 90])
@pytest.mark.parametrize("place", [0, -1, -2, 7])
def test_trees_of_many_leaves_and_any_shape_are_walked(leaves: int, place: int) -> None:
    """Rows of more than a block, trees of more leaves than a word has bits, chains to one side, and NaN, which is no less."""
    forest = grown([(place, at % 2, math.cos(at)) for at in range(leaves - 1)])
    rows = [[math.sin(7 * at), math.cos(5 * at)] for at in range(70)] + [[math.nan, 0.1], [math.cos(3), 2.0]]
    assert np.allclose(
        probabilities(forest, np.array(rows)), [walk(forest, row) for row in rows], rtol=1e-14, atol=0
    )


@pytest.mark.parametrize("leaves", [65, 128, 400])
def test_one_tree_of_more_leaves_than_bits(leaves: int) -> None:
    """What was noted of it before it was given up has room too."""
    splits = [((7 * at) % 31, at % 2, math.cos(at)) for at in range(leaves - 1)]
    forest = grown(splits)._replace(roots=np.array([0]))
    rows = [[math.sin(at), math.cos(3 * at)] for at in range(40)]
    assert np.allclose(probabilities(forest, np.array(rows)), [walk(forest, row) for row in rows])
