"""Tasks of stages that may run in, the next one to run out: of the first stage of the graph that has one.

So a source goes through its stages before the next is begun, and its intermediates may go (`keep: outputs`): in the order
in which stages become ready, all raw files would be read before the first of their documents is looked at again.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable


class TaskQueue:
    """Tasks (stage, index) that wait; `stages` are the names of all in the graph's order."""

    def __init__(self, stages: Iterable[str]) -> None:
        self._stages = list(stages)
        self._places = {name: place for place, name in enumerate(self._stages)}
        self._waiting: dict[int, deque[int]] = {}
        self._heap: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, stage: str, tasks: Iterable[int]) -> None:
        """Add tasks of a stage, behind those of it that wait."""
        own = self._of(stage)
        before = len(own)
        own.extend(tasks)
        self._size += len(own) - before

    def put_back(self, stage: str, task: int) -> None:
        """Add a task of a stage, before those of it that wait."""
        self._of(stage).appendleft(task)
        self._size += 1

    def pop(self) -> tuple[str, int]:
        """Take the next task; an IndexError when none waits."""
        while not self._waiting[self._heap[0]]:
            del self._waiting[heapq.heappop(self._heap)]
        self._size -= 1
        return self._stages[self._heap[0]], self._waiting[self._heap[0]].popleft()

    def drop(self, stage: str) -> None:
        """Forget the tasks of a stage."""
        own = self._of(stage)
        self._size -= len(own)
        own.clear()

    def _of(self, stage: str) -> deque[int]:
        place = self._places[stage]
        if place not in self._waiting:
            self._waiting[place] = deque()
            heapq.heappush(self._heap, place)
        return self._waiting[place]
