"""Network namespaces: nodes see each other by their addresses until one is cut off, and nothing of them stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.namespaces import Network, network, why_no_network

SAY = "import socket; s = socket.create_server(('', 9999)); print('up', flush=True); s.accept()"
ASK = "import socket; socket.create_connection(('{}', 9999), 1)"


def reaches(net: Network, asks: int, says: int) -> bool:
    """Whether a node gets a connection to another one."""
    listening = [*net.inside(says), sys.executable, "-c", SAY]
    with subprocess.Popen(listening, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"up\n"
        asking = [*net.inside(asks), sys.executable, "-c", ASK.format(net.address(says))]
        code = subprocess.run(asking, stderr=subprocess.DEVNULL, check=False).returncode
        server.kill()
    return code == 0


def test_nodes_see_each_other_until_one_is_cut_off_and_nothing_stays() -> None:
    if (reason := why_no_network()) is not None:
        pytest.skip(f"no network namespaces here: {reason}")
    with network(2) as net:
        assert reaches(net, 0, 1)
        net.cut(1)
        assert not reaches(net, 0, 1)
        holder = net.inside(1)[1].removeprefix("--net=").removesuffix("/ns/net")
        assert Path(holder).exists()
    assert not Path(holder).exists()


def test_where_there_are_none_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert why_no_network() == "[Errno 2] No such file or directory: 'unshare'"
