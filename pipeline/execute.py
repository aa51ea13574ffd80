"""One task in, its report out: the part of the runner that happens in a worker process.

Tasks of stages that run as one (docs/design.md, "Stages that run as one") come together, and so do their reports.
"""

from __future__ import annotations

import os
import resource
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.machine import machine_trouble
from stages.core import storage
from stages.core.errors import ReadFaultError, RecordTimeoutError, UserError
from stages.core.handed import HandedDocuments
from stages.core.manifest import Measured, ShardReport, report_uri, write_record
from stages.core.stage import AnyStage, RecordName, Task, record_of

IO_THREADS = 2


class Step(NamedTuple):
    """A stage and one of its tasks."""

    stage: AnyStage
    task: Task[Any]


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: a report of each step, or the user's mistake, or what is wrong with the machine, or a traceback
    (also of a worker that died). `failed_step` is the number of the step that did not end."""

    reports: tuple[ShardReport, ...] = ()
    failed_step: int = 0
    mistake: str | None = None
    trouble: str | None = None
    record: RecordName | None = None
    """The raw record at which the attempt failed, by no fault of reading it."""
    has_died: bool = False
    trace: str | None = None


def execute(steps: Sequence[Step]) -> Outcome:
    """Run tasks in this process, each on the documents of the one before it, and write their reports last: these are the
    mark that the tasks are done."""
    _reset_peak_memory()
    reports: list[ShardReport] = []
    try:
        with _few_threads():
            for step in _handing_on(steps):
                reports.append(_run(step))
        for step, report in zip(steps, reports, strict=True):
            write_record(report_uri(step.task.output, step.task.id), report)
    except UserError as error:
        return Outcome(mistake=str(error), failed_step=_failed_step(steps, reports))
    except (Exception, RecordTimeoutError) as error:  # noqa: BLE001 - whatever a stage raises is shown and stops the run
        is_of_storage = isinstance(error, OSError | ReadFaultError | MemoryError)
        failed = _failed_step(steps, reports)
        return Outcome(
            failed_step=failed,
            trouble=_trouble(error, steps[failed].task.output),
            trace=traceback.format_exc(),
            record=None if is_of_storage else record_of(error),
        )
    return Outcome(tuple(reports))


def _handing_on(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, each with what the one before it hands on."""
    handed = None
    for number, step in enumerate(steps, 1):
        hands_on = HandedDocuments() if number < len(steps) else None
        yield step._replace(task=replace(step.task, handed=handed, hands_on=hands_on))
        handed = hands_on


def _run(step: Step) -> ShardReport:
    started, worked = time.perf_counter(), _cpu_seconds()
    report = step.stage.run(step.task)
    report.check_conservation()
    measured = Measured(
        seconds=round(time.perf_counter() - started, 3),
        cpu_seconds=round(_cpu_seconds() - worked, 3),
        peak_memory_bytes=_peak_memory_bytes(),
    )
    return report.model_copy(update={"measured": measured})


def _failed_step(steps: Sequence[Step], reports: Sequence[ShardReport]) -> int:
    return min(len(reports), len(steps) - 1)


def _trouble(error: BaseException, folder: str) -> str | None:
    """What is wrong with the machine, when trying again at once will not help."""
    found = machine_trouble(error)
    if found is None and isinstance(error, OSError) and not storage.exists(folder):
        return f"{folder}: this folder was removed while the run wrote into it"
    return found


@contextmanager
def _few_threads() -> Iterator[None]:
    """One thread for Arrow's work, since a task has one core; a program that runs tasks in its own process gets its own
    number back."""
    cpus, readers = pa.cpu_count(), pa.io_thread_count()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(IO_THREADS)
    try:
        yield
    finally:
        pa.set_cpu_count(cpus)
        pa.set_io_thread_count(readers)


def _cpu_seconds() -> float:
    """Seconds of cores that this process and the programs that it ran have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _reset_peak_memory() -> None:
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peak_memory_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
