"""A number of nodes in, a network of as many machines out: network namespaces, joined by a bridge in one more.

A namespace has no name: it lives as long as a process in it does, and the one that we start there ends when its standard
input does, so nothing stays when this process is killed. The host's own network is not touched.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

START_SECONDS = 10.0
PREFIX = "10.77.0."
"""Of the nodes' addresses; no other network is reached from there, so any would do."""


class Namespace:
    """A network namespace with its loopback up, and nothing else in it."""

    def __init__(self, stack: ExitStack) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "cat"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        stack.callback(self._end)
        self.pid = str(self._holder.pid)
        self._wait()
        self.run("ip", "link", "set", "lo", "up")

    def _wait(self) -> None:
        """Until the process is in its own namespace; an OSError when it gets none."""
        own, end = Path("/proc/self/ns/net").readlink(), time.monotonic() + START_SECONDS
        while self._holder.poll() is None and time.monotonic() < end:
            if Path(f"/proc/{self.pid}/ns/net").readlink() != own:
                return
            time.sleep(0.01)
        _, told = self._holder.communicate()
        raise OSError(f"no network namespace ({told.decode().strip()})")

    def _end(self) -> None:
        self._holder.communicate()

    @property
    def inside(self) -> list[str]:
        """What goes before a command that is to run there; it becomes that command."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def run(self, *command: str) -> None:
        """Run a command there; an OSError with its words when it fails."""
        done = subprocess.run([*self.inside, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Network:
    """The namespaces of nodes, which see each other by their addresses."""

    def __init__(self, switch: Namespace, nodes: list[Namespace]) -> None:
        self._switch, self._nodes = switch, nodes

    def inside(self, number: int) -> list[str]:
        """What goes before a command of a node."""
        return self._nodes[number].inside

    def address(self, number: int) -> str:
        """The address of a node."""
        return f"{PREFIX}{number + 1}"

    def cut(self, number: int) -> None:
        """Take a node off the network, as a cable that is pulled: it goes on alone, and nobody hears of it."""
        self._switch.run("ip", "link", "set", f"port{number}", "down")


@contextmanager
def network(num_nodes: int) -> Iterator[Network]:
    """A network of `num_nodes` namespaces; an OSError where there can be none."""
    with ExitStack() as stack:
        switch = Namespace(stack)
        switch.run("ip", "link", "add", "bridge", "type", "bridge")
        switch.run("ip", "link", "set", "bridge", "up")
        nodes = []
        for number in range(num_nodes):
            node, port = Namespace(stack), f"port{number}"
            nodes.append(node)
            switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", node.pid)
            switch.run("ip", "link", "set", port, "master", "bridge", "up")
            node.run("ip", "address", "add", f"{PREFIX}{number + 1}/24", "dev", "eth0")
            node.run("ip", "link", "set", "eth0", "up")
            # Ray asks for its own address by a route to the internet, which is never taken.
            node.run("ip", "route", "add", "default", "dev", "eth0")
        yield Network(switch, nodes)


def why_no_network() -> str | None:
    """Why there are no such networks here; None where there are."""
    try:
        with network(1):
            return None
    except OSError as error:
        return str(error)
