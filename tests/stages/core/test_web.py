"""Raw files on a web server that refuses, loops, tells no length or gives no ranges: a result, or one line that says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.core import storage, web
from stages.core.errors import ReadFaultError, UserError
from tests.web_server import Answer, Request, ranged, serving

DATA = bytes(range(256)) * 40


class Site:
    """Answers by the first part of the path; what it was asked, and where it sends whom."""

    def __init__(self) -> None:
        self.host = ""
        self.asked: list[tuple[str, str | None]] = []
        self.redirects: dict[str, str] = {}

    def answer(self, request: Request) -> Answer:
        what = request.path.strip("/").split("/")[0]
        self.asked.append((what, request.authorization))
        is_first = len([1 for path, _ in self.asked if path == what]) == 1
        if what in self.redirects:
            return Answer(302, headers={"Location": self.redirects[what]})
        if what.isdigit():
            return Answer(int(what), b"sorry")
        if what == "busy" and is_first:
            return Answer(503)
        if what == "nohead" and request.method == "HEAD":
            return Answer(405)
        if what == "nolength":
            return Answer(200, has_length=False)
        if what == "packed":
            return Answer(200, DATA, {"Content-Encoding": "gzip"})
        return Answer(200, DATA) if what == "noranges" else ranged(DATA, request.range)


@contextmanager
def site() -> Iterator[Site]:
    found = Site()
    with serving(found.answer) as found.host:
        yield found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.0)
    with site() as found:
        yield found


@pytest.mark.parametrize("what", ["file", "nohead", "noranges", "busy"])
def test_a_file_of_a_server_that_knows_less_than_others_is_read(what: str, server: Site) -> None:
    uri = f"{server.host}/{what}/a"
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
def test_a_refusal_is_one_line(what: str, reason: str, server: Site) -> None:
    server.redirects = {"loop": "/loop/a", "local": "file:///etc/passwd"}
    with pytest.raises(UserError, match=reason) as caught:
        storage.find_files(f"{server.host}/{what}/a?part=1")
    assert str(caught.value).startswith(f"{server.host}/{what}/a?part=1: ")


def test_a_server_that_stays_out_of_order_is_a_fault_after_some_attempts(server: Site) -> None:
    with pytest.raises(ReadFaultError, match=r"/500/a: HTTP 500 \(3 attempts\)"):
        storage.find_files(f"{server.host}/500/a")
    assert len(server.asked) == 2 * web.ATTEMPTS


def test_a_server_that_is_not_there_is_a_fault(server: Site) -> None:
    with pytest.raises(ReadFaultError, match="cannot be reached"):
        storage.find_files("http://127.0.0.1:9/a")


def test_a_large_file_without_ranges_is_to_be_downloaded(
    server: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "RANGELESS_BYTES", 1000)
    with pytest.raises(UserError, match="gives no ranges of its 10,240 bytes; download it"):
        storage.find_files(f"{server.host}/noranges/a")


def test_credentials_of_the_environment_do_not_follow_a_redirect_to_another_host(
    server: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with site() as other:
        server.redirects = {"away": f"{other.host.replace('127.0.0.1', 'localhost')}/file/a"}
        uri = f"{server.host}/away/a"
        with storage.open_whole(uri, storage.find_files(uri)[0].size) as stream:
            assert stream.read() == DATA
    assert {known is None for _, known in server.asked} == {False}
    assert {known for _, known in other.asked} == {None}
