"""A graph of stages in, their finished folders out: plan, skip what is done, run in a pool, retry, record.

Nodes whose inputs are finished run side by side; what they write does not depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.execute import Outcome
from pipeline.graph import RUN_FILE, Graph, Node, RunNode, RunRecord, read_run, sources_of
from pipeline.pools import Pool
from pipeline.progress import Progress
from pipeline.run_failure import kept_failure
from pipeline.run_lock import RunLock
from pipeline.running import Running, tasks_at
from pipeline.waiting import Waiting
from pipeline.watchdog import Watchdog
from stages.core import storage
from stages.core.atomic import delete_leftovers
from stages.core.errors import ConservationError, MachineError, StageFailedError, UserError
from stages.core.given import merge_documents
from stages.core.heartbeat import delete_words, record_at
from stages.core.manifest import (
    EXCHANGE,
    MANIFEST_NAME,
    REPORTS_FOLDER,
    Manifest,
    is_whole,
    read_manifest,
    write_record,
)
from stages.core.sealed import damaged
from stages.core.stage import make_manifest

MAX_ATTEMPTS = 3
MAX_POISONED = 100
"""Raw records of one task that `--on-error ledger` gives up; more of them mean that something else is wrong."""

GIVE_UP_HINT = "`--on-error ledger` makes ledger rows of such records and goes on"
OnError = Literal["stop", "ledger"]
IN_FLIGHT_PER_WORKER = 2


@dataclass(frozen=True)
class RunResult:
    """The manifests of all nodes and given inputs, what this process ran of it, and documents dropped in the whole run."""

    manifests: dict[str, Manifest]
    tasks_run: int
    nodes_run: int
    dropped: int


class Runner:
    """Runs one graph into one run folder."""

    def __init__(
        self,
        graph: Graph,
        run: str,
        name: str,
        progress: Progress,
        on_error: OnError = "stop",
        command: str = "",
    ) -> None:
        """`command` is what a person typed, to be told to whoever asks how to go on."""
        self._graph, self._run, self._name, self._command = graph, run.rstrip("/"), name, command
        self._progress, self._on_error = progress, on_error
        self._watchdog = Watchdog()
        self._fingerprints: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._manifests: dict[str, Manifest] = dict(graph.given)
        self._outputs: tuple[str, ...] = ()
        self._digests: dict[str, str] = {}
        self._tasks_run = 0
        self._nodes_run: set[str] = set()

    def run(self, open_pool: Callable[[], Pool], outputs: Sequence[str] = ()) -> RunResult:
        """Finish every node; `open_pool` is called only when there is work to do."""
        self._fingerprints = self._graph.fingerprints()
        self._outputs = tuple(outputs)
        storage.make_folder(self._run)
        with RunLock(self._run, self._command) as lock, kept_failure(self._run, self._command):
            return self._run_locked(open_pool, lock)

    def _run_locked(self, open_pool: Callable[[], Pool], lock: RunLock) -> RunResult:
        self._folders = self._find_folders()
        self._take_up()
        self._write_record()
        if any(name not in self._manifests for name in self._graph.nodes):
            self._run_opened(open_pool, lock)
        own = [self._manifests[name] for name in self._graph.nodes]
        check_all_read(own)
        dropped = sum(sum(manifest.dropped.values()) for manifest in own)
        return RunResult(self._manifests, self._tasks_run, len(self._nodes_run), dropped)

    def _run_opened(self, open_pool: Callable[[], Pool], lock: RunLock) -> None:
        self._progress.run_started(self._name, sources_of(self._graph))
        try:
            pool = open_pool()
            try:
                self._progress.workers_started(pool.size)
                self._run_nodes(pool, lock)
            finally:
                pool.close()
        finally:
            self._progress.close()

    def _find_folders(self) -> dict[str, str]:
        """Folder of every node: one that ends in its fingerprint when there is one, whatever its number."""
        existing = storage.list_names(self._run)
        folders = {}
        for number, node in enumerate(self._graph.nodes.values()):
            suffix = f"-{node.name}-{self._fingerprints[node.name]}"
            old = [name for name in existing if name.endswith(suffix)]
            folders[node.name] = old[0] if old else f"{number:02d}{suffix}"
        return folders

    def _take_up(self) -> None:
        """The manifests of what earlier runs finished; a UserError when one is not what its run recorded."""
        uri = storage.join(self._run, RUN_FILE)
        known = (
            {node.folder: node.manifest_sha256 for node in read_run(self._run).nodes}
            if storage.exists(uri)
            else {}
        )
        for node in self._graph.nodes.values():
            uri = storage.join(self._folder(node), MANIFEST_NAME)
            if not storage.exists(uri):
                continue
            digest = storage.sha256_file(uri)
            if known.get(self._folders[node.name]) not in (None, digest):
                raise damaged(uri, f"it is not what {RUN_FILE} says")
            manifest = read_manifest(self._folder(node))
            if is_whole(manifest):
                self._manifests[node.name] = manifest
                self._digests[node.name] = digest
                self._progress.node_skipped(node.name, manifest)

    def _folder(self, node: Node) -> str:
        return storage.join(self._run, self._folders[node.name])

    def _write_record(self) -> None:
        nodes = tuple(
            RunNode(
                name=node.name,
                stage=node.stage.stage_name,
                fingerprint=self._fingerprints[node.name],
                folder=self._folders[node.name],
                inputs=self._graph.parts(node.inputs),
                manifest_sha256=self._digests.get(node.name),
            )
            for node in self._graph.nodes.values()
        )
        given = {
            name: "" if name in self._graph.left_behind else manifest.folder
            for name, manifest in self._graph.given.items()
        }
        record = RunRecord(name=self._name, nodes=nodes, given=given, outputs=self._outputs)
        write_record(storage.join(self._run, RUN_FILE), record)

    def _run_nodes(self, pool: Pool, lock: RunLock) -> None:
        waiting = Waiting(self._graph, self._manifests)
        running: dict[str, Running] = {}
        queue: deque[tuple[str, int]] = deque()
        in_flight: set[tuple[str, int]] = set()
        while waiting or running:
            lock.check()
            self._join_unions()
            for node in waiting.ready():
                waiting.start(node)
                try:
                    started = self._start(node)
                except UserError as error:
                    waiting.give_up(node, error)
                    continue
                running[node.name] = started
                queue.extend((node.name, index) for index in started.pending())
                self._go_on(node.name, running, queue)
            while queue and len(in_flight) < pool.size * IN_FLIGHT_PER_WORKER:
                name, index = queue.popleft()
                own = running[name]
                pool.submit((name, index), own.stage_of(index), own.tasks[index], alone=index in own.died)
                in_flight.add((name, index))
            self._progress.at_work(tasks_at(running, in_flight), len(in_flight), len(queue))
            if not in_flight:
                self._join_unions()
                if waiting and not queue and not waiting.ready():
                    first = waiting.first
                    raise RuntimeError(f"nothing runs, and {first.name} waits for {first.inputs}")
                continue
            for (name, index), outcome in pool.finished():
                in_flight.remove((name, index))
                if name not in running:  # given up
                    continue
                if outcome.mistake is not None:
                    waiting.give_up(running.pop(name).node, UserError(outcome.mistake))
                    self._progress.node_given_up(name)
                    queue = deque(one for one in queue if one[0] != name)
                elif self._record(running[name], index, outcome):
                    self._go_on(name, running, queue)
                else:
                    queue.appendleft((name, index))
            self._watch(running, in_flight, pool)
        waiting.end()

    def _join_unions(self) -> None:
        """Put together the documents of nodes that are finished and that others read as one input."""
        for name, parts in self._graph.unions.items():
            if name not in self._manifests and all(part in self._manifests for part in parts):
                self._manifests[name] = merge_documents([self._manifests[part] for part in parts])

    def _watch(self, running: dict[str, Running], in_flight: set[tuple[str, int]], pool: Pool) -> None:
        """End tasks that their own alarm does not reach."""
        for name, index in sorted(key for key in in_flight if key[0] in running):
            node = running[name]
            if self._watchdog.is_stuck((name, index), record_at(node.folder, node.tasks[index].id)):
                pool.kill((name, index))

    def _start(self, node: Node) -> Running:
        folder = self._folder(node)
        storage.make_folder(storage.join(folder, REPORTS_FOLDER))
        _clean(folder)
        tasks = [task.at(folder) for task in node.stage.plan([self._manifests[name] for name in node.inputs])]
        started = Running(node, folder, tasks)
        started.take_reports()
        self._progress.node_started(node.name, len(tasks), list(started.reports.values()))
        self._nodes_run.add(node.name)
        return started

    def _go_on(self, name: str, running: dict[str, Running], queue: deque[tuple[str, int]]) -> None:
        """Where all tasks of a node are done, begin the second level of its exchange, or finish the node."""
        own = running[name]
        if own.is_through and own.merges_from is None:
            queue.extend((name, index) for index in own.begin_merging())
            self._progress.node_grew(name, own.grown())
        if own.is_through:
            self._finish(running.pop(name))

    def _record(self, running: Running, index: int, outcome: Outcome) -> bool:
        """Take the outcome of an attempt; False when the task must be tried again."""
        if outcome.trouble is not None:
            raise MachineError(outcome.trouble)
        if outcome.report is None:
            self._try_again(running, index, outcome)
            return False
        running.reports[index] = outcome.report
        self._tasks_run += 1
        self._progress.task_finished(running.node.name, outcome.report)
        return True

    def _try_again(self, running: Running, index: int, outcome: Outcome) -> None:
        """Count a failed attempt; a StageFailedError after the last, unless the record that is to blame may be given up."""
        task = running.tasks[index]
        record = outcome.record
        if outcome.has_died:
            running.died.add(index)
            record = record_at(running.folder, task.id)
        attempts = running.attempts[index] = running.attempts.get(index, 0) + 1
        if attempts >= MAX_ATTEMPTS:
            can_give_up = record is not None and len(task.poisoned) < MAX_POISONED
            if record is None or self._on_error == "stop" or not can_give_up:
                hint = "" if record is None else f"\nat {record}; {GIVE_UP_HINT}"
                raise StageFailedError(running.node.name, task.id, MAX_ATTEMPTS, (outcome.trace or "") + hint)
            running.tasks[index] = replace(task, poisoned=(*task.poisoned, record))
            running.attempts[index] = 0
            self._progress.record_given_up(running.node.name, record)
            return
        self._progress.task_retried(running.node.name, task.id, outcome.trace or "")

    def _finish(self, running: Running) -> None:
        node = running.node
        if running.attempts:  # a worker that was killed leaves what it was writing
            _clean(running.folder)
        reports = [running.reports[i] for i in range(len(running.tasks))]
        inputs = [self._manifests[name] for name in node.inputs]
        manifest = make_manifest(
            node.name,
            node.stage,
            self._fingerprints[node.name],
            inputs,
            running.tasks,
            reports,
            running.folder,
        )
        self._digests[node.name] = write_record(storage.join(running.folder, MANIFEST_NAME), manifest)
        self._manifests[node.name] = manifest
        self._write_record()
        self._progress.node_finished(node.name, manifest)


def _clean(folder: str) -> None:
    """Delete what killed attempts left in a stage's folder."""
    delete_leftovers(folder)
    delete_words(folder)


def check_all_read(manifests: Sequence[Manifest]) -> None:
    """A ConservationError when a run is over and no stage of it read the rows of an exchange."""
    read = {stage for manifest in manifests for stage in manifest.rows_read}
    for manifest in manifests:
        if manifest.rows(EXCHANGE) and manifest.fingerprint not in read:
            raise ConservationError(f"stage {manifest.node}: no stage read the rows that it sent")
