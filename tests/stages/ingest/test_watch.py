"""The alarm over a raw record: it ends one that takes too long, and lets kernels be compiled."""

from __future__ import annotations

import signal
import time

import pytest

from stages.core.errors import RecordTimeoutError
from stages.core.stage import Task
from stages.ingest import watch as watches
from stages.ingest.watch import TaskWatch

TASK = Task("00000", (), "memory:///nowhere")


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.005)


def test_a_record_that_takes_too_long_is_an_error_that_names_it() -> None:
    with (
        pytest.raises(RecordTimeoutError, match="record 7 of a.gz took longer"),
        TaskWatch(TASK, 0.02) as watch,
    ):
        watch.begin("a.gz", "7")
        wait(2.0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_record_that_has_ended_is_none() -> None:
    with TaskWatch(TASK, 0.02) as watch:
        watch.begin("a.gz", "7")
        watch.end()
        wait(0.1)
        assert watch.record is None


def test_the_time_that_kernels_are_compiled_for_is_not_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    compiling = [True, True, False]
    monkeypatch.setattr(watches, "is_compiling", lambda: compiling.pop(0))
    with pytest.raises(RecordTimeoutError), TaskWatch(TASK, 0.02) as watch:
        watch.begin("a.gz", "7")
        wait(2.0)
    assert compiling == []
