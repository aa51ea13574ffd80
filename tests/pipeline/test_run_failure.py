"""How a run stopped is in its folder until it goes on, and `status` says it with the command to resume."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import Copy, Numbers

from pipeline.graph import Graph
from pipeline.inspect.status import run_status, status_lines
from pipeline.inspect.verify import verify
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.run_failure import FAILURE_FILE, failure_of, kept_failure
from pipeline.runner import Runner
from stages.core.errors import MachineError, StageFailedError, UserError

COMMAND = "altiplano run 'my recipe.yaml'"


def run(folder: Path, trouble: str | None, command: str = COMMAND) -> None:
    graph = Graph()
    first = graph.add("toy.numbers", Numbers())
    second = Numbers(trouble=trouble) if trouble else Numbers()
    graph.add("toy.copy", Copy(), [first])
    graph.add("toy.others", second)
    Runner(graph, str(folder), "toy", Progress(quiet=True), command=command).run(InlinePool, [])


def test_a_failure_is_told_until_the_run_goes_on(tmp_path: Path) -> None:
    with pytest.raises(StageFailedError):
        run(tmp_path, "raise")
    status = run_status(str(tmp_path))
    assert status.failure is not None
    assert (status.failure.what, status.command, status.holder) == ("failed", COMMAND, None)
    assert "stage toy.others, task 00001 failed 3 times: " in status.failure.line
    assert "Traceback" in (status.failure.trace or "")
    *_, stopped, how = status_lines(status)
    assert stopped.startswith("it stopped at a failure: stage toy.others")
    assert (
        how == f"nobody is at work there; to go on, which keeps what is finished: {COMMAND} (in {Path.cwd()})"
    )
    assert not verify(str(tmp_path)).faults, "the file is one of a run"
    run(tmp_path, None)
    assert failure_of(str(tmp_path)) is None
    assert run_status(str(tmp_path)).is_finished


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (UserError("too small"), "mistake"),
        (MachineError("the disk is full"), "machine"),
        (OSError(5, "Input/output error"), "machine"),
        (KeyboardInterrupt(), "interrupted"),
        (RuntimeError("a fault of ours"), "failed"),
    ],
)
def test_every_end_has_its_kind(tmp_path: Path, error: BaseException, what: str) -> None:
    with pytest.raises(type(error)), kept_failure(str(tmp_path), ""):
        raise error
    found = failure_of(str(tmp_path))
    assert found is not None
    assert (found.what, found.command, found.cwd) == (what, "", "")
    assert found.line


def test_a_disk_that_takes_no_file_hides_no_error(tmp_path: Path) -> None:
    (tmp_path / FAILURE_FILE).mkdir()
    with pytest.raises(OSError), kept_failure(str(tmp_path), ""):
        raise UserError("x")
