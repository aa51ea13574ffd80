"""Dumps on a web server that fails at its n-th answer: the stage ends with an error or makes no difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.http import HTTPFileSystem

from stages.core.errors import ReadFaultError
from stages.core.stage import AnyStage
from tests.stages.ingest.fault_cases import stage_of, write_all
from tests.stages.ingest.faulty_reads import run_stage, sampled
from tests.web_server import Answer, Request, ranged, serving

BLOCK_BYTES = 700
MOST_ANSWERS = 6


@dataclass
class Server:
    """Serves a folder and counts its answers; the one with number `at` fails as `kind` says."""

    folder: Path
    host: str = ""
    answers: int = 0
    at: int = 0
    kind: str = ""

    def answer(self, request: Request) -> Answer:
        self.answers += 1
        fails = self.kind if self.answers == self.at else ""
        if fails == "status":
            return Answer(503)
        told = ranged((self.folder / request.path.lstrip("/")).read_bytes(), request.range)
        half = len(told.body) // 2
        if fails == "short" and told.status == 206:
            first, size = (
                told.headers["Content-Range"].removeprefix("bytes ").replace("/", "-").split("-")[::2]
            )
            where = f"bytes {first}-{int(first) + half - 1}/{size}"
            return replace(told, body=told.body[:half], headers=told.headers | {"Content-Range": where})
        return replace(told, sent=half) if fails == "closed" else told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("served"))
    write_all(found.folder)
    with serving(found.answer) as found.host:
        yield found


@pytest.fixture(autouse=True)
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def filesystem(protocol: str, **options: object) -> HTTPFileSystem:
        return HTTPFileSystem(block_size=BLOCK_BYTES, skip_instance_cache=True, **options)

    monkeypatch.setattr(fsspec, "filesystem", filesystem)


@pytest.mark.parametrize("kind", ["status", "closed", "short"])
@pytest.mark.parametrize("name", ["c4/a.json.gz", "c4/a.parquet", "books/a.epub", "wiki/srwiki-a.xml.7z"])
def test_a_server_that_fails_once(kind: str, name: str, server: Server, tmp_path: Path) -> None:
    server.answers, server.at, server.kind = 0, 0, kind
    expected = run_stage(_remote(name, server.host), tmp_path / "whole")
    assert expected.error is None
    errors = []
    for at in sampled(server.answers, MOST_ANSWERS):
        server.answers, server.at = 0, at
        found = run_stage(_remote(name, server.host), tmp_path / str(at))
        assert found.left == ()
        if found.error is None:
            assert found == expected
        errors.append(found.error)
    assert any(isinstance(error, ReadFaultError) for error in errors)


def _remote(name: str, host: str) -> AnyStage:
    return stage_of(name, Path("/")).model_copy(update={"input": (f"{host}/{name}",)})
