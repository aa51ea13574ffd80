"""When tasks ran, and how many at a time."""

from __future__ import annotations

from benchmarks.overhead import Ran, busy_seconds


def test_how_many_tasks_ran_at_a_time() -> None:
    ran = [Ran("a", 0.0, 4.0), Ran("a", 1.0, 2.0), Ran("b", 3.0, 5.0), Ran("c", 7.0, 8.0)]
    by_number, alone = busy_seconds(ran)
    assert by_number == {1: 1.0 + 1.0 + 1.0 + 1.0, 2: 1.0 + 1.0, 0: 2.0}
    assert alone == {"a": 2.0, "b": 1.0, "c": 1.0}


def test_tasks_that_follow_at_once_leave_no_gap() -> None:
    assert busy_seconds([Ran("a", 0.0, 1.0), Ran("b", 1.0, 2.0)])[0].get(0, 0.0) == 0.0
