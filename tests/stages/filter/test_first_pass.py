"""The threshold that keeps a share: exact on few values, over all shards, never below the share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.filter.first_pass import BINS, bins_of, lower_edge, threshold_of_counts


def chosen(values: list[float], share: float) -> tuple[float, int]:
    return threshold_of_counts(*np.unique(bins_of(np.array(values)), return_counts=True), share)


@pytest.mark.parametrize(("share", "kept"), [(0.25, 1), (0.4, 2), (0.5, 2), (0.51, 3), (1.0, 4)])
def test_the_least_share_that_is_not_below_the_one_asked_for(share: float, kept: int) -> None:
    threshold, reached = chosen([0.125, 0.25, 0.5, 0.75], share)
    assert (threshold, reached) == ([0.75, 0.5, 0.25, 0.125][kept - 1], kept)


def test_equal_values_stay_together() -> None:
    assert chosen([0.5] * 9 + [0.25], 0.1) == (0.5, 9)


def test_of_nothing_everything_is_kept() -> None:
    assert threshold_of_counts(np.empty(0, np.int64), np.empty(0, np.int64), 0.4) == (0.0, 0)


def test_zero_and_one_have_bins() -> None:
    assert bins_of(np.array([0.0, 1.0, -1e-9, 1.0000001])).tolist() == [0, BINS - 1, 0, BINS - 1]
    assert (lower_edge(0), lower_edge(BINS - 1)) == (0.0, 1.0)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30), st.floats(0.01, 1))
def test_at_least_the_share_reaches_the_threshold(values: list[float], share: float) -> None:
    threshold, reached = chosen(values, share)
    scores = np.array(values, np.float32)
    assert (scores >= threshold).sum() == reached >= share * len(values)
    above = scores[scores > threshold + 4e-6]
    assert len(above) < share * len(values) or (scores >= above.min()).sum() == reached
