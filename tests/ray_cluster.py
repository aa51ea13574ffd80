"""A Ray cluster of several nodes on this machine, each a process tree of its own, for tests that lose one of them.

`python -m tests.ray_cluster --nodes 3 --lose` runs the whole demo there, with one node killed in the middle; with `--apart`
every node, and the driver with the head, has a network of its own.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cyclopts import App

from pipeline.inspect.verify import verify
from tests.demo import ROOT
from tests.namespaces import Network, network
from tests.s3_store import free_port
from tests.small_run import bytes_of

START_SECONDS = 120
ENVIRONMENT = {"RAY_AUTH_MODE": "disabled"}

app = App(name="ray_cluster", help="The demo on several Ray nodes.")


class Node:
    """A node: `ray start` and what it started, in a network of its own where `inside` leads to one."""

    def __init__(self, folder: Path, inside: list[str], arguments: list[str]) -> None:
        command = [
            *inside,
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


@dataclass
class Cluster:
    """A cluster's address, its nodes, the head first, and the network that they are joined by where each has its own."""

    address: str
    inside: list[str]
    """What goes before a command that is to run where the head is."""
    network: Network | None
    nodes: list[Node] = field(default_factory=list)

    def lose_last(self) -> None:
        """Kill the last node."""
        self.nodes[-1].kill()

    def cut_last(self) -> None:
        """Take the last node off the network."""
        assert self.network is not None, "nodes of one network cannot be cut off"
        self.network.cut(len(self.nodes) - 1)


@contextlib.contextmanager
def cluster(folder: Path, num_nodes: int, apart: bool = False) -> Iterator[Cluster]:
    """A cluster whose nodes are process trees of this machine, or, `apart`, have a network namespace each."""
    folder.mkdir()
    port = free_port()
    with contextlib.ExitStack() as stack:
        joined = stack.enter_context(network(num_nodes)) if apart else None
        hosts = [joined.address(i) if joined else "127.0.0.1" for i in range(num_nodes)]
        insides = [joined.inside(i) if joined else [] for i in range(num_nodes)]
        found = Cluster(f"{hosts[0]}:{port}", insides[0], joined)
        stack.callback(_forget, port)
        for number, (host, inside) in enumerate(zip(hosts, insides, strict=True)):
            role = [f"--address={found.address}"]
            if number == 0:
                role = ["--head", f"--port={port}", "--include-dashboard=false"]
            node = Node(folder, inside, [*role, *([f"--node-ip-address={host}"] if joined else [])])
            stack.callback(node.kill)
            found.nodes.append(node)
            _wait_for_nodes(found, number + 1)
        yield found


def _forget(port: int) -> None:
    """Delete the file by which Ray's programs would look for the head that was killed; `ray stop` does so."""
    noted = Path(tempfile.gettempdir()) / "ray" / "ray_current_cluster"
    if noted.is_file() and noted.read_text().strip().endswith(f":{port}"):
        noted.unlink()


def _wait_for_nodes(found: Cluster, number: int) -> None:
    """Wait until so many nodes are alive; asked in a process of its own, since one process knows one cluster."""
    program = (
        "import ray, sys, logging\n"
        "ray.init(address=sys.argv[1], logging_level=logging.ERROR, log_to_driver=False)\n"
        "sys.exit(0 if sum(node['Alive'] for node in ray.nodes()) >= int(sys.argv[2]) else 3)\n"
    )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        asked = subprocess.run(
            [*found.inside, sys.executable, "-c", program, found.address, str(number)],
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{found.address}: {number} nodes did not come up: {asked.stderr[-500:]!r}")


def run_there(
    command: list[str], there: Cluster, trouble: Callable[[], None] | None = None, run: Path | None = None
) -> None:
    """Run a command on a cluster; make `trouble` once `run`, its run's folder, holds a finished stage."""
    process = subprocess.Popen(
        [*there.inside, *command, "--address", there.address],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )

    def watch() -> None:
        while process.poll() is None:
            if run is not None and any(run.glob("*/manifest.json")) and trouble is not None:
                trouble()
                return
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(errors)


@app.default
def main(*, nodes: int = 2, apart: bool = False, lose: bool = False, cut: bool = False) -> None:
    """Run the demo on a cluster and compare it with a run of this machine alone.

    Parameters
    ----------
    nodes
        nodes of one core each
    apart
        each in a network namespace of its own; takes root's rights
    lose
        kill the last node in the middle
    cut
        take the last node off the network in the middle; only with `apart`
    """
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that no node outlives a command that is stopped
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = [sys.executable, "-m", "pipeline.cli", "run", "configs/demo.yaml", "--quiet"]
        subprocess.run([*start, "--run", str(folder / "alone")], cwd=ROOT, check=True, capture_output=True)
        with cluster(folder / "logs", nodes, apart) as there:
            began = time.monotonic()
            trouble = there.lose_last if lose else there.cut_last if cut else None
            run_there([*start, "--run", str(folder / "there")], there, trouble, folder / "there")
            seconds = time.monotonic() - began
        expected, found = bytes_of(folder / "alone"), bytes_of(folder / "there")
        differ = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        faults = [fault.line() for fault in verify(str(folder / "there")).faults]
    told = (
        f"{nodes} nodes{', apart' if apart else ''}{', one lost' if lose else ', one cut off' if cut else ''}"
    )
    sys.stdout.write(
        f"{told}: {seconds:.0f} s, {len(expected)} files, {len(differ)} differ, {len(faults)} faults\n"
    )
    raise SystemExit(1 if differ or faults else 0)


if __name__ == "__main__":
    app()
