"""The forest kernel beside a plain walk of the same trees."""

from __future__ import annotations

import math

import numpy as np
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
