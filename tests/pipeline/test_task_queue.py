"""The next task is of the first stage of the graph that has one."""

from __future__ import annotations

import pytest

from pipeline.task_queue import TaskQueue


def drained(queue: TaskQueue) -> list[tuple[str, int]]:
    return [queue.pop() for _ in range(len(queue))]


def test_the_first_stage_of_the_graph_comes_first_whenever_it_is_ready() -> None:
    queue = TaskQueue(["a", "b", "c"])
    queue.extend("c", range(2))
    queue.extend("a", [5])
    assert (queue.pop(), queue.pop()) == (("a", 5), ("c", 0))
    queue.extend("b", (0, 1))
    queue.extend("a", [6])
    queue.extend("b", [2])
    assert drained(queue) == [("a", 6), ("b", 0), ("b", 1), ("b", 2), ("c", 1)]
    assert len(queue) == 0 and not queue


def test_a_task_that_is_put_back_is_the_next_of_its_stage() -> None:
    queue = TaskQueue(["a", "b"])
    queue.extend("b", range(3))
    assert queue.pop() == ("b", 0)
    queue.put_back("b", 0)
    queue.put_back("a", 7)
    assert drained(queue) == [("a", 7), ("b", 0), ("b", 1), ("b", 2)]


def test_tasks_of_a_stage_are_dropped() -> None:
    queue = TaskQueue(["a", "b"])
    queue.extend("a", range(3))
    queue.extend("b", range(2))
    queue.drop("a")
    assert (len(queue), queue.pop()) == (1 + 1, ("b", 0))
    queue.extend("a", [9])
    assert drained(queue) == [("a", 9), ("b", 1)]
    with pytest.raises(IndexError):
        queue.pop()
