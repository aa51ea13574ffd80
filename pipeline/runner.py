"""A graph of stages in, their finished folders out: plan, skip what is done, run on Ray, retry, record.

The only module that imports ray. Nodes whose inputs are finished run side by side; what they write does not depend on it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.execute import Outcome, execute
from pipeline.graph import RUN_FILE, Graph, Node, RunNode, RunRecord
from pipeline.progress import Progress
from stages.core import storage
from stages.core.errors import UserError
from stages.core.given import merge_documents
from stages.core.heartbeat import last_word
from stages.core.stage import (
    MANIFEST_NAME,
    REPORTS_FOLDER,
    Manifest,
    ShardReport,
    Stage,
    Task,
    make_manifest,
    read_manifest,
    read_report,
    write_record,
)

MAX_ATTEMPTS = 3
IN_FLIGHT_PER_WORKER = 2
SECONDS_BETWEEN_LOOKS = 2.0
OBJECT_STORE_BYTES = 100 << 20
"""Shards travel through storage, so Ray's own object store stays small."""


class StageFailedError(Exception):
    """A task kept failing: node, task and the last attempt's traceback."""

    def __init__(self, node: str, task: str, trace: str) -> None:
        super().__init__(f"stage {node}, task {task} failed {MAX_ATTEMPTS} times")
        self.trace = trace


class Pool(Protocol):
    """Where attempts run. `finished` waits a while for one to end."""

    size: int

    def submit(self, key: tuple[str, int], stage: Stage, task: Task) -> None: ...
    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]: ...
    def close(self) -> None: ...


class InlinePool:
    """Runs every task in this process, one at a time: for tests and debuggers, no Ray."""

    size = 1

    def __init__(self) -> None:
        self._queue: list[tuple[tuple[str, int], Stage, Task]] = []

    def submit(self, key: tuple[str, int], stage: Stage, task: Task) -> None:
        """Queue a task."""
        self._queue.append((key, stage, task))

    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]:
        """Run the next queued task."""
        key, stage, task = self._queue.pop(0)
        yield key, execute(stage, task)

    def close(self) -> None:
        """Forget what is queued."""
        self._queue.clear()


