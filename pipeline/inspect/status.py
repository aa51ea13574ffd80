"""A run's folder in, how far each of its stages is out: what lies there, whoever works on it, from any terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table

from pipeline.graph import RunNode, read_run
from pipeline.run_failure import Failure, failure_of
from pipeline.run_lock import holder_of, last_command
from pipeline.text_table import add_text_row, text_table
from stages.core import storage
from stages.core.heartbeat import last_word
from stages.core.manifest import (
    MANIFEST_NAME,
    REPORTS_FOLDER,
    ShardReport,
    read_manifest,
    read_record,
)
from stages.core.names import below

DONE, UNDER_WAY, WAITING = "done", "under way", "waiting"
_REPORT = ".json"
_STOPPED = {
    "failed": "it stopped at a failure",
    "mistake": "it stopped at a mistake",
    "machine": "it stopped by trouble of the machine",
    "interrupted": "it was interrupted",
}


@dataclass(frozen=True)
class StageStatus:
    """How far a stage is. `tasks_done` counts the tasks that reported; how many there will be only its plan says.

    Documents are those of finished tasks; `word` is what a task said last.
    """

    node: str
    state: str
    tasks_done: int
    documents_in: int
    documents_out: int
    dropped: int
    word: str | None = None


@dataclass(frozen=True)
class RunStatus:
    """How far a run is, who works on it, where its lock says that, and how it stopped, where it did.

    `command` is what the one at work typed, or how to go on; empty where a program ran it.
    """

    run: str
    name: str
    is_finished: bool
    holder: str | None
    stages: tuple[StageStatus, ...]
    failure: Failure | None = None
    command: str = ""


def run_status(run: str) -> RunStatus:
    """Read from the folder alone; a UserError when it is no run."""
    record = read_run(run)
    stages = tuple(_stage_status(run, node) for node in record.nodes)
    finished = all(stage.state == DONE for stage in stages)
    holder = holder_of(run)
    failure = None if finished or holder is not None else failure_of(run)
    command = last_command(run) if failure is None else failure.command
    told = None if holder is None else holder.told()
    return RunStatus(run, record.name, finished, told, stages, failure, "" if finished else command)


def _stage_status(run: str, node: RunNode) -> StageStatus:
    folder = below(run, node.folder)
    if storage.exists(storage.join(folder, MANIFEST_NAME)):
        one = read_manifest(folder)
        counts = (one.documents_in + one.created, one.documents_out, sum(one.dropped.values()))
        return StageStatus(node.name, DONE, len(one.reports), *counts)
    if not storage.exists(folder):
        return StageStatus(node.name, WAITING, 0, 0, 0, 0)
    names = storage.list_files(storage.join(folder, REPORTS_FOLDER))
    reports = [
        read_record(storage.join(folder, REPORTS_FOLDER, name), ShardReport)
        for name in sorted(names)
        if name.endswith(_REPORT)
    ]
    words = [
        last_word(folder, name.rpartition(".")[0]) for name in sorted(names) if not name.endswith(_REPORT)
    ]
    return StageStatus(
        node.name,
        UNDER_WAY,
        len(reports),
        sum(one.documents_in + one.created for one in reports),
        sum(one.documents_out for one in reports),
        sum(sum(one.dropped.values()) for one in reports),
        next((word for word in words if word), None),
    )


def status_table(stages: Sequence[StageStatus]) -> Table:
    """The stages that are done or under way; how many wait is said apart."""
    table = text_table(("stage", "state"), ("tasks", "in", "kept", "dropped", ""))
    for one in stages:
        if one.state != WAITING:
            counts = (one.tasks_done, one.documents_in, one.documents_out, one.dropped)
            add_text_row(table, one.node, one.state, *(f"{count:,}" for count in counts), one.word or "")
    return table


def status_lines(status: RunStatus) -> Iterator[str]:
    """What is said below the table: how many stages are done, who is at work, or how to go on."""
    states = [one.state for one in status.stages]
    parts = [f"{states.count(state):,} {state}" for state in (DONE, UNDER_WAY, WAITING) if state in states]
    yield f"{status.run}: {', '.join(parts)}, of {len(states):,} stages"
    if status.holder is not None:
        yield f"{status.holder} is at work there, or was when it was killed"
    elif not status.is_finished:
        if status.failure is not None:
            yield f"{_STOPPED[status.failure.what]}: {status.failure.line}"
        if not status.command:
            yield "nobody is at work there; run its command again to go on: what is finished is kept"
            return
        where = "" if status.failure is None else f" (in {status.failure.cwd})"
        yield f"nobody is at work there; to go on, which keeps what is finished: {status.command}{where}"
