"""Nodes under way: their tasks and their reports so far, in two waves where an exchange has two levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from pipeline.execute import Step
from pipeline.fusing import WAYS, way_of
from pipeline.graph import Node
from pipeline.report_batches import ReportBatches, read_reports
from stages.core import storage
from stages.core.manifest import DOCUMENTS, REPORTS_FOLDER, ShardReport
from stages.core.merge import MergeParts, second_level
from stages.core.names import without_number
from stages.core.stage import AnyStage, RecordName, Task

MAX_HEARD = 64
"""Tasks whose words are read: each is a file, and a screen has room for fewer."""


@dataclass
class Running:
    """A node under way: its folder, tasks, reports so far; tasks from `merges_from` on merge what the others sent.

    `followers` run in the same tasks, each on what the node before it hands on.
    """

    node: Node
    folder: str
    tasks: list[Task[Any]]
    followers: tuple[Running, ...] = ()
    merges_from: int | None = None
    reports: dict[int, ShardReport] = field(default_factory=dict)
    batches: ReportBatches = field(init=False)
    attempts: dict[int, int] = field(default_factory=dict)
    died: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.batches = ReportBatches(self.folder)

    def open_folders(self) -> None:
        """Make the folders of the members, without what another way of running left there; name the tasks by the way."""
        last = self.members[-1]
        for member in self.members:
            way = way_of(follows=member is not self, hands_on=member is not last)
            member.tasks = [replace(task, id=way + task.id) for task in member.tasks]
            delete_other_ways(member.folder, way)
            storage.make_folder(storage.join(member.folder, REPORTS_FOLDER))

    @property
    def members(self) -> tuple[Running, ...]:
        """The node and those that follow it."""
        return (self, *self.followers)

    @property
    def is_through(self) -> bool:
        """Whether every task that is known so far is done."""
        return len(self.reports) == len(self.tasks)

    def stage_of(self, index: int) -> AnyStage:
        """The stage that runs a task."""
        is_merge = self.merges_from is not None and index >= self.merges_from
        return MergeParts() if is_merge else self.node.stage

    def steps(self, index: int) -> tuple[Step, ...]:
        """What an attempt at a task runs."""
        first = Step(self.stage_of(index), self.tasks[index])
        return (first, *(Step(one.node.stage, one.tasks[index]) for one in self.followers))

    def add_reports(self, index: int, reports: Sequence[ShardReport]) -> None:
        """Take what an attempt reported."""
        for member, report in zip(self.members, reports, strict=True):
            member.reports[index] = report
            member.batches.add(report)

    def give_up_record(self, index: int, record: RecordName) -> None:
        """Pass over a raw record when a task is tried again, as often as at first."""
        task = self.tasks[index]
        self.tasks[index] = replace(task, poisoned=(*task.poisoned, record))
        self.attempts[index] = 0

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
        """Take up what earlier runs left of the tasks from `first` on: of those that every member finished."""
        for member in self.members:
            member._take_own(first, hands_on=member is not self.members[-1])
        whole = set.intersection(*(set(member.reports) for member in self.members))
        for member in self.members:
            member.reports = {index: member.reports[index] for index in sorted(whole)}

    def _take_own(self, first: int, *, hands_on: bool) -> None:
        # Two listings, since asking a remote store for each of 100,000 reports would take minutes.
        done, self.batches.written = read_reports(self.folder, [task.id for task in self.tasks[first:]])
        there = set(storage.list_files(self.folder))
        for index, task in enumerate(self.tasks[first:], first):
            report = done.get(task.id)
            # A shard that somebody deleted is made again.
            if report is not None and all(
                file.name in there if file.kept else hands_on and file.kind == DOCUMENTS
                for file in report.files
            ):
                self.reports[index] = report

    def grown(self) -> Sequence[ShardReport | None]:
        """For each task of the second level its report, where an earlier run left one."""
        first = len(self.tasks) if self.merges_from is None else self.merges_from
        return [self.reports.get(index) for index in range(first, len(self.tasks))]


def delete_other_ways(folder: str, way: str) -> None:
    """Empty a stage's folder of what was done in another way: files of the one would lie beside files of the other."""
    reports = storage.list_names(storage.join(folder, REPORTS_FOLDER))
    ways = {without_number(name.removesuffix(".json")) for name in reports if name.endswith(".json")}
    if (ways & set(WAYS)) - {way}:
        storage.delete_folder(folder)


def tasks_at(
    running: Mapping[str, Running], in_flight: Iterable[tuple[str, int]]
) -> Iterator[tuple[str, str, str]]:
    """What the workers are at: stage, its folder, and task; of a large cluster's some."""
    there = (key for key in in_flight if key[0] in running)
    for name, index in islice(there, MAX_HEARD):
        for member in running[name].members:
            yield member.node.name, member.folder, member.tasks[index].id
