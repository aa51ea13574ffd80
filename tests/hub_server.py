"""A local server that answers as the Hugging Face Hub does, and processes that ask it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import orjson

ROOT = Path(__file__).resolve().parents[1]

Files = Mapping[tuple[str, str], bytes]
"""(revision, path): content."""


def commit_of(revision: str) -> str:
    """The commit that a branch or tag stands for."""
    return hashlib.sha1(revision.encode()).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """The Hub's answers: repository and revision, tree, file with ranges."""

    repositories: ClassVar[Mapping[str, Files]] = {}
    written: ClassVar[dict[str, dict[tuple[str, str], bytes]]] = {}
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, value: Any) -> None:
        self.answer(200, orjson.dumps(value), Content_Type="application/json")

    def do_GET(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        in_api = parts[:1] == ["api"]
        parts = parts[in_api:]
        name = "/".join(parts[:3])
        files = self.repositories.get(name, self.written.get(name))
        if files is None or not (in_api or parts[3:4] == ["resolve"]):
            return self.answer(404, b"{}", X_Error_Code="RepoNotFound")
        kind, revision, path = (parts[3:4] or [""])[0], (parts[4:5] or ["main"])[0], "/".join(parts[5:])
        revision = {commit_of(name): name for name, _ in files}.get(revision, revision)
        if revision not in {key[0] for key in files}:
            return self.answer(404, b"{}", X_Error_Code="RevisionNotFound")
        if kind in ("", "revision"):
            name, siblings = "/".join(parts[1:3]), [{"rfilename": f} for of, f in files if of == revision]
            about = {
                "id": name,
                "sha": commit_of(revision),
                "siblings": siblings,
                "private": False,
                "tags": [],
            }
            return self.answer_json(about)
        if kind == "tree":
            is_recursive = "recursive=true" in urlsplit(self.path).query.lower()
            return self.tree(files, revision, path, is_recursive)
        if kind == "paths-info":
            return self.answer_json([])
        return self.file(files.get((revision, path)), commit_of(revision))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.read_body()
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts == ["api", "repos", "create"]:
            asked = orjson.loads(body)
            name = f"{asked['type']}s/{asked['organization']}/{asked['name']}"
            self.written.setdefault(name, {("main", ".gitattributes"): b""})
            return self.answer_json({"url": f"http://{self.headers['Host']}/{name}", "id": name})
        if parts == ["api", "validate-yaml"]:
            return self.answer_json({"warnings": [], "errors": []})
        if parts[4:5] == ["preupload"]:
            files = [one["path"] for one in orjson.loads(body)["files"]]
            told = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in files]
            return self.answer_json({"files": told})
        if parts[4:5] == ["commit"]:
            self.commit(self.written["/".join(parts[1:4])], body)
            url = f"http://{self.headers['Host']}/{'/'.join(parts[1:4])}/commit/{commit_of('main')}"
            return self.answer_json({"success": True, "commitUrl": url, "commitOid": commit_of("main")})
        return self.do_GET()

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    @staticmethod
    def commit(files: dict[tuple[str, str], bytes], body: bytes) -> None:
        for line in body.splitlines():
            row = orjson.loads(line)
            if row["key"] == "file":
                files["main", row["value"]["path"]] = b64decode(row["value"]["content"])
            elif row["key"] == "deletedFile":
                del files["main", row["value"]["path"]]

    def tree(self, files: Files, revision: str, folder: str, is_recursive: bool) -> None:
        prefix = folder + "/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for (of, name), data in files.items():
            if of != revision or not name.startswith(prefix):
                continue
            steps = name.removeprefix(prefix).split("/")
            for depth in range(1, len(steps) if is_recursive else min(2, len(steps))):
                path = prefix + "/".join(steps[:depth])
                entries[path] = {"type": "directory", "oid": "1" * 40, "size": 0, "path": path}
            if len(steps) == 1 or is_recursive:
                oid = hashlib.sha1(data).hexdigest()
                entries[name] = {"type": "file", "oid": oid, "size": len(data), "path": name}
        if not entries:
            return self.answer(404, b"{}", X_Error_Code="EntryNotFound")
        return self.answer_json(list(entries.values()))

    def file(self, data: bytes | None, commit: str) -> None:
        if data is None:
            return self.answer(404, b"{}", X_Error_Code="EntryNotFound")
        asked = self.headers.get("Range")
        if asked is None:
            etag = hashlib.sha1(data).hexdigest()
            return self.answer(200, data, ETag=f'"{etag}"', X_Repo_Commit=commit)
        start, stop = asked.removeprefix("bytes=").split("-")
        part = data[int(start) : int(stop) + 1 if stop else None]
        span = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
        return self.answer(206, part, Content_Range=span)


@contextmanager
def hub(
    repositories: Mapping[str, Files], written: dict[str, dict[tuple[str, str], bytes]] | None = None
) -> Iterator[str]:
    """The address of a hub that has these repositories (`datasets/user/name`), and those that are `written` to it."""
    handler = type(
        "OwnHub", (Hub,), {"repositories": repositories, "written": {} if written is None else written}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def in_a_process(endpoint: str, script: str, tmp_path: Path, **environment: str) -> Any:
    """What `script` leaves in `found`: the endpoint is read once, when the Hub's library is imported."""
    opening = """
        import json
        from stages.core import storage
        from stages.core.errors import UserError
        def told(call, *given):
            try:
                return call(*given)
            except UserError as error:
                return str(error)
    """
    code = textwrap.dedent(opening) + textwrap.dedent(script) + "\nprint(json.dumps(found))"
    variables = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**variables, "PATH": "", "PYTHONPATH": str(ROOT), "NO_PROXY": "*", **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return orjson.loads(done.stdout)
