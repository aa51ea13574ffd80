"""Errors of the machine: told in one line that says what to mend, never taken for a fault of the stage."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import orjson
import pytest
from toys import Numbers

from pipeline.cli.main import main
from pipeline.cli.output import resume_command
from pipeline.execute import Step, execute
from pipeline.machine import machine_trouble
from stages.core import storage
from stages.core.atomic import AtomicFile
from stages.core.errors import ReadFaultError
from stages.core.stage import Task


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left", "/run/x"), "/run/x: the disk is full; make room there"),
        (OSError(errno.ENOSPC, "No space left"), "the disk is full; make room there"),
        (OSError(errno.EDQUOT, "quota"), "the quota of this disk is used up; make room there"),
        (OSError(errno.EROFS, "read-only", "/x"), "/x: the disk can only be read; mount it for writing"),
        (OSError(errno.EMFILE, "too many"), "too many open files for one process; raise `ulimit -n`"),
        (MemoryError(), "the machine is out of memory; give fewer --workers"),
        (OSError(errno.EIO, "I/O error"), None),
        (ValueError("no"), None),
    ],
)
def test_an_error_is_told_by_its_number(error: Exception, told: str | None) -> None:
    found = machine_trouble(error)
    assert found is None if told is None else (found or "").startswith(told)
    behind = ReadFaultError("cannot be read")
    behind.__cause__ = error
    assert machine_trouble(behind) == found


def break_writes(monkeypatch: pytest.MonkeyPatch, number: int, after: int) -> None:
    """Let writes of outputs fail from the `after`-th on."""
    write, count = AtomicFile.write, iter(range(10**9))

    def failing(self: AtomicFile, data: bytes) -> int:
        if next(count) >= after:
            raise OSError(number, os.strerror(number))
        return write(self, data)

    monkeypatch.setattr(AtomicFile, "write", failing)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE])
@pytest.mark.parametrize("after", range(0, 30, 9))
def test_a_run_on_a_full_disk_ends_in_one_line_leaves_no_temporary_file_and_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    after: int,
) -> None:
    raw = tmp_path / "c4.json"
    raw.write_bytes(orjson.dumps({"text": "a text", "url": "u", "timestamp": ""}))
    run = tmp_path / "run"
    command = ["dedup", "exact", str(tmp_path / "docs"), "--out", str(run), "--workers", "0", "--quiet"]
    main(["ingest", "c4", str(raw), "--out", str(tmp_path / "docs"), "--workers", "0", "--quiet"])
    capsys.readouterr()
    with monkeypatch.context() as broken:
        break_writes(broken, number, after)
        with pytest.raises(SystemExit) as stopped:
            main(command)
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("altiplano: ")
    assert machine_trouble(OSError(number, "")) in line
    assert line.endswith(f": {resume_command()}")
    names = [path.name for path in run.rglob("*")]
    assert not [name for name in names if storage.TEMPORARY_MARK in name or name == "run.lock"]
    main(command)
    assert "1 documents" in capsys.readouterr().out


def test_a_folder_that_is_removed_during_a_task_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stage"
    folder.mkdir()
    run = Numbers.run

    def removing(self: Numbers, task: Task[object]) -> object:
        report = run(self, task)  # type: ignore[arg-type]
        shutil.rmtree(folder)
        (tmp_path / "stage").write_bytes(b"")  # so that it cannot be made again
        raise FileNotFoundError(errno.ENOENT, "gone", str(folder)) if report else AssertionError

    monkeypatch.setattr(Numbers, "run", removing)
    (task, *_) = Numbers().plan([])
    (tmp_path / "stage").mkdir(exist_ok=True)
    outcome = execute([Step(Numbers(), task.at(str(folder / "below")))])
    assert outcome.trouble == f"{folder}/below: this folder was removed while the run wrote into it"
