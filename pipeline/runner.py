"""A graph of stages in, their finished folders out: plan, skip what is done, run in a pool, retry, record.

Nodes whose inputs are finished run side by side, the graph's first first; what they write does not depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.execute import Outcome
from pipeline.fusing import can_hand_on, follower, following_tasks, handing_manifest
from pipeline.gate import Gate
from pipeline.graph import Graph, Node, sources_of
from pipeline.manifests import Manifests
from pipeline.pools import Pool
from pipeline.progress import Progress
from pipeline.report_batches import delete_batches
from pipeline.run_failure import kept_failure
from pipeline.run_folder import Keep, RunFolder
from pipeline.run_lock import RunLock
from pipeline.running import Running, tasks_at
from pipeline.task_queue import TaskQueue
from pipeline.waiting import Waiting
from pipeline.watchdog import Watchdog
from stages.core import storage
from stages.core.atomic import delete_leftovers
from stages.core.errors import ConservationError, MachineError, StageFailedError, UserError
from stages.core.given import merge_documents
from stages.core.heartbeat import SECONDS_BETWEEN_WORDS, delete_words, record_at
from stages.core.manifest import EXCHANGE, Manifest
from stages.core.stage import Task, make_manifest, placed_tasks

MAX_ATTEMPTS = 3
MAX_POISONED = 100
"""Raw records of one task that `--on-error ledger` gives up; more of them mean that something else is wrong."""

GIVE_UP_HINT = "`--on-error ledger` makes ledger rows of such records and goes on"
OnError = Literal["stop", "ledger"]
IN_FLIGHT_PER_WORKER = 2
WATCHING_SHARE = 0.05
"""Of the driver's time, that looking at what tasks are at may take."""


