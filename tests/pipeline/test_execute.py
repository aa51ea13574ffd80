"""What an attempt measures of itself: seconds of the clock, and of cores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pipeline.execute import Step, execute
from stages.core.manifest import Manifest, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter


class Sleeps(Stage[None]):
    """Waits a tenth of a second."""

    stage_name: ClassVar[str] = "sleeps"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        return [Task(task_id(0), (), None)]

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            time.sleep(0.1)
        return out.report


def test_waiting_takes_no_core(tmp_path: Path) -> None:
    """A plan reckons with seconds of cores, which other work beside does not lengthen."""
    stage = Sleeps()
    (report,) = execute([Step(stage, stage.plan([])[0].at(str(tmp_path)))]).reports
    assert report.measured.seconds >= 0.1
    assert 0 <= report.measured.cpu_seconds < 0.1
