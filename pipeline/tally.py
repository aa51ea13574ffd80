"""What the runner does in, how far a run is out: its stages, tasks, documents, bytes, the time left, what limits it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stages.core.manifest import ShardReport

Clock = Callable[[], float]

_STEPS = re.compile(r"\bstep (\d+)/(\d+)\b")
"""How a task that takes long says where it is, as a training does."""

_LEAST_SECONDS = 1e-6


@dataclass
class StageTally:
    """A stage under way: tasks and those done, bytes read, documents; `_before` of them an earlier run did.

    `word` is what a task said last, `share_of_task` how far that task is by it.
    """

    name: str
    source: str
    tasks: int
    clock: Clock = field(default=time.perf_counter, repr=False)
    done: int = 0
    bytes_in: int = 0
    kept: int = 0
    dropped: int = 0
    tasks_before: int = 0
    bytes_before: int = 0
    started: float = 0.0
    word: str = ""
    share_of_task: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.clock()

    def add(self, report: ShardReport, is_before: bool = False) -> None:
        """Count a task that is done."""
        self.done += 1
        self.bytes_in += report.bytes_in
        self.kept += report.documents_out
        self.dropped += sum(report.dropped.values())
        self.share_of_task = 0.0
        if is_before:
            self.tasks_before += 1
            self.bytes_before += report.bytes_in

    def say(self, word: str) -> None:
        """Take up what a task says of itself."""
        self.word = word
        if (found := _STEPS.search(word)) is not None:
            self.share_of_task = min(1.0, int(found[1]) / max(1, int(found[2])))

    @property
    def seconds(self) -> float:
        """Since this process began the stage."""
        return max(_LEAST_SECONDS, self.clock() - self.started)

    @property
    def mb_per_second(self) -> float:
        """MB of input since this process began the stage."""
        return (self.bytes_in - self.bytes_before) / 1e6 / self.seconds

    @property
    def share(self) -> float:
        """How much of its tasks is done, 0 to 1."""
        return min(1.0, (self.done + self.share_of_task) / max(1, self.tasks))

    @property
    def seconds_left(self) -> float | None:
        """What the tasks left take at the pace of this process; None before there is one."""
        done_now = self.done - self.tasks_before + self.share_of_task
        if done_now <= 0:
            return None
        return self.seconds / done_now * max(0.0, self.tasks - self.done - self.share_of_task)


@dataclass
class RunTally:
    """A run: how many stages it has, what became of them, and what its workers are at."""

    name: str = ""
    stages: int = 0
    clock: Clock = field(default=time.perf_counter, repr=False)
    done_before: int = 0
    done_now: int = 0
    under_way: dict[str, StageTally] = field(default_factory=dict)
    bytes_in: int = 0
    kept: int = 0
    dropped: int = 0
    tasks_done: int = 0
    tasks_retried: int = 0
    records_given_up: int = 0
    workers: int = 0
    in_flight: int = 0
    queued: int = 0
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def stages_done(self) -> int:
        """By this process and by earlier ones."""
        return self.done_before + self.done_now

    @property
    def seconds(self) -> float:
        """Since this process began."""
        return max(_LEAST_SECONDS, self.clock() - self.started)

    @property
    def mb_per_second(self) -> float:
        """MB of input of all stages since this process began."""
        return self.bytes_in / 1e6 / self.seconds

    @property
    def share(self) -> float:
        """How much of the stages is done, 0 to 1: each counts as one, whatever it takes."""
        begun = sum(stage.share for stage in list(self.under_way.values()))
        return min(1.0, (self.stages_done + begun) / max(1, self.stages))

    @property
    def seconds_left(self) -> float | None:
        """What the stages left take at the pace of those done, at least what those under way take; None before any."""
        share_now = self.share - self.done_before / max(1, self.stages)
        known = [left for stage in list(self.under_way.values()) if (left := stage.seconds_left) is not None]
        if self.done_now == 0 or share_now <= 0:
            return max(known, default=None)
        return max(self.seconds * (1 - self.share) / share_now, *known, 0.0)

    @property
    def limit(self) -> str:
        """In words, what keeps the run from going faster."""
        if self.workers == 0:
            return "the workers are starting"
        waiting = self.queued + max(0, self.in_flight - self.workers)
        if waiting:
            tasks = "task waits" if waiting == 1 else "tasks wait"
            return f"{self.workers:,} of {self.workers:,} workers busy, {waiting:,} {tasks} for one"
        busy = f"{min(self.in_flight, self.workers):,} of {self.workers:,} workers busy"
        if self.in_flight >= self.workers:
            return busy
        slow = [stage.name for stage in list(self.under_way.values()) if stage.done < stage.tasks]
        return f"{busy}: the rest waits for {', '.join(slow[:2])}" if slow else busy
