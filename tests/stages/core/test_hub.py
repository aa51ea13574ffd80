"""The Hub: patterns, revisions, probes and reading, against a local server that answers as the Hub does."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[3]


def rows(*texts: str) -> bytes:
    return gzip.compress(
        b"".join(orjson.dumps({"text": t, "url": "u", "timestamp": "2019"}) + b"\n" for t in texts)
    )


FILES = {
    ("main", "README.md"): b"# C4",
    ("main", "en/c4-train.00000-of-00002.json.gz"): rows("first", "second"),
    ("main", "en/c4-train.00001-of-00002.json.gz"): rows("third"),
    ("main", "en/deep/other.json.gz"): rows("deep"),
    ("v1", "en/c4-train.00000-of-00002.json.gz"): rows("of the first version"),
    ("refs/pr/3", "en/c4-train.00000-of-00002.json.gz"): rows("proposed"),
}
REPOSITORY = "datasets/allenai/c4"


class Hub(BaseHTTPRequestHandler):
    """The Hub's answers: repository and revision, tree, file with ranges."""

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
        if parts[:4] == ["api", *REPOSITORY.split("/")]:
            kind, revision, path = (parts[4:5] or [""])[0], (parts[5:6] or ["main"])[0], "/".join(parts[6:])
        elif parts[:4] == [*REPOSITORY.split("/"), "resolve"]:
            kind, revision, path = "resolve", parts[4], "/".join(parts[5:])
        else:
            return self.answer(404, b"{}", X_Error_Code="RepoNotFound")
        if revision not in {key[0] for key in FILES}:
            return self.answer(404, b"{}", X_Error_Code="RevisionNotFound")
        if kind in ("", "revision"):
            return self.answer_json(
                {"id": "allenai/c4", "sha": "0" * 40, "siblings": [], "private": False, "tags": []}
            )
        if kind == "tree":
            return self.tree(revision, path, "recursive=true" in urlsplit(self.path).query.lower())
        return self.file(FILES.get((revision, path)))

    def tree(self, revision: str, folder: str, is_recursive: bool) -> None:
        prefix = folder + "/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for (of, name), data in FILES.items():
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

    def file(self, data: bytes | None) -> None:
        if data is None:
            return self.answer(404, b"{}", X_Error_Code="EntryNotFound")
        asked = self.headers.get("Range")
        if asked is None:
            return self.answer(200, data)
        start, stop = asked.removeprefix("bytes=").split("-")
        part = data[int(start) : int(stop) + 1 if stop else None]
        span = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
        return self.answer(206, part, Content_Range=span)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
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


def test_patterns_revisions_probes_and_bytes(endpoint: str, tmp_path: Path) -> None:
    found = in_a_process(
        endpoint,
        """
        patterns = [
            "hf://datasets/allenai/c4/en/*.json.gz",
            "hf://datasets/allenai/c4/**/*.json.gz",
            "hf://datasets/allenai/c4/en/c4-train.0000[1-9]-of-?????.json.gz",
            "hf://datasets/allenai/c4/en",
            "hf://datasets/allenai/c4",
            "hf://datasets/allenai/c4/README.md",
            "hf://datasets/allenai/c4@v1/en/*.json.gz",
            "hf://datasets/allenai/c4@v1/en/c4-train.00000-of-00002.json.gz",
            "hf://datasets/allenai/c4@refs/pr/3/en/*.json.gz",
            "hf://datasets/allenai/c4@refs%2Fpr%2F3/en/*.json.gz",
        ]
        found = []
        for pattern in patterns:
            for file in storage.find_files(pattern):
                data = storage.read_bytes(file.uri)
                probe = storage.probe(file.uri, file.size)
                found.append([pattern[24:], file.name, file.uri, file.size == len(data), data[-8:].hex(), probe])
        """,
        tmp_path,
    )
    contents = {(revision, name): data[-8:].hex() for (revision, name), data in FILES.items()}
    a, b, deep = "c4-train.00000-of-00002.json.gz", "c4-train.00001-of-00002.json.gz", "deep/other.json.gz"
    assert [(pattern, name, tail) for pattern, name, _, _, tail, _ in found] == [
        (pattern, name, contents[revision, path])
        for pattern, revision, files in (
            ("/en/*.json.gz", "main", {a: f"en/{a}", b: f"en/{b}"}),
            ("/**/*.json.gz", "main", {f"en/{name}": f"en/{name}" for name in (a, b, deep)}),
            ("/en/c4-train.0000[1-9]-of-?????.json.gz", "main", {b: f"en/{b}"}),
            ("/en", "main", {name: f"en/{name}" for name in (a, b, deep)}),
            ("", "main", {"README.md": "README.md"} | {f"en/{name}": f"en/{name}" for name in (a, b, deep)}),
            ("/README.md", "main", {"README.md": "README.md"}),
            ("@v1/en/*.json.gz", "v1", {a: f"en/{a}"}),
            (f"@v1/en/{a}", "v1", {a: f"en/{a}"}),
            ("@refs/pr/3/en/*.json.gz", "refs/pr/3", {a: f"en/{a}"}),
            ("@refs%2Fpr%2F3/en/*.json.gz", "refs/pr/3", {a: f"en/{a}"}),
        )
        for name, path in files.items()
    ]
    assert all(is_whole for _, _, _, is_whole, _, _ in found)
    assert len({probe for *_, probe in found}) == len(set(FILES.values()))
    assert found[0][2] == f"hf://datasets/allenai/c4/en/{a}"


