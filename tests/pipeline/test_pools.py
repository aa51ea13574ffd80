"""Pools: a run without `--address` has a Ray of its own, whatever clusters there are; with one it works there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.inspect.verify import verify
from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.small_run import bytes_of, make_small_run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of one node and one core, on this machine."""
    port = free_port()
    head = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=1"]
    options = [f"--port={port}", "--include-dashboard=false", "--disable-usage-stats"]
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}
    with subprocess.Popen(
        [*head, *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
        started.terminate()
        started.wait(60)


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("the cluster did not start")


def run_small(folder: Path, run: str, environment: dict[str, str], *options: str) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "run", str(folder / "small.yaml"), "--quiet"]
    done = subprocess.run(
        [*command, "--run", str(folder / run), *options],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_other_clusters_are_left_alone_and_one_that_is_given_is_used(cluster: str, tmp_path: Path) -> None:
    make_small_run(tmp_path)
    expected = bytes_of(tmp_path / "run")
    run_small(tmp_path, "beside", {"RAY_ADDRESS": cluster}, "--workers", "2")
    run_small(tmp_path, "alone", {"RAY_ADDRESS": "127.0.0.1:1"}, "--workers", "2")
    run_small(tmp_path, "there", {"RAY_AUTH_MODE": "disabled"}, "--address", cluster)
    for run in ("beside", "alone", "there"):
        assert bytes_of(tmp_path / run) == expected
        assert verify(str(tmp_path / run)).faults == ()
