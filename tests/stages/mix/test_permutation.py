"""A keyed permutation visits everything once, in another order for another seed, source or epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.permutation import epoch_keys, permute


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2000), st.integers(0, 2**63), st.text(max_size=5), st.integers(0, 9))
def test_it_is_a_bijection(size: int, seed: int, source: str, epoch: int) -> None:
    order = permute(np.arange(size), size, epoch_keys(seed, source, epoch))
    assert sorted(order.tolist()) == list(range(size))


def test_seed_source_and_epoch_each_give_another_order() -> None:
    orders = [
        permute(np.arange(1000), 1000, epoch_keys(*key)).tolist()
        for key in ((1, "books", 0), (2, "books", 0), (1, "c4", 0), (1, "books", 1))
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_the_order_is_fixed_for_all_time() -> None:
    """A change here reshuffles every run that is under way: it needs a new version of the mix stage."""
    assert permute(np.arange(10), 10, epoch_keys(1, "books", 0)).tolist() == [7, 2, 4, 0, 6, 1, 5, 9, 8, 3]


def test_places_look_random() -> None:
    """Neighbours land far apart: mean distance of a third of the size, fixed points about one."""
    size = 100_000
    order = permute(np.arange(size), size, epoch_keys(7, "c4", 0))
    assert abs(np.abs(np.diff(order)).mean() / size - 1 / 3) < 0.01
    assert (order == np.arange(size)).sum() < 8


def test_part_of_a_huge_source() -> None:
    size = 458_000_000
    order = permute(np.arange(size - 100_000, size), size, epoch_keys(1, "common_crawl", 1))
    assert len(np.unique(order)) == 100_000
    assert order.min() >= 0
    assert order.max() < size


def test_places_outside_are_refused() -> None:
    with pytest.raises(IndexError, match="positions"):
        permute(np.array([5]), 5, epoch_keys(1, "c4", 0))
