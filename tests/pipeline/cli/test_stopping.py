"""A run that is asked to stop, by Ctrl-C, SIGTERM or SIGHUP, says how to go on, leaves nothing behind, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.inspect.verify import verify
from stages.core.storage import TEMPORARY_MARK
from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.small_run import bytes_of, make_small_run


@pytest.mark.slow
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 4), (signal.SIGTERM, 2), (signal.SIGHUP, 0)])
def test_a_run_that_is_asked_to_stop_can_go_on(tmp_path: Path, number: signal.Signals, workers: int) -> None:
    make_small_run(tmp_path)
    run = tmp_path / "stopped"
    recipe = ["run", str(tmp_path / "small.yaml"), "--run", str(run), "--workers", str(workers), "--quiet"]
    command = [sys.executable, "-m", "pipeline.cli", *recipe]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not list(run.glob("*/manifest.json")):
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, number)  # a terminal's Ctrl-C reaches the whole group
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    if process.returncode != 0:  # else it had ended by itself
        assert process.returncode == 130, errors
        assert (
            errors.strip()
            .splitlines()[-1]
            .startswith("altiplano: interrupted; finished shards are kept; to resume: ")
        )
        assert "Traceback" not in errors
    assert not (run / "run.lock").exists()
    subprocess.run(command, cwd=ROOT, check=True, timeout=TIMEOUT_SECONDS, capture_output=True)
    assert not [path for path in run.rglob("*") if TEMPORARY_MARK in path.name]
    assert bytes_of(run) == bytes_of(tmp_path / "run")
    assert verify(str(run)).faults == ()