@dataclass(frozen=True)
class RunResult:
    """The manifests of all nodes and given inputs, what this process ran of it, and documents dropped in the whole run."""

    manifests: Mapping[str, Manifest]
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
        keep: Keep = "all",
        command: str = "",
        gate: Gate | None = None,
    ) -> None:
        """`command` is what a person typed, to be told to whoever asks how to go on."""
        self._graph, self._run, self._name, self._command = graph, run.rstrip("/"), name, command
        self._progress, self._on_error, self._keep = progress, on_error, keep
        self._gate, self._watchdog = gate or Gate(), Watchdog()
        self._folder: RunFolder
        self._manifests = Manifests(graph.given)
        self._watch_again = 0.0
        self._tasks_run = 0
        self._nodes_run: set[str] = set()

    def run(self, open_pool: Callable[[], Pool], outputs: Sequence[str] = ()) -> RunResult:
        """Finish every node; `open_pool` is called only when there is work to do."""
        storage.make_folder(self._run)
        with RunLock(self._run, self._command) as lock, kept_failure(self._run, self._command):
            return self._run_locked(open_pool, lock, outputs)

    def _run_locked(self, open_pool: Callable[[], Pool], lock: RunLock, outputs: Sequence[str]) -> RunResult:
        fingerprints = self._graph.fingerprints()
        self._folder = RunFolder(self._graph, self._run, self._name, fingerprints, tuple(outputs))
        self._take_up()
        if any(name not in self._manifests for name in self._graph.nodes):
            self._run_opened(open_pool, lock)
        dropped = check_all_read(self._manifests[name] for name in self._graph.nodes)
        return RunResult(self._manifests, self._tasks_run, len(self._nodes_run), dropped)

    def _run_opened(self, open_pool: Callable[[], Pool], lock: RunLock) -> None:
        self._progress.run_started(self._name, sources_of(self._graph))
        try:
            self._gate.before_work(self._manifests)
            pool = open_pool()
            try:
                self._progress.workers_started(pool.size)
                self._run_nodes(pool, lock)
            finally:
                pool.close()
        finally:
            self._progress.close()

    def _take_up(self) -> None:
        for name, manifest in self._folder.take_up().items():
            self._manifests[name] = manifest
            self._progress.node_skipped(name, manifest)
        self._folder.write_record()

    def _run_nodes(self, pool: Pool, lock: RunLock) -> None:
        waiting = Waiting(self._graph, self._manifests)
        running: dict[str, Running] = {}
        queue = TaskQueue(self._graph.nodes)
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
                for member in started.followers:
                    waiting.start(member.node)
                running[node.name] = started
                queue.extend(node.name, started.pending())
                self._go_on(node.name, running, queue)
            while queue and len(in_flight) < pool.size * IN_FLIGHT_PER_WORKER:
                name, index = queue.pop()
                own = running[name]
                pool.submit((name, index), own.steps(index), alone=index in own.died)
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
                    failed = running.pop(name)
                    waiting.give_up(failed.members[outcome.failed_step].node, UserError(outcome.mistake))
                    for member in failed.members:
                        self._progress.node_given_up(member.node.name)
                    queue.drop(name)
                elif self._record(running[name], index, outcome):
                    self._go_on(name, running, queue)
                else:
                    queue.put_back(name, index)
            self._watch(running, in_flight, pool)
        waiting.end()

    def _join_unions(self) -> None:
        """Put together the documents of nodes that are finished and that others read as one input."""
        for name, parts in self._graph.unions.items():
            if name not in self._manifests and all(part in self._manifests for part in parts):
                self._manifests[name] = merge_documents([self._manifests[part] for part in parts])

    def _watch(self, running: dict[str, Running], in_flight: set[tuple[str, int]], pool: Pool) -> None:
        """End tasks that their own alarm does not reach. A cluster has 100,000 under way, so this has a share of the time."""
        began = time.monotonic()
        if began < self._watch_again or "://" in self._run:
            return
        for name, index in sorted(key for key in in_flight if key[0] in running):
            node = running[name]
            if self._watchdog.is_stuck((name, index), record_at(node.folder, node.tasks[index].id)):
                pool.kill((name, index))
        now = time.monotonic()
        self._watch_again = now + max(SECONDS_BETWEEN_WORDS, (now - began) / WATCHING_SHARE)

    def _start(self, node: Node) -> Running:
        folder = self._folder.of(node.name)
        tasks = placed_tasks(node.stage.plan([self._manifests[name] for name in node.inputs]), folder)
        started = Running(node, folder, tasks, self._followers(node, tasks))
        started.open_folders()
        for member in started.members:
            _clean(member.folder)
        started.take_reports()
        for member in started.members:
            name = member.node.name
            self._progress.node_started(name, len(tasks), list(member.reports.values()))
            self._nodes_run.add(name)
        return started

    def _followers(self, node: Node, tasks: Sequence[Task[Any]]) -> tuple[Running, ...]:
        """The nodes that run in the tasks of one that starts; none where everything is kept."""
        inputs = [self._manifests[name] for name in node.inputs]
        if self._keep == "all" or not can_hand_on(tasks, inputs):
            return ()
        found: list[Running] = []
        wanted = self._folder.wanted
        while (then := follower(self._graph, node.name, self._manifests, wanted)) is not None:
            fingerprint = self._folder.fingerprints[node.name]
            before = handing_manifest(node, fingerprint, self._folder.of(node.name), tasks)
            following = following_tasks(then, before, tasks, self._manifests)
            if following is None:
                break
            folder = self._folder.of(then.name)
            node, tasks = then, placed_tasks(following, folder)
            found.append(Running(node, folder, list(tasks)))
        return tuple(found)

    def _go_on(self, name: str, running: dict[str, Running], queue: TaskQueue) -> None:
        """Where all tasks of a node are done, begin the second level of its exchange, or finish the node."""
        own = running[name]
        if own.is_through and own.merges_from is None and not own.followers:
            queue.extend(name, own.begin_merging())
            self._progress.node_grew(name, own.grown())
        if own.is_through:
            for member in running.pop(name).members:
                self._finish(member, tried_again=bool(own.attempts))
            for member in own.members:
                self._gate.after_node(member.node.name, self._manifests)
            if self._keep == "outputs":
                self._let_go()

    def _record(self, running: Running, index: int, outcome: Outcome) -> bool:
        """Take the outcome of an attempt; False when the task must be tried again."""
        if outcome.trouble is not None:
            raise MachineError(outcome.trouble)
        if not outcome.reports:
            self._try_again(running, index, outcome)
            return False
        running.add_reports(index, outcome.reports)
        for member, report in zip(running.members, outcome.reports, strict=True):
            self._tasks_run += 1
            self._progress.task_finished(member.node.name, report)
        return True

    def _try_again(self, running: Running, index: int, outcome: Outcome) -> None:
        """Count a failed attempt; a StageFailedError after the last, unless the record that is to blame may be given up."""
        task = running.tasks[index]
        failed = running.members[outcome.failed_step]
        record = outcome.record
        if outcome.has_died:
            running.died.add(index)
            record = record_at(running.folder, task.id)
        attempts = running.attempts[index] = running.attempts.get(index, 0) + 1
        if attempts >= MAX_ATTEMPTS:
            can_give_up = record is not None and len(task.poisoned) < MAX_POISONED
            if record is None or self._on_error == "stop" or not can_give_up:
                hint = "" if record is None else f"\nat {record}; {GIVE_UP_HINT}"
                trace = (outcome.trace or "") + hint
                raise StageFailedError(failed.node.name, failed.tasks[index].id, MAX_ATTEMPTS, trace)
            running.give_up_record(index, record)
            self._progress.record_given_up(running.node.name, record)
            return
        self._progress.task_retried(failed.node.name, failed.tasks[index].id, outcome.trace or "")

    def _finish(self, running: Running, *, tried_again: bool) -> None:
        node = running.node
        if tried_again:  # a worker that was killed leaves what it was writing
            _clean(running.folder)
        reports = [running.reports[i] for i in range(len(running.tasks))]
        inputs = [self._manifests[name] for name in node.inputs]
        manifest = make_manifest(
            node.name,
            node.stage,
            self._folder.fingerprints[node.name],
            inputs,
            running.tasks,
            reports,
            running.folder,
        )
        delete_batches(running.folder)
        self._manifests[node.name] = manifest
        self._folder.store(manifest)
        self._progress.node_finished(node.name, manifest)

    def _let_go(self) -> None:
        """Delete what lies there for stages that have all read it, and what is merged."""
        for manifest, kinds in self._folder.spent(self._manifests):
            self._manifests[manifest.node] = self._folder.let_go(manifest, kinds)


def _clean(folder: str) -> None:
    """Delete what killed attempts left in a stage's folder."""
    delete_leftovers(folder)
    delete_words(folder)


def check_all_read(manifests: Iterable[Manifest]) -> int:
    """Documents that a run dropped; a ConservationError when it is over and no stage of it read the rows of an exchange."""
    dropped, read, sent = 0, set(), {}
    for manifest in manifests:
        dropped += sum(manifest.dropped.values())
        read |= set(manifest.rows_read)
        if manifest.rows(EXCHANGE):
            sent[manifest.fingerprint] = manifest.node
    for fingerprint, node in sent.items():
        if fingerprint not in read:
            raise ConservationError(f"stage {node}: no stage read the rows that it sent")
    return dropped
