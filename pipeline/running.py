"""A node under way: its tasks and their reports so far, in two waves where its exchange has two levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipeline.graph import Node
from stages.core import storage
from stages.core.manifest import REPORTS_FOLDER, ShardReport, read_report
from stages.core.merge import MergeParts, second_level
from stages.core.stage import AnyStage, Task

MAX_HEARD = 64
"""Tasks whose words are read: each is a file, and a screen has room for fewer."""


@dataclass
class Running:
    """A node under way: its folder, tasks, reports so far; tasks from `merges_from` on merge what the others sent."""

    node: Node
    folder: str
    tasks: list[Task[Any]]
    merges_from: int | None = None
    reports: dict[int, ShardReport] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    died: set[int] = field(default_factory=set)

    @property
    def is_through(self) -> bool:
        """Whether every task that is known so far is done."""
        return len(self.reports) == len(self.tasks)

    def stage_of(self, index: int) -> AnyStage:
        """The stage that runs a task."""
        is_merge = self.merges_from is not None and index >= self.merges_from
        return MergeParts() if is_merge else self.node.stage

    def begin_merging(self) -> list[int]:
        """Add the tasks of the second level, none where the exchange has one; those of them that are to be done."""
        first = self.merges_from = len(self.tasks)
        merges = second_level(self.folder, [self.reports[index] for index in range(first)])
        if not merges:
            return []
        self.tasks += merges
        self.take_reports(first)
        return self.pending(first)

    def pending(self, first: int = 0) -> list[int]:
        """The tasks from `first` on that are to be done."""
        return [index for index in range(first, len(self.tasks)) if index not in self.reports]

    def take_reports(self, first: int = 0) -> None:
        """Take up what earlier runs left of the tasks from `first` on."""
        # Two listings, since asking a remote store for each of 100,000 reports would take minutes.
        done = set(storage.list_names(storage.join(self.folder, REPORTS_FOLDER)))
        there = set(storage.list_files(self.folder))
        for index, task in enumerate(self.tasks[first:], first):
            report = read_report(self.folder, task.id) if f"{task.id}.json" in done else None
            # A shard that somebody deleted is made again.
            if report is not None and all(file.name in there for file in report.files):
                self.reports[index] = report

    def grown(self) -> Sequence[ShardReport | None]:
        """For each task of the second level its report, where an earlier run left one."""
        first = len(self.tasks) if self.merges_from is None else self.merges_from
        return [self.reports.get(index) for index in range(first, len(self.tasks))]


def tasks_at(
    running: Mapping[str, Running], in_flight: Iterable[tuple[str, int]]
) -> Iterator[tuple[str, str, str]]:
    """What the workers are at: stage, its folder, and task; of a large cluster's some."""
    there = (key for key in in_flight if key[0] in running)
    for name, index in islice(there, MAX_HEARD):
        yield name, running[name].folder, running[name].tasks[index].id
