"""Labelled lines and the names of the elements around them in, scores of names out: logistic regression over paths.

The log-odds of a line are the sum of its path's scores, and of the second scores of its innermost element and its parent; a
name's score in a page is a sum over heads by what share each has in the page.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.structure import NODE_SCORES
from stages.kernels.compiled import kernel

NAME_L2, BIAS_L2, MAX_STEPS = 1e-3, 1e-4, 40


class PathLines(NamedTuple):
    """Lines of many pages, and their elements one after another.

    `parents`: of each element, -1 for none. `nodes`, `names`: which element has which name, a row for each. `heads`, shape
    (elements, heads): the heads' shares. `positive`, `negative`: the weight of its content lines and of its other lines.
    """

    parents: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int64]
    names: npt.NDArray[np.int64]
    heads: npt.NDArray[np.float64]
    positive: npt.NDArray[np.float64]
    negative: npt.NDArray[np.float64]


def fit_name_scores(lines: PathLines, num_names: int) -> npt.NDArray[np.float32]:
    """Scores of names, shape (names, NODE_SCORES, heads), float32, to six digits."""
    from scipy.optimize import minimize

    num_heads, total = lines.heads.shape[1], float((lines.positive + lines.negative).sum())
    size = num_names * NODE_SCORES * num_heads
    shape = (num_names, NODE_SCORES, num_heads)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scores, bias = weights[:size].reshape(shape), weights[size:]
        odds = _odds(lines, scores) + lines.heads @ bias
        likely = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
        value = lines.positive @ np.logaddexp(0, -odds) + lines.negative @ np.logaddexp(0, odds)
        error = ((lines.positive + lines.negative) * likely - lines.positive) / total
        slope = _slope(lines, error, scores) + 2 * NAME_L2 * scores
        penalty = NAME_L2 * float((scores**2).sum()) + BIAS_L2 * float(bias @ bias)
        return float(value) / total + penalty, np.append(slope, lines.heads.T @ error + 2 * BIAS_L2 * bias)

    start = np.zeros(size + num_heads)
    start[size] = np.log(lines.positive.sum() / lines.negative.sum())
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    return np.round(found.x[:size].reshape(shape), 6).astype(np.float32)


@kernel
def _odds(lines, scores):  # type: ignore[no-untyped-def]
    """The log-odds of a line in each element, without bias."""
    size = len(lines.parents)
    path, inner, odds = np.zeros(size), np.zeros(size), np.zeros(size)
    for row in range(len(lines.nodes)):
        node, name = lines.nodes[row], lines.names[row]
        for head in range(lines.heads.shape[1]):
            share = lines.heads[node, head]
            path[node] += scores[name, 0, head] * share
            inner[node] += scores[name, 1, head] * share
    for node in range(size):
        parent = lines.parents[node]
        odds[node] = inner[node]
        if parent >= 0:
            path[node] += path[parent]
            odds[node] += inner[parent]
        odds[node] += path[node]
    return odds


@kernel
def _slope(lines, error, scores):  # type: ignore[no-untyped-def]
    """The derivative by `scores`, given that by the log-odds of each element."""
    size = len(lines.parents)
    path, inner, slope = error.copy(), error.copy(), np.zeros_like(scores)
    for node in range(size - 1, -1, -1):
        parent = lines.parents[node]
        if parent >= 0:
            path[parent] += path[node]
            inner[parent] += error[node]
    for row in range(len(lines.nodes)):
        node, name = lines.nodes[row], lines.names[row]
        for head in range(lines.heads.shape[1]):
            share = lines.heads[node, head]
            slope[name, 0, head] += path[node] * share
            slope[name, 1, head] += inner[node] * share
    return slope
