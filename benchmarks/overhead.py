"""`python -m benchmarks.overhead`: tasks that do nothing in, what the engine takes for each out; or the work in a run.

A task's fixed costs are the driver's (plan, queue, report, manifest), Ray's (to hand it to a worker and its outcome back)
and the worker's (imports, kernels out of their cache, models), which it pays once.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from cyclopts import App

from pipeline.graph import Graph, run_manifests
from pipeline.pools import InlinePool, Pool, RayPool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.manifest import Manifest, ShardReport, read_report, report_uri
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter

MOST_ALONE = 6
"""Stages that are named of those whose task ran alone."""

app = App(name="overhead", help="What the engine takes for a task.")


class Nothing(Stage[None]):
    """`tasks` tasks that read and write nothing but their reports."""

    stage_name: ClassVar[str] = "nothing"

    tasks: int

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """Without input."""
        return [Task(task_id(i), (), None) for i in range(self.tasks)]

    def run(self, task: Task[None]) -> ShardReport:
        """Only what every task does."""
        with TaskWriter(task, self.stage_name) as out:
            pass
        return out.report


@app.command
def tasks(*, tasks: int = 2000, workers: int = 2) -> None:
    """Milliseconds a task, in this process and by Ray's workers of this machine; a Markdown table.

    Parameters
    ----------
    tasks
        tasks that do nothing
    workers
        processes of Ray
    """
    print("| where | to the first task, s | ms a task |\n|---|---|---|")
    ways: tuple[tuple[str, Callable[[], Pool]], ...] = (
        ("this process", InlinePool),
        (f"{workers} workers of Ray", lambda: RayPool(workers, None)),
    )
    for name, open_pool in ways:
        with tempfile.TemporaryDirectory() as folder:
            pool, first = _timed(open_pool, folder, 2 * workers)
            with tempfile.TemporaryDirectory() as other:
                began = time.perf_counter()
                _run(other, lambda: pool, tasks)  # noqa: B023 - called before the loop goes on
                each = (time.perf_counter() - began) / tasks
        print(f"| {name} | {first:.2f} | {1000 * each:.2f} |", flush=True)


def _timed(open_pool: Callable[[], Pool], folder: str, tasks: int) -> tuple[Pool, float]:
    """A pool whose workers have run a task each, and the seconds that took; closing is left out."""
    began = time.perf_counter()
    pool = open_pool()
    _run(folder, lambda: pool, tasks)
    return pool, time.perf_counter() - began


def _run(folder: str, open_pool: Callable[[], Pool], tasks: int) -> None:
    graph = Graph()
    graph.add("nothing", Nothing(tasks=tasks))
    Runner(graph, folder, "overhead", Progress(quiet=True)).run(lambda: _Open(open_pool()), ["nothing"])


class _Open:
    """A pool that stays open for the next run."""

    def __init__(self, pool: Pool) -> None:
        self.size, self.submit, self.finished, self.kill = pool.size, pool.submit, pool.finished, pool.kill

    def close(self) -> None:
        """Not yet."""


@dataclass(frozen=True)
class Ran:
    """A task of a finished run: its stage, and when it began and ended, in seconds of the clock."""

    stage: str
    began: float
    ended: float


def busy_seconds(ran: Sequence[Ran]) -> tuple[dict[int, float], dict[str, float]]:
    """Seconds in which so many tasks ran, from the first begin to the last end; of those of one task, by its stage."""
    moments = sorted([(one.began, 1, one.stage) for one in ran] + [(one.ended, -1, one.stage) for one in ran])
    by_number: dict[int, float] = {}
    alone: dict[str, float] = {}
    running: Counter[str] = Counter()
    for (at, step, stage), (following, *_) in pairwise(moments):
        running[stage] += step
        number = running.total()
        by_number[number] = by_number.get(number, 0.0) + following - at
        if number == 1:
            (name,) = +running
            alone[name] = alone.get(name, 0.0) + following - at
    return by_number, alone


@app.command
def share(run: Path, /, *, seconds: float, workers: int = 2) -> None:
    """The share of the workers' time in which tasks of a finished run ran, and what the rest went for.

    When a task ended is taken from its report's file, so the run must lie on a local disk and not be a copy.

    Parameters
    ----------
    run
        its folder
    seconds
        the wall time that the command took
    workers
        its workers
    """
    ran = [
        Ran(one.stage, ended - report.measured.seconds, ended)
        for one in run_manifests(str(run)).values()
        for task in one.reports
        if (report := read_report(one.folder, task)) is not None
        for ended in [Path(report_uri(one.folder, task)).stat().st_mtime]
    ]
    inside = sum(one.ended - one.began for one in ran)
    by_number, alone = busy_seconds(ran)
    span = sum(by_number.values())
    print(
        f"{len(ran):,} tasks took {inside:.1f} s of {workers} x {seconds:.1f} s: {inside / workers / seconds:.0%}"
    )
    print(f"- before the first task and after the last one: {seconds - span:.1f} s")
    for number, spent in sorted(by_number.items()):
        print(f"- {number} tasks at a time: {spent:.1f} s")
    for stage, spent in sorted(alone.items(), key=lambda item: -item[1])[:MOST_ALONE]:
        print(f"  - alone {stage}: {spent:.1f} s")


if __name__ == "__main__":
    app()
