"""An S3 of one's own for tests: moto's server, and before it a proxy that behaves as a busy store does."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3

BUCKET = "altiplano"
ACCESS_KEY, SECRET_KEY = "AKIATESTACCESS", "hunter2/secret+key"
REFUSED = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
SLOW_SECONDS = 0.3
HOP_BY_HOP = {"expect", "transfer-encoding", "content-length", "connection"}
START_SECONDS = 60


@dataclass(frozen=True)
class Faults:
    """Shares of requests: refused with 503, answered late, whose body is cut, whose connection is reset."""

    refused: float = 0.0
    slow: float = 0.0
    cut: float = 0.0
    reset: float = 0.0
    seed: int = 0


@dataclass
class Store:
    """A running store: its address, what was done to how many requests, and how often each object was asked for."""

    endpoint: str
    counts: Counter[str] = field(default_factory=Counter)
    gets: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Requests by what they are billed as: GET (and HEAD), PUT (and POST, copies and listings), DELETE."""

    def environment(self) -> dict[str, str]:
        """What a program needs to reach it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """A client of its own, for tests to look with."""
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def upload(self, folder: Path, prefix: str) -> None:
        """All files of a folder, below `prefix`."""
        client = self.client()
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(folder)}")

    def objects(self, prefix: str) -> dict[str, bytes]:
        """The objects below `prefix/` by their names; the marks of folders left out."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix + "/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        wanted = [key for key in keys if not key.endswith("/")]
        return {
            key.removeprefix(prefix + "/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            for key in wanted
        }


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def s3_store() -> Iterator[Store]:
    """moto's server in a process of its own, with an empty bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(command, env=environment, **quiet) as process:  # type: ignore[call-overload]
        try:
            _wait_for(port)
            store = Store(f"http://127.0.0.1:{port}")
            store.client().create_bucket(Bucket=BUCKET)
            yield store
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("moto's server did not start")


@contextlib.contextmanager
def faulty(store: Store, faults: Faults) -> Iterator[Store]:
    """The same store behind a proxy with faults, drawn by a seed in the order of requests."""
    drawn = random.Random(faults.seed)
    front = Store("")
    lock = threading.Lock()

    def draw() -> tuple[str, bool]:
        with lock:
            share, is_before = drawn.random(), drawn.random() < 0.5
            for name in ("refused", "slow", "cut", "reset"):
                share -= getattr(faults, name)
                if share < 0:
                    front.counts[name] += 1
                    return name, is_before
            front.counts["passed"] += 1
            return "passed", is_before

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self._body()
            fault, is_before = draw()
            front.kinds[self._kind()] += 1
            if self.command == "GET":
                front.gets[self.path.partition("?")[0].removeprefix(f"/{BUCKET}/")] += 1
            if fault == "refused":
                self._answer(503, {"Content-Type": "application/xml"}, REFUSED)
                return
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            if fault == "reset" and is_before:
                self._reset()
                return
            status, headers, answer = self._ask(body)
            if fault == "reset":
                self._reset()
                return
            self._answer(status, headers, answer, cut=fault == "cut")

        def _kind(self) -> str:
            query = self.path.partition("?")[2]
            is_listing = self.command == "GET" and ("list-type" in query or "prefix" in query)
            if is_listing or self.command in ("PUT", "POST"):
                return "DELETE" if query == "delete" else "PUT"
            return "GET" if self.command == "HEAD" else self.command

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
            return b"".join(pieces)

        def _ask(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            connection = http.client.HTTPConnection(store.endpoint.removeprefix("http://"), timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            return answer.status, dict(answer.getheaders()), data

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes, cut: bool = False) -> None:
            self.send_response_only(status)
            dropped = {"transfer-encoding", "connection"} | (
                set() if self.command == "HEAD" else {"content-length"}
            )
            for name, value in headers.items():
                if name.lower() not in dropped:
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A connection that was reset on purpose is no error."""

    with Server(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        front.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield front
        finally:
            server.shutdown()
