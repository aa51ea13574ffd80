"""The lock of a run: one process at a time, void when its holder is gone, whatever the clocks say."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from pipeline import run_lock
from pipeline.cli.main import main
from pipeline.run_lock import LOCK_FILE, Holder, RunLock
from stages.core.errors import UserError


def holder(run: Path) -> Holder:
    return Holder.model_validate(orjson.loads((run / LOCK_FILE).read_bytes()))


def write_holder(run: Path, **changed: object) -> None:
    with RunLock(str(run)):
        found = holder(run)
    (run / LOCK_FILE).write_bytes(orjson.dumps(found.model_copy(update=changed).model_dump()))


def test_a_second_writer_is_told_who_is_at_work_and_the_lock_goes_with_the_first(tmp_path: Path) -> None:
    with RunLock(str(tmp_path)):
        with pytest.raises(
            UserError, match=rf"process {os.getpid()} on .* is at work in this run; wait for it"
        ):
            RunLock(str(tmp_path)).__enter__()
        assert holder(tmp_path).pid == os.getpid()
    assert list(tmp_path.iterdir()) == []
    with RunLock(str(tmp_path)):
        pass


def test_the_lock_goes_with_an_error_too_and_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), RunLock(str(tmp_path)):
        raise ValueError("x")
    assert list(tmp_path.iterdir()) == []
    folder = tmp_path / "run"
    folder.mkdir()
    with RunLock(str(folder)):
        (folder / LOCK_FILE).unlink()
        folder.rmdir()


def test_the_lock_of_a_process_that_is_gone_is_void_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    write_holder(tmp_path, pid=ended.pid, token="other")
    with RunLock(str(tmp_path), expiry_seconds=1e6):
        assert holder(tmp_path).pid == os.getpid()


def test_a_process_that_got_the_number_of_one_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    write_holder(tmp_path, started=1, token="other")
    with RunLock(str(tmp_path), expiry_seconds=1e6):
        assert holder(tmp_path).started > 1


@pytest.mark.parametrize("changed", [{"host": "elsewhere"}, {"space": "another boot"}])
def test_a_lock_from_elsewhere_is_void_when_its_beat_stands_still(
    tmp_path: Path, changed: dict[str, str]
) -> None:
    write_holder(tmp_path, token="other", **changed)
    with RunLock(str(tmp_path), beat_seconds=0.05, expiry_seconds=0.3):
        assert holder(tmp_path).pid == os.getpid()


def test_a_lock_from_elsewhere_whose_beat_goes_on_is_held_however_wrong_its_clock(tmp_path: Path) -> None:
    write_holder(tmp_path, host="elsewhere", token="other")
    os.utime(tmp_path / LOCK_FILE, (0, 0))
    ended = threading.Event()

    def beat() -> None:
        other = holder(tmp_path)
        while not ended.wait(0.02):
            other = other.model_copy(update={"beat": other.beat + 1})
            (tmp_path / "next").write_bytes(orjson.dumps(other.model_dump()))
            (tmp_path / "next").replace(tmp_path / LOCK_FILE)
            os.utime(tmp_path / LOCK_FILE, (0, 0))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(UserError, match="on elsewhere is at work"):
            RunLock(str(tmp_path), beat_seconds=0.1, expiry_seconds=60).__enter__()
    finally:
        ended.set()
        thread.join()


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise TimeoutError


def test_a_process_that_stood_still_too_long_learns_who_went_on(tmp_path: Path) -> None:
    with RunLock(str(tmp_path), beat_seconds=0.02) as first:
        first.check()
        taken = holder(tmp_path).model_copy(update={"token": "other", "pid": 7})
        (tmp_path / LOCK_FILE).write_bytes(orjson.dumps(taken.model_dump()))

        def knows() -> bool:
            try:
                first.check()
            except UserError as error:
                return "process 7 on" in str(error)
            return False

        wait_until(knows)
    assert holder(tmp_path).token == "other"  # left to its owner


def test_half_a_lock_is_waited_for_and_then_void(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(b'{"host')
    with RunLock(str(tmp_path), beat_seconds=0.05, expiry_seconds=0.2):
        assert holder(tmp_path).pid == os.getpid()


def test_of_two_that_take_a_remote_lock_at_once_one_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file:// address goes the way of S3: no file that only one can make."""
    monkeypatch.setattr(run_lock, "SETTLE_SECONDS", 0.2)
    uri = tmp_path.as_uri()
    got: list[str] = []
    start = threading.Barrier(2)

    def take() -> None:
        start.wait()
        try:
            with RunLock(uri, beat_seconds=0.05, expiry_seconds=60):
                got.append("lock")
                time.sleep(1)
        except UserError:
            got.append("refused")

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["lock", "refused"]


def test_a_command_in_a_run_where_another_is_at_work_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "c4.json"
    raw.write_bytes(orjson.dumps({"text": "a text", "url": "u", "timestamp": ""}))
    run = tmp_path / "run"
    run.mkdir()
    command = ["ingest", "c4", str(raw), "--out", str(run), "--workers", "0", "--quiet"]
    with RunLock(str(run)), pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"altiplano: {run}: process {os.getpid()} on ")
    main(command)
    assert not (run / LOCK_FILE).exists()
