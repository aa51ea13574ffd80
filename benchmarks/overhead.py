"""`python -m benchmarks.overhead`: tasks that do nothing in, what the engine takes for each out; or the work in a run.

A task's fixed costs are the driver's (plan, queue, report, manifest), Ray's (to hand it to a worker and its outcome back)
and the worker's (imports, kernels out of their cache, models), which it pays once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from cyclopts import App

from pipeline.graph import Graph, run_manifests
from pipeline.pools import InlinePool, Pool, RayPool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.manifest import Manifest, ShardReport, read_report
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter

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


@app.command
def share(run: Path, /, *, seconds: float, workers: int = 2) -> None:
    """The share of the workers' time in which tasks of a finished run ran; the rest is the engine's, waiting, and starts.

    Parameters
    ----------
    run
        its folder
    seconds
        the wall time that the command took
    workers
        its workers
    """
    manifests = run_manifests(str(run)).values()
    reports = [read_report(one.folder, task) for one in manifests for task in one.reports]
    inside = sum(report.measured.seconds for report in reports if report is not None)
    print(
        f"{len(reports):,} tasks took {inside:.1f} s of {workers} x {seconds:.1f} s: {inside / workers / seconds:.0%};"
        f" {1000 * (workers * seconds - inside) / len(reports):.0f} ms a task beside them"
    )


if __name__ == "__main__":
    app()
