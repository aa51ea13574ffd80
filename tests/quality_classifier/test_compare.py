"""Two models on the same pages, and the thresholds of a wish."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from quality_classifier.compare import compare_scores, threshold_of_precision, threshold_to_keep
from quality_classifier.worth import HeldOut
from stages.core.errors import UserError


def pages(count: int) -> HeldOut:
    positive = np.arange(count) % 2 == 0
    hosts = pa.array([f"h{i}" for i in range(count)])
    return HeldOut(
        pa.array(["text"] * count, pa.large_string()), positive, hosts, pa.nulls(count, pa.string())
    )


def test_a_better_model_is_told_and_equal_ones_are_no_difference() -> None:
    held_out, rng = pages(300), np.random.default_rng(0)
    good = np.where(held_out.positive, 0.8, 0.2) + rng.normal(0, 0.2, 300)
    poor = rng.random(300)
    assert compare_scores(held_out, good, poor, rounds=50).verdict().startswith("the first is better: 0.")
    assert compare_scores(held_out, poor, good, rounds=50).verdict().startswith("the second is better: -0.")
    same = compare_scores(held_out, good, good, rounds=50)
    assert same.verdict().startswith("no difference that is more than chance: 0.000 (0.000 to 0.000)")
    assert same.agree == 1.0


def test_few_pages_are_not_compared_but_shown() -> None:
    compared = compare_scores(pages(4), np.array([0.9, 0.1, 0.9, 0.1]), np.array([0.9, 0.1, 0.2, 0.1]))
    assert compared.verdict().startswith("too few to say")
    assert (compared.disagreements[0].host, compared.agree) == ("h2", 0.75)


def test_a_share_is_kept() -> None:
    scores = np.arange(10) / 10
    assert threshold_to_keep(scores, 0.4) == 0.6
    assert threshold_to_keep(scores, 1.0) == 0.0
    with pytest.raises(UserError, match="no document"):
        threshold_to_keep(scores[:0], 0.5)


def test_the_lowest_threshold_of_a_precision_counts_ties_whole() -> None:
    positive = np.array([True, True, False, True, False])
    scores = np.array([0.9, 0.8, 0.8, 0.7, 0.1])
    assert threshold_of_precision(positive, scores, 0.75) == 0.7
    assert threshold_of_precision(positive, scores, 0.9) == 0.9
    with pytest.raises(UserError, match="no threshold reaches a precision of 0.9; the best one has 0.500"):
        threshold_of_precision(positive[1:3], scores[1:3], 0.9)
