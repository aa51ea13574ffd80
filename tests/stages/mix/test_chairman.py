"""Every prefix within one draw of the exact share, in exact integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.chairman import ChairmanSequence

DRAWS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 400)), min_size=1, max_size=12)


def test_three_sources_by_hand() -> None:
    sources, draws = ChairmanSequence([1, 4, 0, 1]).slots(0, 6)
    assert sources.tolist() == [1, 1, 0, 1, 3, 1]
    assert draws.tolist() == [0, 1, 0, 2, 0, 3]


@settings(max_examples=100, deadline=None)
@given(DRAWS)
def test_any_prefix_is_within_one_draw_of_the_exact_share(draws: list[int]) -> None:
    order = ChairmanSequence(draws)
    sources, numbers = order.slots(0, order.total)
    counts = np.cumsum(np.eye(len(draws), dtype=np.int64)[sources], axis=0)
    slots = np.arange(1, order.total + 1)[:, None]
    assert (np.abs(counts * order.total - slots * np.array(draws)) < order.total).all()
    for source, number in enumerate(draws):
        assert numbers[sources == source].tolist() == list(range(number))


@settings(max_examples=50, deadline=None)
@given(DRAWS, st.data())
def test_random_access_equals_the_whole(draws: list[int], data: st.DataObject) -> None:
    order = ChairmanSequence(draws)
    start = data.draw(st.integers(0, order.total))
    stop = data.draw(st.integers(start, order.total))
    whole = [column[start:stop].tolist() for column in order.slots(0, order.total)]
    assert [column.tolist() for column in ChairmanSequence(draws).slots(start, stop)] == whole
    assert order.counts_before(start).tolist() == [
        int((order.slots(0, start)[0] == source).sum()) for source in range(len(draws))
    ]


def test_draws_near_the_largest_do_not_overflow() -> None:
    draws = [2**40 // 3, 2**40 // 5, 7, 1, *[2**36 + i for i in range(8)]]
    order = ChairmanSequence(draws)
    sources, _ = order.slots(0, 5000)
    counts = np.bincount(sources, minlength=len(draws))
    assert all(abs(int(c) * order.total - 5000 * n) < order.total for c, n in zip(counts, draws, strict=True))


def test_slots_outside_are_refused() -> None:
    with pytest.raises(IndexError, match="slots 2 to 4 of 3"):
        ChairmanSequence([1, 2]).slots(2, 4)
    with pytest.raises(ValueError, match="negative"):
        ChairmanSequence([-1])
    with pytest.raises(ValueError, match="64-bit"):
        ChairmanSequence([1 << 61, 1])
