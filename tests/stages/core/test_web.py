"""Raw files on a web server that refuses, loops, tells no length or gives no ranges: a result, or one line that says why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stages.core import storage, web
from stages.core.errors import ReadFaultError, UserError

DATA = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        what = self.path.strip("/").split("/")[0]
        self.server.asked.append((what, self.headers.get("Authorization")))
        if what == "busy" and len([1 for path, _ in self.server.asked if path == "busy"]) > 1:
            what = "file"
        if what in self.server.redirects:
            self._send(302, b"", with_body, {"Location": self.server.redirects[what]})
        elif what.isdigit():
            self._send(int(what), b"sorry", with_body)
        elif what == "busy":
            self._send(503, b"", with_body)
        elif what == "nohead" and not with_body:
            self._send(405, b"", with_body)
        elif what == "nolength":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
        elif what == "packed":
            self._send(200, DATA, with_body, {"Content-Encoding": "gzip"})
        elif (wanted := self.headers.get("Range")) and what != "noranges":
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            part = DATA[int(first) : int(last or len(DATA)) + 1]
            where = f"bytes {first}-{int(first) + len(part) - 1}/{len(DATA)}"
            self._send(206, part, with_body, {"Content-Range": where, "Accept-Ranges": "bytes"})
        else:
            ranges = {} if what == "noranges" else {"Accept-Ranges": "bytes"}
            self._send(200, DATA, with_body, ranges)

    def _send(self, status: int, body: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """What it was asked, and where it sends whom."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.redirects: dict[str, str] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients hang up."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.0)
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def host(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("what", ["file", "nohead", "noranges", "busy"])
def test_a_file_of_a_server_that_knows_less_than_others_is_read(what: str, server: Server) -> None:
    uri = f"{host(server)}/{what}/a"
    (found,) = storage.find_files(uri)
    assert found.size == len(DATA)
    with storage.open_whole(uri, found.size) as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("401", "HTTP 401; check the address, and your right to read it"),
        ("403", "HTTP 403; check the address, and your right to read it"),
        ("404", "HTTP 404; check the address"),
        ("416", "HTTP 416"),
        ("nolength", "does not say how many bytes it has; download it"),
        ("packed", "does not say how many bytes it has; download it"),
        ("loop", "redirects without an end"),
        ("local", r"redirects from http to 'file:///etc/passwd'; refused"),
    ],
)
def test_a_refusal_is_one_line(what: str, reason: str, server: Server) -> None:
    server.redirects = {"loop": "/loop/a", "local": "file:///etc/passwd"}
    with pytest.raises(UserError, match=reason) as caught:
        storage.find_files(f"{host(server)}/{what}/a?part=1")
    assert str(caught.value).startswith(f"{host(server)}/{what}/a: ")


def test_a_server_that_stays_out_of_order_is_a_fault_after_some_attempts(server: Server) -> None:
    with pytest.raises(ReadFaultError, match=r"/500/a: HTTP 500 \(3 attempts\)"):
        storage.find_files(f"{host(server)}/500/a")
    assert len(server.asked) == 2 * web.ATTEMPTS


def test_a_server_that_is_not_there_is_a_fault(server: Server) -> None:
    with pytest.raises(ReadFaultError, match="cannot be reached"):
        storage.find_files("http://127.0.0.1:9/a")


def test_a_large_file_without_ranges_is_to_be_downloaded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "RANGELESS_BYTES", 1000)
    with pytest.raises(UserError, match="gives no ranges of its 10,240 bytes; download it"):
        storage.find_files(f"{host(server)}/noranges/a")


def test_credentials_of_the_environment_do_not_follow_a_redirect_to_another_host(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Server() as other:
        thread = threading.Thread(target=other.serve_forever, daemon=True)
        thread.start()
        server.redirects = {"away": f"http://localhost:{other.server_port}/file/a"}
        uri = f"{host(server)}/away/a"
        with storage.open_whole(uri, storage.find_files(uri)[0].size) as stream:
            assert stream.read() == DATA
        other.shutdown()
        thread.join()
    assert {known is None for _, known in server.asked} == {False}
    assert {known for _, known in other.asked} == {None}
