"""Open addressing against a dict of Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.hash.first_equal import count_repeats
from stages.kernels.hash.hash_table import (
    MIN_SLOTS,
    cleared,
    find_key,
    find_or_add,
    find_place,
    slots_for,
    spread,
)

KEYS = st.one_of(st.integers(0, 20), st.integers(0, 20).map(lambda n: n << 40), st.integers(0, 2**64 - 1))
"""Few keys that repeat, and some of equal lower bits, which fall into one slot."""

HASHES = st.sampled_from([lambda key: key, lambda key: np.uint64(spread(key)), lambda _: np.uint64(5)])
"""Of well mixed keys, of others, and the worst one."""

Hash = Callable[[np.uint64], np.uint64]


def test_a_table_is_a_power_of_two_and_has_room() -> None:
    assert [slots_for(count) for count in (0, 8, 9, 16, 17, 1000)] == [16, 16, 32, 32, 64, 2048]
    assert [slots_for(count, 1.5) for count in (0, 10, 11, 21, 22)] == [16, 16, 32, 32, 64]


def test_a_search_goes_on_to_the_next_slot_and_around_the_end() -> None:
    keys = np.array([14, 30, 15, 14, 1], np.uint64)
    table = np.zeros(MIN_SLOTS, np.int32)
    assert [find_or_add(table, keys[i], keys, i) for i in range(5)] == [0, 1, 2, 0, 4]
    assert np.flatnonzero(table).tolist() == [0, 1, 14, 15]
    assert table[[14, 15, 0, 1]].tolist() == [1, 2, 3, 5]
    assert [find_place(table, key, keys, key) for key in keys] == [14, 15, 0, 14, 1]
    assert find_place(table, np.uint64(46), keys, np.uint64(46)) == 2


def test_stale_indexes_are_free() -> None:
    keys = np.array([3, 4, 3], np.uint64)
    table = np.zeros(MIN_SLOTS, np.int64)
    table[[3, 4]] = [1, 2]
    assert find_place(table, keys[2], keys, keys[2], 2) == 3
    assert find_place(table, np.uint64(19), keys, np.uint64(19)) == 5
    assert find_place(table, np.uint64(19), keys, np.uint64(19), 1) == 3


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64])
def test_room_is_cleared_and_replaced_only_when_it_is_too_small(dtype: type) -> None:
    room = np.full(64, 7, dtype)
    same, table = cleared(room, 10)
    assert same is room or np.shares_memory(same, room)
    assert (table.tolist(), room.tolist()) == ([0] * 32, [0] * 32 + [7] * 32)
    larger, table = cleared(room, 33)
    assert (len(larger), table.tolist(), larger.dtype) == (128, [0] * 128, dtype)


@given(st.lists(KEYS, max_size=60), st.lists(KEYS, max_size=20), HASHES)
def test_indexes_equal_a_dict(keys: list[int], wanted: list[int], hashed: Hash) -> None:
    held = np.array(keys, np.uint64)
    table = np.zeros(slots_for(len(keys)), np.int64)
    first: dict[int, int] = {}
    for index, key in enumerate(held):
        assert find_or_add(table, hashed(key), held, index) == first.setdefault(int(key), index)
    for key in np.array(wanted, np.uint64):
        assert table[find_place(table, hashed(key), held, key)] - 1 == first.get(int(key), -1)


@given(st.lists(KEYS.filter(bool), max_size=60), st.lists(KEYS.filter(bool), max_size=20), HASHES)
def test_keys_equal_a_set(keys: list[int], wanted: list[int], hashed: Hash) -> None:
    table = np.zeros(slots_for(len(keys)), np.uint64)
    for key in np.array(keys, np.uint64):
        table[find_key(table, hashed(key), key)] = key
    assert sorted(table[table != 0].tolist()) == sorted(set(keys))
    for key in np.array(wanted, np.uint64):
        assert table[find_key(table, hashed(key), key)] == (int(key) if int(key) in keys else 0)


@given(st.lists(st.tuples(KEYS, st.integers(0, 9)), max_size=60))
def test_repeats_are_counted_with_their_characters(lines: list[tuple[int, int]]) -> None:
    keys = np.array([key for key, _ in lines], np.uint64)
    chars = np.array([length for _, length in lines], np.int32)
    came = [lines[i][0] in {key for key, _ in lines[:i]} for i in range(len(lines))]
    repeats, repeated_chars, room = count_repeats(keys, chars, len(lines), np.ones(MIN_SLOTS, np.int32))
    assert (repeats, repeated_chars) == (sum(came), int(chars[came].sum()))
    assert len(room) == max(MIN_SLOTS, slots_for(len(lines)))
