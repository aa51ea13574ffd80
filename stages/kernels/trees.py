"""Rows of features in, probabilities out: a forest of gradient-boosted decision trees (Friedman 2001) as a kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

LEAF = -1


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
    result = np.empty(len(features))
    for i in range(len(features)):
        row = features[i]
        total = forest.bias
        for root in forest.roots:
            node = root
            while forest.feature[node] != LEAF:
                below = row[forest.feature[node]] <= forest.threshold[node]
                node = forest.left[node] if below else forest.right[node]
            total += forest.value[node]
        result[i] = 1.0 / (1.0 + np.exp(-total))
    return result
