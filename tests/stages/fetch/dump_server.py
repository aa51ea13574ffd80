"""A web server on this machine that imitates the sites, failures included, and a clock that only sleeping moves."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from stages.fetch.remote import Checksum, RemoteFile


@dataclass
class Served:
    """One file of the server."""

    body: bytes
    etag: str | None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    range: str | None
    if_range: str | None
    user_agent: str


Answer = Callable[["Handler", Served], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by the server's files, unless an answer of another kind is due."""

    protocol_version = "HTTP/1.1"
    server: DumpServer

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the tests read `asked`."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(self.path)
        header = self.headers.get
        asked = Asked(self.command, path, header("Range"), header("If-Range"), header("User-Agent", ""))
        with self.server.lock:
            self.server.asked.append(asked)
            due = self.server.due.get(path) or self.server.due.get(urlsplit(path).path)
            answer = due.pop(0) if due else None
        served = self.server.files.get(path)
        if answer is not None:
            answer(self, served or Served(b"", None))
        elif served is None:
            self.send(404, b"no such file", {})
        else:
            self.send_file(served)

    def send_file(self, served: Served, mind_range: bool = True, mind_if_range: bool = True) -> None:
        """The file, or what the Range asks of it, as a good server does."""
        headers = dict(served.headers)
        if served.etag is not None:
            headers["ETag"] = served.etag
        wanted = self.headers.get("Range") if mind_range else None
        condition = self.headers.get("If-Range")
        if (
            condition is not None
            and mind_if_range
            and condition not in (served.etag, headers.get("Last-Modified"))
        ):
            wanted = None
        if wanted is None:
            self.send(200, served.body, headers)
            return
        start, size = int(wanted.removeprefix("bytes=").rstrip("-")), len(served.body)
        if start >= size:
            self.send(416, b"", headers | {"Content-Range": f"bytes */{size}"})
        else:
            self.send(
                206, served.body[start:], headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
            )

    def send(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
        """A response whose Content-Length may be a lie."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def start_part(self, served: Served, num_bytes: int) -> None:
        """The first bytes of what was asked for, under the header of all of it."""
        headers = {"ETag": served.etag} if served.etag else {}
        start, size = 0, len(served.body)
        if wanted := self.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self.send(206 if start else 200, served.body[start : start + num_bytes], headers, length=size - start)
        self.wfile.flush()


class DumpServer(ThreadingHTTPServer):
    """The server: its files, the answers of another kind that are due, and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, Served] = {}
        self.due: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that hangs up is part of the tests."""

    @property
    def url(self) -> str:
        """The address that all paths lie below."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, path: str, body: bytes, etag: str | None = '"one"', **headers: str) -> None:
        """Serve a file."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.files[path] = Served(body, etag, named)

    def remote(self, path: str, algorithm: str | None = None, size: bool = False) -> RemoteFile:
        """A served file as a list would give it."""
        body = self.files[path].body
        checksum = Checksum(algorithm, hashlib.new(algorithm, body).hexdigest()) if algorithm else None
        return RemoteFile(self.url + path, path.lstrip("/"), len(body) if size else None, checksum)

    def then(self, path: str, *answers: Answer) -> None:
        """The next requests of a path are answered so, one each; later ones by the file."""
        self.due.setdefault(path, []).extend(answers)

    def of(self, path: str) -> list[Asked]:
        """The requests of one path."""
        return [asked for asked in self.asked if asked.path == path]

    # The ways to fail.

    def status(self, status: int, retry_after: str | None = None) -> Answer:
        """An error."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return lambda handler, served: handler.send(status, b"sorry", headers)

    def cut(self, num_bytes: int) -> Answer:
        """The connection ends after so many bytes of the body."""

        def answer(handler: Handler, served: Served) -> None:
            handler.start_part(served, num_bytes)
            handler.close_connection = True

        return answer

    def stall(self, num_bytes: int) -> Answer:
        """Nothing comes any more after so many bytes of the body."""

        def answer(handler: Handler, served: Served) -> None:
            handler.start_part(served, num_bytes)
            self.released.wait(600)
            handler.close_connection = True

        return answer

    def whole(self, mind_range: bool = True, mind_if_range: bool = True) -> Answer:
        """The file, by a server that does not know Range, or not If-Range."""
        return lambda handler, served: handler.send_file(served, mind_range, mind_if_range)

    def other(self, body: bytes, **headers: str) -> Answer:
        """Other bytes under status 200."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return lambda handler, served: handler.send(200, body, named)

    def redirect(self, target: str) -> Answer:
        """The file lies elsewhere."""
        return lambda handler, served: handler.send(302, b"", {"Location": target})


class FakeTime:
    """A clock that sleeping moves, and nothing else."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        with self._lock:
            self.slept.append(round(seconds, 3))
            self.now += seconds


@contextmanager
def running_server() -> Iterator[DumpServer]:
    """A server at work, for as long as the block runs."""
    with DumpServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
