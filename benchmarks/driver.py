"""`python -m benchmarks.driver`: tasks and a simulated cluster in, what the driver takes for them, and the whole time, out.

The runner is the real one, with its run folder, reports and manifest; only the workers are simulated: a task takes a time
of its own (log-normal), some nodes are slow, nodes are lost with what runs on them, and reports are like those of an ingest.
"""

from __future__ import annotations

import heapq
import multiprocessing
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from cyclopts import App

from benchmarks.measure import forget_peak_memory, peak_memory_bytes
from pipeline.execute import Outcome, Step
from pipeline.graph import Graph
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core.manifest import DOCUMENTS, LEDGER, FileInfo, Manifest, ShardReport, SourceTotals, report_uri
from stages.core.sealed import sealed
from stages.core.stage import Stage, Task, task_id

SPREAD = 0.3
"""Of the logarithm of a task's time."""

SLOW_NODES, SLOWNESS = 0.01, 3.0
HEADER = (
    "tasks",
    "nodes x cores",
    "driver ms a task",
    "peak MB",
    "taken up again, s",
    "MB of manifest",
    "hours simulated",
    "of these needed",
    "tasks lost with nodes",
)

app = App(name="driver", help="What the driver of a run takes for many tasks on a simulated cluster.")


class Shards(Stage[None]):
    """A stage of `tasks` raw files; nobody runs it."""

    stage_name: ClassVar[str] = "shards"

    tasks: int

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """A task for each file."""
        name = "s3://crawl/segments/{:05d}/file-{:06d}.warc.wet.gz"
        return [Task(task_id(i), (name.format(i // 1000, i),), None) for i in range(self.tasks)]

    def run(self, task: Task[None]) -> ShardReport:
        """Never called."""
        raise NotImplementedError


class StoppedError(Exception):
    """The driver is killed."""


class SimulatedPool:
    """A cluster by the clock of a simulation. `worker_seconds` is the time of this process that the simulation took."""

    def __init__(
        self, nodes: int, cores: int, task_seconds: float, node_hours: float, stop_after: int
    ) -> None:
        self.size = nodes * cores
        self._random = np.random.default_rng(1)
        self._slow = set(self._random.choice(nodes, max(1, int(nodes * SLOW_NODES)), replace=False).tolist())
        self._lost_at = self._random.exponential(node_hours * 3600, nodes)
        self._node_seconds, self._task_seconds, self._stop_after = node_hours * 3600, task_seconds, stop_after
        self._free = deque(node for _ in range(cores) for node in range(nodes))
        self._queue: deque[tuple[tuple[str, int], Sequence[Step]]] = deque()
        self._running: list[tuple[float, int, int, float]] = []
        self._what: dict[int, tuple[tuple[str, int], Sequence[Step]]] = {}
        self._number = self.done = self.lost = 0
        self.clock = self.needed_seconds = self.worker_seconds = 0.0

    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None:
        """Queue a task."""
        self._queue.append((key, steps))
        self._start()

    def _start(self) -> None:
        while self._queue and self._free:
            node = self._free.popleft()
            seconds = self._task_seconds * float(self._random.lognormal(0, SPREAD))
            self._number += 1
            self._what[self._number] = self._queue.popleft()
            taken = seconds * (SLOWNESS if node in self._slow else 1)
            heapq.heappush(self._running, (self.clock + taken, self._number, node, seconds))

    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]:
        """The task that ends next; lost where its node was lost before."""
        began = time.process_time()
        self.clock, number, node, seconds = heapq.heappop(self._running)
        key, steps = self._what.pop(number)
        self._free.append(node)
        if self.clock > self._lost_at[node]:  # another machine takes its place, and is lost in its turn
            self._lost_at[node] = self.clock + self._random.exponential(self._node_seconds)
            self.lost += 1
            outcome = Outcome(trace="the node was lost", has_died=True)
        else:
            outcome = Outcome((_reported(steps[0].task),))
            self.needed_seconds += seconds
            self.done += 1
        self._start()
        self.worker_seconds += time.process_time() - began
        if self.done == self._stop_after:
            raise StoppedError
        yield key, outcome

    def kill(self, key: tuple[str, int]) -> None:
        """Nothing hangs here."""

    def close(self) -> None:
        """Nothing is left."""


def _reported(task: Task[Any]) -> ShardReport:
    """What a worker leaves of a WET file of 30,000 pages, its mark written."""
    sources = {"common_crawl": SourceTotals(documents=29_000, text_bytes=150_000_000)}
    shard = FileInfo(
        name=f"documents/{task.id}-00000.parquet",
        kind=DOCUMENTS,
        rows=29_000,
        bytes=60_000_000,
        sha256=task.id.encode().hex().zfill(64),
        sources=sources,
    )
    ledger = FileInfo(
        name=f"ledger/{task.id}.parquet",
        kind=LEDGER,
        rows=1_000,
        bytes=50_000,
        sha256=task.id.encode().hex().zfill(64),
    )
    report = ShardReport(
        task=task.id,
        files=(shard, ledger),
        created=30_000,
        documents_out=29_000,
        bytes_in=130_000_000,
        bytes_out=150_000_000,
        dropped={"too_short": 1_000},
    )
    for file in report.files:
        (Path(task.output) / file.name).parent.mkdir(exist_ok=True)
        (Path(task.output) / file.name).touch()
    Path(report_uri(task.output, task.id)).write_bytes(sealed(report.model_dump(mode="json")))
    return report


@app.default
def main(
    *,
    tasks: tuple[int, ...] = (10_000, 100_000),
    nodes: int = 1_000,
    cores: int = 64,
    task_seconds: float = 15.0,
    node_hours: float = 500.0,
    work_folder: Path | None = None,
) -> None:
    """Run a stage of so many tasks, killed half-way and taken up again, each in a process of its own; a Markdown table.

    Parameters
    ----------
    tasks
        tasks of the stage
    nodes
        machines of the cluster
    cores
        cores of each
    task_seconds
        what a task takes, half of them more
    node_hours
        how long a machine lives, on the average
    work_folder
        where the run's folder goes (default: the system's temporary folder)
    """
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    for count in tasks:
        with tempfile.TemporaryDirectory(dir=work_folder) as folder, _process() as process:
            row = process.apply(_measure, (folder, count, (nodes, cores, task_seconds, node_hours)))
        print("| " + " | ".join(row) + " |", flush=True)


def _process() -> Any:
    return multiprocessing.get_context("spawn").Pool(1)


def _measure(folder: str, tasks: int, cluster: tuple[int, int, float, float]) -> list[str]:
    forget_peak_memory()
    began = time.process_time()
    first, second = SimulatedPool(*cluster, tasks // 2), SimulatedPool(*cluster, -1)
    _run(folder, tasks, first)
    taken_up = time.perf_counter()
    up: list[float] = []
    _run(folder, tasks, second, up)
    seconds = time.process_time() - began - first.worker_seconds - second.worker_seconds
    peak = peak_memory_bytes()
    (manifest,) = Path(folder).glob("*/manifest.json")
    simulated, needed = first.clock + second.clock, first.needed_seconds + second.needed_seconds
    return [
        f"{tasks:,}",
        f"{cluster[0]:,} x {cluster[1]}",
        f"{1000 * seconds / tasks:.2f}",
        f"{peak / 1e6:,.0f}",
        f"{up[0] - taken_up:.1f}",
        f"{manifest.stat().st_size / 1e6:.1f}",
        f"{simulated / 3600:.2f}",
        f"{needed / first.size / simulated:.0%}",
        f"{first.lost + second.lost:,}",
    ]


def _run(folder: str, tasks: int, pool: SimulatedPool, opened: list[float] | None = None) -> None:
    graph = Graph()
    graph.add("shards", Shards(tasks=tasks))
    progress = _FirstSign(opened)
    try:
        Runner(graph, folder, "driver", progress).run(lambda: pool, ["shards"])
    except StoppedError:
        return


class _FirstSign(Progress):
    """Says nothing, and notes when the stage goes on."""

    def __init__(self, opened: list[float] | None) -> None:
        super().__init__(quiet=True)
        self._opened = opened

    def node_started(self, name: str, tasks: int, before: Sequence[ShardReport]) -> None:
        """The reports of the earlier run are read by then."""
        if self._opened is not None:
            self._opened.append(time.perf_counter())
        super().node_started(name, tasks, before)


if __name__ == "__main__":
    app()
