"""A Ray cluster of several nodes on this machine, each a process tree of its own, for tests that lose one of them.

`python -m tests.ray_cluster --nodes 3 --lose` runs the whole demo there, with one node killed in the middle.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from pipeline.inspect.verify import verify
from tests.demo import ROOT
from tests.s3_store import free_port
from tests.small_run import bytes_of

START_SECONDS = 120
ENVIRONMENT = {"RAY_AUTH_MODE": "disabled"}

app = App(name="ray_cluster", help="The demo on several Ray nodes.")


class Node:
    """A node: `ray start` and what it started."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        command = [
            sys.executable,
            "-m",
            "ray.scripts.scripts",
            "start",
            "--block",
            "--num-cpus=1",
            *arguments,
        ]
        self._log = (folder / f"{len(list(folder.iterdir()))}.log").open("wb")
        self._process = subprocess.Popen(
            [*command, "--disable-usage-stats", f"--object-store-memory={100 << 20}"],
            env=os.environ | ENVIRONMENT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End it at once, as a machine does that loses its power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()


@contextlib.contextmanager
def cluster(folder: Path, num_nodes: int) -> Iterator[tuple[str, list[Node]]]:
    """The address of a cluster, and its nodes, the head first."""
    folder.mkdir()
    port = free_port()
    nodes = [Node(folder, ["--head", f"--port={port}", "--include-dashboard=false"])]
    address = f"127.0.0.1:{port}"
    try:
        _wait_for_nodes(address, 1)
        for number in range(1, num_nodes):
            nodes.append(Node(folder, [f"--address={address}"]))
            _wait_for_nodes(address, number + 1)
        yield address, nodes
    finally:
        for node in reversed(nodes):
            node.kill()
        _forget(port)


def _forget(port: int) -> None:
    """Delete the file by which Ray's programs would look for the head that was killed; `ray stop` does so."""
    noted = Path(tempfile.gettempdir()) / "ray" / "ray_current_cluster"
    if noted.is_file() and noted.read_text().strip().endswith(f":{port}"):
        noted.unlink()


def _wait_for_nodes(address: str, number: int) -> None:
    """Wait until so many nodes are alive; asked in a process of its own, since one process knows one cluster."""
    program = (
        "import ray, sys, logging\n"
        "ray.init(address=sys.argv[1], logging_level=logging.ERROR, log_to_driver=False)\n"
        "sys.exit(0 if sum(node['Alive'] for node in ray.nodes()) >= int(sys.argv[2]) else 3)\n"
    )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        asked = subprocess.run(
            [sys.executable, "-c", program, address, str(number)],
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{address}: {number} nodes did not come up: {asked.stderr[-500:]!r}")


def run_there(command: list[str], address: str, victim: Node | None, is_time: Path | None) -> None:
    """Run a command on a cluster; kill `victim` once `is_time`, a folder of a run, holds a finished stage."""
    process = subprocess.Popen(
        [*command, "--address", address],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )

    def watch() -> None:
        while process.poll() is None:
            if is_time is not None and len(list(is_time.glob("*/manifest.json"))) >= 1 and victim is not None:
                victim.kill()
                return
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(errors)


@app.default
def main(*, nodes: int = 2, lose: bool = False) -> None:
    """Run the demo on a cluster and compare it with a run of this machine alone.

    Parameters
    ----------
    nodes
        nodes of one core each
    lose
        kill the last node in the middle
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = [sys.executable, "-m", "pipeline.cli", "run", "configs/demo.yaml", "--quiet"]
        subprocess.run([*start, "--run", str(folder / "alone")], cwd=ROOT, check=True, capture_output=True)
        with cluster(folder / "logs", nodes) as (address, running):
            began = time.monotonic()
            victim = running[-1] if lose else None
            run_there([*start, "--run", str(folder / "there")], address, victim, folder / "there")
            seconds = time.monotonic() - began
        alone, there = bytes_of(folder / "alone"), bytes_of(folder / "there")
        differ = sorted(key for key in alone.keys() | there.keys() if alone.get(key) != there.get(key))
        faults = [fault.line() for fault in verify(str(folder / "there")).faults]
    sys.stdout.write(
        f"{nodes} nodes{', one lost' if lose else ''}: {seconds:.0f} s, {len(alone)} files, {len(differ)} differ,"
        f" {len(faults)} faults\n"
    )
    raise SystemExit(1 if differ or faults else 0)


if __name__ == "__main__":
    app()