class RayPool:
    """Ray tasks on this machine (`workers` processes) or on a cluster (`address`)."""

    def __init__(self, workers: int, address: str | None) -> None:
        import ray  # here, since a run that has nothing left to do needs no Ray

        self._ray: Any = ray
        if address is None:
            self._ray.init(
                num_cpus=workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
                ignore_reinit_error=True,
            )
        else:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        self.size = max(1, int(self._ray.cluster_resources().get("CPU", workers)))
        # The runner counts attempts by itself, a dead worker's too, so Ray does not retry.
        self._execute = self._ray.remote(max_retries=0)(execute)
        self._running: dict[Any, tuple[str, int]] = {}

    def submit(self, key: tuple[str, int], stage: Stage, task: Task) -> None:
        """Start a task on one core, or on all of one machine when the stage wants them."""
        options: dict[str, int] = {"num_cpus": 1}
        if stage.uses_all_cores:
            # Ray hides every GPU from a task that asks for none.
            has_gpu = self._ray.cluster_resources().get("GPU", 0) >= 1
            is_local = len(self._ray.nodes()) == 1
            options = {"num_cpus": self.size if is_local else 1, "num_gpus": int(has_gpu)}
        self._running[self._execute.options(**options).remote(stage, task)] = key

    def finished(self) -> Iterator[tuple[tuple[str, int], Outcome]]:
        """Wait for a task, but not for long: nothing may come of it."""
        done, _ = self._ray.wait(list(self._running), num_returns=1, timeout=SECONDS_BETWEEN_LOOKS)
        for reference in done:
            key = self._running.pop(reference)
            try:
                yield key, self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                yield key, Outcome(trace=f"the worker process died: {error}")

    def close(self) -> None:
        """Stop what runs and leave Ray."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._ray.shutdown()


@dataclass
class _Running:
    """A node under way: its folder, tasks, reports so far."""

    node: Node
    folder: str
    tasks: list[Task]
    reports: dict[int, ShardReport] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """The manifests of all nodes and given inputs, what this process ran of it, and documents dropped in the whole run."""

    manifests: dict[str, Manifest]
    tasks_run: int
    nodes_run: int
    dropped: int


class Runner:
    """Runs one graph into one run folder."""

    def __init__(self, graph: Graph, run: str, name: str, progress: Progress) -> None:
        self._graph, self._run, self._name = graph, run.rstrip("/"), name
        self._progress = progress
        self._fingerprints: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._manifests: dict[str, Manifest] = dict(graph.given)
        self._tasks_run = 0
        self._nodes_run: set[str] = set()

    def run(self, open_pool: Callable[[], Pool], outputs: Sequence[str] = ()) -> RunResult:
        """Finish every node; `open_pool` is called only when there is work to do."""
        self._fingerprints = self._graph.fingerprints()
        storage.make_folder(self._run)
        self._folders = self._find_folders()
        self._write_record(outputs)
        for node in self._graph.nodes.values():
            names = set(storage.list_names(self._folder(node)))
            if MANIFEST_NAME in names:
                manifest = read_manifest(self._folder(node))
                if all(file.name in names for file in manifest.files):
                    self._manifests[node.name] = manifest
                    self._progress.node_skipped(node.name, manifest)
        if any(name not in self._manifests for name in self._graph.nodes):
            pool = open_pool()
            try:
                self._run_nodes(pool)
            finally:
                pool.close()
                self._progress.close()
        else:
            self._progress.close()
        own = [self._manifests[name] for name in self._graph.nodes]
        dropped = sum(sum(manifest.dropped.values()) for manifest in own)
        return RunResult(self._manifests, self._tasks_run, len(self._nodes_run), dropped)

    def _find_folders(self) -> dict[str, str]:
        """Folder of every node: one that ends in its fingerprint when there is one, whatever its number."""
        existing = storage.list_names(self._run)
        folders = {}
        for number, node in enumerate(self._graph.nodes.values()):
            suffix = f"-{node.name}-{self._fingerprints[node.name]}"
            old = [name for name in existing if name.endswith(suffix)]
            folders[node.name] = old[0] if old else f"{number:02d}{suffix}"
        return folders

    def _folder(self, node: Node) -> str:
        return storage.join(self._run, self._folders[node.name])

    def _write_record(self, outputs: Sequence[str]) -> None:
        nodes = tuple(
            RunNode(
                name=node.name,
                stage=node.stage.stage_name,
                fingerprint=self._fingerprints[node.name],
                folder=self._folders[node.name],
                inputs=self._graph.parts(node.inputs),
            )
            for node in self._graph.nodes.values()
        )
        given = {name: manifest.folder for name, manifest in self._graph.given.items()}
        record = RunRecord(name=self._name, nodes=nodes, given=given, outputs=tuple(outputs))
        write_record(storage.join(self._run, RUN_FILE), record)

    def _run_nodes(self, pool: Pool) -> None:
        waiting = [node for node in self._graph.nodes.values() if node.name not in self._manifests]
        running: dict[str, _Running] = {}
        queue: list[tuple[str, int]] = []
        in_flight: set[tuple[str, int]] = set()
        while waiting or running:
            self._join_unions()
            for node in [n for n in waiting if all(i in self._manifests for i in n.inputs)]:
                waiting.remove(node)
                started = self._start(node)
                pending = [i for i in range(len(started.tasks)) if i not in started.reports]
                running[node.name] = started
                queue += [(node.name, i) for i in pending]
                if not pending:
                    self._finish(running.pop(node.name))
            while queue and len(in_flight) < pool.size * IN_FLIGHT_PER_WORKER:
                name, index = queue.pop(0)
                pool.submit((name, index), running[name].node.stage, running[name].tasks[index])
                in_flight.add((name, index))
            if not in_flight:
                continue
            for (name, index), outcome in pool.finished():
                in_flight.remove((name, index))
                if self._record(running[name], index, outcome):
                    if len(running[name].reports) == len(running[name].tasks):
                        self._finish(running.pop(name))
                else:
                    queue.insert(0, (name, index))
            self._listen(running, in_flight)

    def _join_unions(self) -> None:
        """Put together the documents of nodes that are finished and that others read as one input."""
        for name, parts in self._graph.unions.items():
            if name not in self._manifests and all(part in self._manifests for part in parts):
                self._manifests[name] = merge_documents([self._manifests[part] for part in parts])

    def _listen(self, running: dict[str, _Running], in_flight: set[tuple[str, int]]) -> None:
        """Pass on what long tasks say of themselves."""
        for name, index in sorted(in_flight):
            node = running[name]
            if (word := last_word(node.folder, node.tasks[index].id)) is not None:
                self._progress.task_says(name, word)

    def _start(self, node: Node) -> _Running:
        folder = self._folder(node)
        storage.make_folder(storage.join(folder, REPORTS_FOLDER))
        storage.delete_leftovers(folder)
        tasks = [task.at(folder) for task in node.stage.plan([self._manifests[name] for name in node.inputs])]
        started = _Running(node, folder, tasks)
        done = set(storage.list_names(storage.join(folder, REPORTS_FOLDER)))
        there = set(storage.list_names(folder))
        for index, task in enumerate(tasks):
            # One listing, since asking a remote store for each of 100,000 reports would take minutes.
            report = read_report(folder, task.id) if f"{task.id}.json" in done else None
            # A shard that somebody deleted is made again.
            if report is not None and all(file.name in there for file in report.files):
                started.reports[index] = report
        self._progress.node_started(node.name, len(tasks), list(started.reports.values()))
        self._nodes_run.add(node.name)
        return started

    def _record(self, running: _Running, index: int, outcome: Outcome) -> bool:
        """Take the outcome of an attempt; False when the task must be tried again."""
        if outcome.mistake is not None:
            raise UserError(outcome.mistake)
        if outcome.report is None:
            attempts = running.attempts[index] = running.attempts.get(index, 0) + 1
            task = running.tasks[index].id
            if attempts >= MAX_ATTEMPTS:
                raise StageFailedError(running.node.name, task, outcome.trace or "")
            self._progress.task_retried(running.node.name, task, outcome.trace or "")
            return False
        running.reports[index] = outcome.report
        self._tasks_run += 1
        self._progress.task_finished(running.node.name, outcome.report)
        return True

    def _finish(self, running: _Running) -> None:
        node = running.node
        reports = [running.reports[i] for i in range(len(running.tasks))]
        inputs = [self._fingerprints[name] for name in node.inputs]
        fingerprint = self._fingerprints[node.name]
        manifest = make_manifest(node.name, node.stage, fingerprint, inputs, reports, running.folder)
        write_record(storage.join(running.folder, MANIFEST_NAME), manifest)
        self._manifests[node.name] = manifest
        self._progress.node_finished(node.name, manifest)