def test_c4_from_the_hub(endpoint: str, tmp_path: Path) -> None:
    found = in_a_process(
        endpoint,
        f"""
        from stages.core.parquet import read_documents
        from stages.ingest.c4.stage import C4Ingest
        found = []
        for revision in ("", "@v1"):
            stage = C4Ingest(input=(f"hf://datasets/allenai/c4{{revision}}/en/*.json.gz",))
            folder = {str(tmp_path)!r} + "/out" + revision
            storage.make_folder(folder)
            report = stage.run(stage.plan(())[0].at(folder))
            batches = read_documents([f"{{folder}}/{{file.name}}" for file in report.files])
            found.append([[row["id"], row["text"]] for batch in batches for row in batch.to_pylist()])
        other = C4Ingest(input=("hf://datasets/allenai/c4/en/*.json.gz",))
        found.append(stage.fingerprint(()) == other.fingerprint(()))
        """,
        tmp_path,
    )
    assert found == [
        [
            ["c4/c4-train.00000-of-00002.json.gz/0", "first"],
            ["c4/c4-train.00000-of-00002.json.gz/1", "second"],
            ["c4/c4-train.00001-of-00002.json.gz/0", "third"],
        ],
        [["c4/c4-train.00000-of-00002.json.gz/0", "of the first version"]],
        False,
    ]


def test_mistakes_are_told_in_one_line(endpoint: str, tmp_path: Path) -> None:
    uris = [
        "hf://datasets/allenai/nothing/*.gz",
        "hf://datasets/allenai/c4@v9/*.gz",
        "hf://datasets/allenai/c4/en/nothing.gz",
        "hf://datasets/allenai/c4/en/*.zip",
        "hf://datasets/allenai/c4/nothing/*.gz",
        "hf://datasets",
        "hf://",
        "hf://datasets/a b/c/x",
    ]
    found = in_a_process(endpoint, f"found = [told(storage.find_files, uri) for uri in {uris}]", tmp_path)
    assert [len(line.splitlines()) for line in found] == [1] * len(uris)
    for uri, line, words in zip(
        uris,
        found,
        [
            "repository not found",
            "revision not found",
            "no such file",
            "no file matches",
            "no file matches",
            "",
            "",
            "",
        ],
        strict=True,
    ):
        assert line.startswith(uri + ":"), line
        assert words in line


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_no_way_to_the_hub_is_told_in_one_line(
    endpoint: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    script = 'found = told(storage.find_files, "hf://datasets/allenai/c4/en/*.json.gz")'
    found = in_a_process(environment.pop("HF_ENDPOINT", endpoint), script, tmp_path, **environment)
    assert found.startswith("hf://datasets/allenai/c4/en/*.json.gz: the Hub cannot be asked (")
    assert "\n" not in found


def test_local_runs_do_not_import_the_hub(tmp_path: Path) -> None:
    script = (
        f"import sys; storage.find_files({str(Path(__file__))!r}); found = 'huggingface_hub' in sys.modules"
    )
    assert in_a_process("http://127.0.0.1:9", script, tmp_path) is False
