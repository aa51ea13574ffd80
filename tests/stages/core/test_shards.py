"""Which shards share a task: neighbours that are many and small, by their text alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import shards
from stages.core.manifest import Manifest
from stages.core.shards import group_ranges, shard_groups

MB = 1 << 20


def test_few_shards_have_a_task_each_however_small() -> None:
    assert list(group_ranges([1] * 1024)) == [(at, at + 1) for at in range(1024)]
    assert list(group_ranges([])) == []


def test_many_shards_share_tasks_of_a_full_shards_text() -> None:
    ranges = list(group_ranges([100 * MB] * 5000))
    assert ranges[:2] == [(0, 2), (2, 4)] and len(ranges) == 2500


def test_tasks_stay_about_as_many_as_shards_that_are_not_put_together() -> None:
    """1,100 shards of 1 MB: 256 of them would be one task's text, and four tasks of all."""
    assert len(list(group_ranges([MB] * 1100))) == 1100
    assert len(list(group_ranges([MB] * 2049))) == 1025


def test_neighbours_up_to_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "UNGROUPED_SHARDS", 2)
    monkeypatch.setattr(shards, "GROUPED_TEXT_BYTES", 100)
    monkeypatch.setattr(shards, "GROUPED_SHARDS", 3)
    sizes = [60, 40, 1, 0, 0, 0, 0, 500, 99, 2, 98]
    assert list(group_ranges(sizes)) == [(0, 2), (2, 5), (5, 7), (7, 8), (8, 9), (9, 11)]
    assert list(group_ranges([100, 0, 101])) == [(0, 2), (2, 3)]
    assert list(group_ranges([9, 9])) == [(0, 1), (1, 2)]


@given(st.lists(st.integers(0, 300), max_size=60))
def test_every_shard_is_in_one_task_in_order(sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "UNGROUPED_SHARDS", 5)
        patch.setattr(shards, "GROUPED_TEXT_BYTES", 200)
        ranges = list(group_ranges(sizes))
    assert [at for start, stop in ranges for at in range(start, stop)] == list(range(len(sizes)))
    assert all(sum(sizes[start:stop]) <= 200 for start, stop in ranges if stop - start > 1)


def test_shards_of_several_inputs_lie_side_by_side(
    make_documents: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "UNGROUPED_SHARDS", 1)
    monkeypatch.setattr(shards, "GROUPED_TEXT_BYTES", 10)

    def rows(size: int) -> list[dict[str, Any]]:
        return [{"id": "c4/a", "text": "x" * size}]

    one, two = make_documents(rows(6), rows(5)), make_documents(rows(5), rows(9))
    a, b, c, d = [*one.uris("documents"), *two.uris("documents")]
    assert shard_groups([one, two]) == [(a,), (b, c), (d,)]
