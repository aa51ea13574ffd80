"""Raw files in ranges and groups: every byte once, in order, and tasks that know what they read."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stages.core.storage import FoundFile
from stages.ingest.base import byte_ranges, group_by_bytes, raw_files_of, tasks_by_bytes
from stages.ingest.raw import RawFile


@given(st.integers(0, 5000), st.integers(1, 700))
def test_ranges_cover_every_byte_once(size: int, range_bytes: int) -> None:
    ranges = byte_ranges(size, range_bytes)
    assert ranges[0][0] == 0 and ranges[-1][1] == size
    assert all(left[1] == right[0] for left, right in pairwise(ranges))
    assert max(stop - start for start, stop in ranges) <= range_bytes
    assert len(ranges) == max(1, -(-size // range_bytes))


def test_groups_are_filled_in_order() -> None:
    parts = [("a", 3), ("b", 4), ("c", 9), ("d", 1), ("e", 6)]
    assert group_by_bytes(parts, 7) == [["a", "b"], ["c"], ["d", "e"]]
    assert group_by_bytes([], 7) == []


def test_tasks_read_ranges_of_files_that_can_be_split() -> None:
    files = [FoundFile("/in/a", "a", 10), FoundFile("/in/b", "b", 4)]
    tasks = tasks_by_bytes(files, 5, lambda file: byte_ranges(file.size, 5))
    assert [raw_files_of(task) for task in tasks] == [
        [RawFile("/in/a", "a", 10, start=0, stop=5)],
        [RawFile("/in/a", "a", 10, start=5)],
        [RawFile("/in/b", "b", 4)],
    ]
    assert [raw.num_bytes for task in tasks for raw in raw_files_of(task)] == [5, 5, 4]
    assert [raw_files_of(task) for task in tasks_by_bytes(files, 20)] == [
        [RawFile("/in/a", "a", 10), RawFile("/in/b", "b", 4)]
    ]
