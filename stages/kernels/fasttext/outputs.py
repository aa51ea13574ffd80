"""The averaged rows of a text in, probabilities of labels out: softmax, hierarchical softmax, one sigmoid a label.

As fastText's loss.cc computes them: in single precision, with 1e-5 added to each probability, sigmoids from a table.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

MAX_COUNT = 10**15
"""What fastText's tree counts of a node that is not yet made; the labels of a sound model are fewer."""

_SIGMOID_STEPS, _SIGMOID_END = 512, 8
_STEPS = np.arange(_SIGMOID_STEPS + 1, dtype=np.float32) * np.float32(2 * _SIGMOID_END / _SIGMOID_STEPS)
_SIGMOID = (1 / (1 + np.exp(np.float32(_SIGMOID_END) - _STEPS).astype(np.float64))).astype(np.float32)
_ADDED = 1e-5
_LEAST_LOG = np.float32(np.log(np.float64(_ADDED)))


class LossKind(IntEnum):
    """What a model was trained with, as its file says."""

    TREE, NEGATIVE_SAMPLING, SOFTMAX, ONE_VERSUS_ALL = range(1, 5)


class Outputs(NamedTuple):
    """`weights` has shape (dim, units); a unit is a label, or an inner node of the Huffman tree of labels.

    Nodes of the tree are labels, then inner nodes, each made after its two children, whose numbers are `left` and `right`.
    Each but the root, the last, has the number of its `parent`. All three are empty in a model without a tree.
    """

    loss: int
    weights: npt.NDArray[np.float32]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    parent: npt.NDArray[np.int64]


def label_tree(
    counts: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """`left`, `right` and `parent` of the Huffman tree of labels with `counts`, 0 or more and below MAX_COUNT in all."""
    left, right = np.zeros(len(counts) - 1, np.int64), np.zeros(len(counts) - 1, np.int64)
    _huffman(counts, left, right)
    inner = np.arange(len(counts), 2 * len(counts) - 1)
    parent = np.zeros(2 * len(counts) - 1, np.int64)
    parent[left], parent[right] = inner, inner
    return left, right, parent


@kernel
def _huffman(counts, left, right):  # type: ignore[no-untyped-def]
    """Children of the inner nodes; `counts` are those of the labels, the commonest first."""
    labels = len(counts)
    sums = np.full(2 * labels - 1, MAX_COUNT, np.int64)
    sums[:labels] = counts
    leaf, node = labels - 1, labels
    for i in range(labels - 1):
        for side in (left, right):
            if leaf >= 0 and sums[leaf] < sums[node]:
                side[i] = leaf
                leaf -= 1
            else:
                side[i] = node
                node += 1
        sums[labels + i] = sums[left[i]] + sums[right[i]]


@kernel
def room_for_values(outputs):  # type: ignore[no-untyped-def]
    """What `fill_logits` fills: float32, reused from text to text."""
    return np.zeros(outputs.weights.shape[1], np.float32)


@kernel
def fill_logits(outputs, hidden, values):  # type: ignore[no-untyped-def]
    """Fill what `best_label` and `probability` read, for a vector `hidden` of shape (dim,); False when a number is none."""
    values[:] = 0
    for k in range(len(hidden)):
        weight, row = hidden[k], outputs.weights[k]
        for unit in range(len(values)):
            values[unit] += weight * row[unit]
    for unit in range(len(values)):
        if not np.isfinite(values[unit]):
            return False
    if outputs.loss == LossKind.SOFTMAX:
        _fill_softmax(values)
    elif outputs.loss != LossKind.TREE:
        for i in range(len(values)):
            values[i] = _sigmoid(values[i])
    return True


@kernel
def _fill_softmax(values):  # type: ignore[no-untyped-def]
    most = values[0]
    for value in values:
        most = max(most, value)
    total = np.float32(0)
    for i in range(len(values)):
        values[i] = np.exp(values[i] - most)
        total += values[i]
    for i in range(len(values)):
        values[i] /= total


@kernel
def _sigmoid(x):  # type: ignore[no-untyped-def]
    if x < -_SIGMOID_END:
        return np.float32(0)
    if x > _SIGMOID_END:
        return np.float32(1)
    return _SIGMOID[
        np.int64((x + np.float32(_SIGMOID_END)) * np.float32(_SIGMOID_STEPS / (2 * _SIGMOID_END)))
    ]


@kernel
def _log(x):  # type: ignore[no-untyped-def]
    """The logarithm of a probability (float32), to which fastText adds 1e-5."""
    return np.float32(np.log(np.float64(x) + _ADDED))


@kernel
def _to_right(logit):  # type: ignore[no-untyped-def]
    """The probability of an inner node's right child."""
    return np.float32(1.0 / (np.float32(1) + np.exp(-logit)))


@kernel
def _share_of(logarithm):  # type: ignore[no-untyped-def]
    """The probability behind its logarithm, 1 at most; 0 where fastText gives none."""
    if logarithm < _LEAST_LOG:
        return np.float32(0)
    return min(np.float32(1), np.exp(logarithm))


@kernel
def _logarithm_in_tree(outputs, values, label):  # type: ignore[no-untyped-def]
    """From the label up to the root; -inf when a node on the way down has no more than 1e-5, as fastText stops there."""
    node, root = label, len(outputs.parent) - 1
    labels = (root + 2) // 2
    depth = 0
    while node != root:
        node = outputs.parent[node]
        depth += 1
    path = np.empty(depth + 1, np.int64)
    node = label
    for i in range(depth, -1, -1):
        path[i] = node
        node = outputs.parent[node]
    score = np.float32(0)
    for i in range(depth):
        inner = path[i] - labels
        share = _to_right(values[inner])
        is_right = outputs.right[inner] == path[i + 1]
        score += _log(share if is_right else np.float32(1.0 - share))
        if score < _LEAST_LOG:
            return np.float32(-np.inf)
    return score


@kernel
def probability(outputs, values, label):  # type: ignore[no-untyped-def]
    """The probability of a label, 1 at most; 0 where fastText gives none."""
    if outputs.loss == LossKind.TREE:
        return _share_of(_logarithm_in_tree(outputs, values, label))
    return _share_of(_log(values[label]))


@kernel
def best_label(outputs, values):  # type: ignore[no-untyped-def]
    """The likeliest label, of equal ones the last that fastText meets, and its probability; (-1, 0) where it gives none."""
    best, most = -1, np.float32(-np.inf)
    if outputs.loss != LossKind.TREE:
        for label in range(len(values)):
            if values[label] >= most:
                best, most = label, values[label]
        return best, _share_of(_log(most))
    labels = (len(outputs.parent) + 1) // 2
    waiting, scores = np.empty(labels + 1, np.int64), np.empty(labels + 1, np.float32)
    waiting[0], scores[0] = 2 * labels - 2, 0
    depth = 1
    while depth:
        depth -= 1
        node, score = waiting[depth], scores[depth]
        if score < _LEAST_LOG or score < most:
            continue
        if node < labels:
            best, most = node, score
            continue
        share = _to_right(values[node - labels])
        waiting[depth], scores[depth] = outputs.right[node - labels], score + _log(share)
        waiting[depth + 1] = outputs.left[node - labels]
        scores[depth + 1] = score + _log(np.float32(1.0 - share))
        depth += 2
    return best, _share_of(most)
