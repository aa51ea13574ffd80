"""Progress: lines of a log, words of long tasks while this process works, a notebook's cell, and who watches."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.progress import TICK_SECONDS, Progress
from pipeline.tally import RunTally
from stages.core.heartbeat import heartbeat_path
from stages.core.manifest import REPORTS_FOLDER


def wait_for(done: Any) -> None:
    """Until something holds; a thread of its own does it every TICK_SECONDS."""
    ends = time.monotonic() + 20
    while not done() and time.monotonic() < ends:
        time.sleep(TICK_SECONDS / 20)
    assert done()


def test_a_log_has_a_first_line_soon_and_steps_while_a_task_runs_in_this_process(tmp_path: Path) -> None:
    said = io.StringIO()
    progress = Progress(said)
    progress.run_started("demo", {"train": "c4"})
    wait_for(said.getvalue)
    assert said.getvalue() == "demo: 0 of 1 stages done; the workers are starting\n"
    progress.workers_started(1)
    progress.node_started("train", 1, [])
    (tmp_path / REPORTS_FOLDER).mkdir()
    progress.at_work([("train", str(tmp_path), "00000")], 1, 0)
    heartbeat_path(str(tmp_path), "00000").write_text("step 3/9 | loss 6.4", encoding="utf-8")
    wait_for(lambda: "train: step 3/9 | loss 6.4\n" in said.getvalue())  # this thread does nothing for it
    assert progress.tally.under_way["train"].share == pytest.approx(1 / 3)
    assert progress.tally.under_way["train"].source == "c4"
    progress.close()


def test_a_mistake_that_comes_at_once_is_the_only_line() -> None:
    said = io.StringIO()
    progress = Progress(said)
    progress.run_started("demo", {"train": "c4"})
    progress.close()
    assert said.getvalue() == ""


def test_watchers_see_a_quiet_run_and_its_end() -> None:
    seen: list[RunTally] = []
    said = io.StringIO()
    progress = Progress(said, quiet=True, watchers=[seen.append])
    progress.run_started("demo", {"a": ""})
    progress.close()
    assert [one.name for one in seen] == ["demo"]
    assert said.getvalue() == ""


def test_a_notebook_has_one_cell_that_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, html: str) -> None:
            shown.append(html)

    def display(html: str, display_id: bool) -> Handle:
        shown.append(html)
        return Handle()

    module, part = ModuleType("IPython"), ModuleType("IPython.display")
    module.get_ipython = type("ZMQInteractiveShell", (), {})  # type: ignore[attr-defined]
    part.HTML, part.display = str, display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", part)
    said = io.StringIO()
    progress = Progress(said)
    progress.run_started("<demo>", {"a": "c4"})
    progress.node_started("a", 2, [])
    wait_for(lambda: len(shown) > 1)
    progress.close()
    assert "&lt;demo&gt;: 0 of 1 stages done" in shown[-1]
    assert said.getvalue() == ""
