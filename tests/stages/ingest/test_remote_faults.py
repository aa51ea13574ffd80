"""Dumps on a web server that fails at its n-th answer: the stage ends with an error or makes no difference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.http import HTTPFileSystem

from stages.core.errors import ReadFaultError
from stages.core.stage import AnyStage
from tests.stages.ingest.fault_cases import stage_of, write_all
from tests.stages.ingest.faulty_reads import run_stage, sampled

BLOCK_BYTES = 700
MOST_ANSWERS = 6


class Server(ThreadingHTTPServer):
    """Counts its answers; the one with number `at` fails as `kind` says."""

    answers, at, kind = 0, 0, ""
    daemon_threads = False
    folder: Path

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients hang up when a test is over."""


class Handler(SimpleHTTPRequestHandler):
    """Serves ranges of files, each over a connection of its own, so that no thread stays behind."""

    server: Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.server.answers += 1
        fails = self.server.answers == self.server.at
        if fails and self.server.kind == "status":
            self.send_error(503)
            return
        data = (self.server.folder / self.path.lstrip("/")).read_bytes()
        size, wanted = len(data), self.headers["Range"]
        if wanted:
            first, last = wanted.removeprefix("bytes=").split("-")
            data = data[int(first) : int(last) + 1]
            data = data[: len(data) // 2] if fails and self.server.kind == "short" else data
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(data) - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body:
            self.wfile.write(data[: len(data) // 2] if fails and self.server.kind == "closed" else data)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.folder = tmp_path_factory.mktemp("served")
        write_all(found.folder)
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def filesystem(protocol: str, **options: object) -> HTTPFileSystem:
        return HTTPFileSystem(block_size=BLOCK_BYTES, skip_instance_cache=True, **options)

    monkeypatch.setattr(fsspec, "filesystem", filesystem)


@pytest.mark.parametrize("kind", ["status", "closed", "short"])
@pytest.mark.parametrize("name", ["c4/a.json.gz", "c4/a.parquet", "books/a.epub", "wiki/srwiki-a.xml.7z"])
def test_a_server_that_fails_once(kind: str, name: str, server: Server, tmp_path: Path) -> None:
    host = f"http://127.0.0.1:{server.server_port}"
    server.answers, server.at, server.kind = 0, 0, kind
    expected = run_stage(_remote(name, host), tmp_path / "whole")
    assert expected.error is None
    errors = []
    for at in sampled(server.answers, MOST_ANSWERS):
        server.answers, server.at = 0, at
        found = run_stage(_remote(name, host), tmp_path / str(at))
        assert found.left == ()
        if found.error is None:
            assert found == expected
        errors.append(found.error)
    assert any(isinstance(error, ReadFaultError) for error in errors)


def _remote(name: str, host: str) -> AnyStage:
    return stage_of(name, Path("/")).model_copy(update={"input": (f"{host}/{name}",)})
