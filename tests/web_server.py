"""A function from requests to answers in, a web server on this machine out, for tests that read from one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    """What a client asks for; `path` begins with a slash."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass(frozen=True)
class Answer:
    """What it is told. Its length is told too, unless `has_length` is false, whatever part of `body` is `sent`."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    has_length: bool = True
    sent: int | None = None


def ranged(data: bytes, wanted: str | None) -> Answer:
    """The range of a file that is wanted, or all of it."""
    headers = {"Accept-Ranges": "bytes"}
    if wanted is None:
        return Answer(200, data, headers)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    part = data[int(first) : int(last or len(data)) + 1]
    where = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
    return Answer(206, part, headers | {"Content-Range": where})


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """The address of a server that answers so; every answer has a connection of its own, so that no thread stays."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            known = self.headers.get("Range"), self.headers.get("Authorization")
            told = answer(Request(self.command, self.path, *known))
            self.send_response(told.status)
            length = {"Content-Length": str(len(told.body))} if told.has_length else {}
            for name, value in (told.headers | length).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(told.body[: told.sent])

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: clients hang up when a test is over."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
