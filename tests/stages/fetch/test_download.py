"""One file from a server that fails in every way: resumed, retried, checked, and never half under its final name."""

from __future__ import annotations

import email.utils
import errno
import hashlib
import io
import time
from pathlib import Path
from typing import Any

import pytest

from stages.fetch.client import PROGRESS_BYTES, Client
from stages.fetch.download import Downloaded, download
from stages.fetch.pace import Pacer, StoppedError
from stages.fetch.part import PartFile
from stages.fetch.remote import Checksum, FetchError, RemoteFile

BODY = bytes(range(256)) * 40


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ranges(server: Any, path: str = "/f.bin") -> list[str | None]:
    return [asked.range for asked in server.of(path)]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "f.bin"


def check(target: Path, result: Downloaded, body: bytes = BODY) -> None:
    assert target.read_bytes() == body
    assert result == Downloaded(len(body), hashlib.sha256(body).hexdigest())
    assert names(target.parent) == ["f.bin"]


@pytest.mark.parametrize("algorithm", [None, "md5", "sha1", "sha256"])
def test_a_file_comes_whole_and_leaves_nothing_beside_it(
    server: Any, client: Client, target: Path, algorithm: str | None
) -> None:
    server.put("/f.bin", BODY)
    check(target, download(client, server.remote("/f.bin", algorithm, size=True), target))
    assert server.asked[0].user_agent.startswith("altiplano/")


def test_an_empty_file_is_a_file(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", b"")
    check(target, download(client, server.remote("/f.bin", "md5", size=True), target), b"")


def test_a_connection_cut_in_the_middle_is_resumed(
    server: Any, client: Client, target: Path, fake_time: Any
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.cut(1000), server.cut(500))
    check(target, download(client, server.remote("/f.bin", "sha1"), target))
    assert ranges(server) == [None, "bytes=1000-", "bytes=1500-"]
    assert [asked.if_range for asked in server.asked] == [None, '"one"', '"one"']
    assert fake_time.slept == [0.5, 1.0]


def test_a_stalled_connection_is_resumed(server: Any, fake_time: Any, target: Path) -> None:
    client = Client(pacer=Pacer(clock=fake_time.clock, sleep=fake_time.sleep), timeout_seconds=1.0)
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.stall(700))
    check(target, download(client, server.remote("/f.bin"), target))
    assert ranges(server) == [None, "bytes=700-"]


def test_429_waits_as_long_as_the_server_asks(
    server: Any, client: Client, target: Path, fake_time: Any
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.status(429, "37"))
    check(target, download(client, server.remote("/f.bin"), target))
    assert fake_time.slept == [37.0]


def test_retry_after_may_be_a_date(server: Any, client: Client, target: Path, fake_time: Any) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.status(503, email.utils.formatdate(time.time() + 100, usegmt=True)))
    check(target, download(client, server.remote("/f.bin"), target))
    assert len(fake_time.slept) == 1
    assert 90 <= fake_time.slept[0] <= 100


def test_the_hubs_rate_limit_header_is_minded(
    server: Any, client: Client, target: Path, fake_time: Any
) -> None:
    server.put("/f.bin", BODY)

    def limited(handler: Any, served: Any) -> None:
        handler.send(429, b"", {"RateLimit": '"resolvers";r=0;t=55'})

    server.then("/f.bin", limited)
    check(target, download(client, server.remote("/f.bin"), target))
    assert fake_time.slept == [55.0]


def test_a_retry_after_that_is_none_is_passed_over(
    server: Any, client: Client, target: Path, fake_time: Any
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.status(503, "tomorrow"))
    check(target, download(client, server.remote("/f.bin"), target))
    assert fake_time.slept == [0.5]


def test_a_wait_of_a_day_is_left_to_a_later_run(
    server: Any, client: Client, target: Path, fake_time: Any
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.status(429, "86400"))
    with pytest.raises(FetchError, match=r"HTTP 429 .*; the server asks to wait 86,400 s: run again later"):
        download(client, server.remote("/f.bin"), target)
    assert fake_time.slept == []
    assert names(target.parent) == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_errors_of_the_server_are_retried_with_ever_longer_waits(
    server: Any, client: Client, target: Path, fake_time: Any, status: int
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", *[server.status(status)] * 3)
    check(target, download(client, server.remote("/f.bin"), target))
    assert fake_time.slept == [0.5, 1.0, 2.0]


def test_retries_end(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", *[server.status(503)] * 9)
    with pytest.raises(FetchError, match=r"f\.bin: HTTP 503 Service Unavailable \(4 attempts\)") as caught:
        download(client, server.remote("/f.bin"), target)
    assert caught.value.status == 503
    assert len(server.asked) == 4


def test_a_long_file_may_be_cut_more_often_than_there_are_retries(
    server: Any, client: Client, target: Path
) -> None:
    body = bytes(range(251)) * (7 * PROGRESS_BYTES // 251)
    server.put("/f.bin", body)
    server.then("/f.bin", *[server.cut(PROGRESS_BYTES)] * 6)
    check(target, download(client, server.remote("/f.bin", "md5"), target), body)
    assert len(server.asked) == 7


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_refused_or_absent_is_not_asked_for_again(
    server: Any, client: Client, target: Path, status: int
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.status(status))
    with pytest.raises(FetchError, match=f"f.bin: HTTP {status}"):
        download(client, server.remote("/f.bin"), target)
    assert len(server.asked) == 1
    assert names(target.parent) == []


def test_a_server_that_ignores_range_sends_it_all_anew(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.cut(1000), server.whole(mind_range=False))
    check(target, download(client, server.remote("/f.bin"), target))
    assert ranges(server) == [None, "bytes=1000-"]


@pytest.mark.parametrize("mind_if_range", [True, False])
def test_a_file_that_changed_between_attempts_is_never_a_mixture(
    server: Any, client: Client, target: Path, mind_if_range: bool
) -> None:
    server.put("/f.bin", b"a" * 5000)
    server.then("/f.bin", server.cut(1000))
    client.retries = 0
    with pytest.raises(FetchError, match=r"the connection ended 4,000 bytes early \(1 attempt\)"):
        download(client, server.remote("/f.bin"), target)
    assert names(target.parent) == ["f.bin.part", "f.bin.part.json"]
    server.put("/f.bin", b"b" * 6000, etag='"two"')
    server.then("/f.bin", server.whole(mind_if_range=mind_if_range))
    client.retries = 3
    check(target, download(client, server.remote("/f.bin"), target), b"b" * 6000)


def test_without_etag_the_date_of_change_tells_versions_apart(
    server: Any, client: Client, target: Path
) -> None:
    date = "Tue, 01 Sep 2020 10:00:00 GMT"
    server.put("/f.bin", BODY, etag='W/"weak"', last_modified=date)

    def cut(handler: Any, served: Any) -> None:
        handler.send(
            200, served.body[:10], {"ETag": 'W/"weak"', "Last-Modified": date}, length=len(served.body)
        )
        handler.close_connection = True

    server.then("/f.bin", cut)
    check(target, download(client, server.remote("/f.bin"), target))
    assert [(asked.range, asked.if_range) for asked in server.asked] == [(None, None), ("bytes=10-", date)]


@pytest.mark.parametrize(("algorithm", "second"), [(None, None), ("md5", "bytes=10-")])
def test_without_etag_or_date_only_a_checksum_lets_a_part_be_resumed(
    server: Any, client: Client, target: Path, algorithm: str | None, second: str | None
) -> None:
    server.put("/f.bin", BODY, etag=None)
    server.then("/f.bin", server.cut(10))
    check(target, download(client, server.remote("/f.bin", algorithm), target))
    assert ranges(server) == [None, second]


def test_416_of_a_whole_part_finishes_it(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin")
    with PartFile(target, remote) as part:
        part.restart('"one"', None)
        part.write(BODY)
    check(target, download(client, remote, target))
    assert ranges(server) == [f"bytes={len(BODY)}-"]


def test_416_of_a_file_that_became_shorter_starts_afresh(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin")
    with PartFile(target, remote) as part:
        part.restart('"one"', None)
        part.write(BODY + b"more")
    check(target, download(client, remote, target))
    assert ranges(server) == [f"bytes={len(BODY) + 4}-", None]


def test_a_part_of_another_address_is_dropped(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin")
    with PartFile(target, RemoteFile("http://elsewhere.example/f.bin", "f.bin")) as part:
        part.restart('"one"', None)
        part.write(b"other bytes")
    check(target, download(client, remote, target))
    assert ranges(server) == [None]


@pytest.mark.parametrize("sidecar", [b"", b"{", b"[]", b'{"url": 1, "etag": 2}', None])
def test_a_part_without_its_sidecar_is_dropped(
    server: Any, client: Client, target: Path, sidecar: bytes | None
) -> None:
    server.put("/f.bin", BODY)
    target.with_name("f.bin.part").write_bytes(b"what is this")
    if sidecar is not None:
        target.with_name("f.bin.part.json").write_bytes(sidecar)
    check(target, download(client, server.remote("/f.bin"), target))
    assert ranges(server) == [None]


def test_a_part_that_is_whole_needs_no_request(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin", "sha1", size=True)
    with PartFile(target, remote) as part:
        part.restart('"one"', None)
        part.write(BODY)
    check(target, download(client, remote, target))
    assert server.asked == []


def test_a_wrong_checksum_is_fetched_anew_and_then_reported(
    server: Any, client: Client, target: Path
) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin", "md5", size=True)
    wrong = b"x" * len(BODY)
    server.then("/f.bin", server.other(wrong))
    check(target, download(client, remote, target))
    target.unlink()
    server.then("/f.bin", *[server.other(wrong)] * 3)
    with pytest.raises(FetchError, match=r"md5 is [0-9a-f]{32}, the list says [0-9a-f]{32} \(3 downloads\)"):
        download(client, remote, target)
    assert names(target.parent) == []
    assert ranges(server) == [None] * 5


def test_a_resumed_part_is_checked_from_its_first_byte(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    remote = server.remote("/f.bin", "sha256", size=True)
    with PartFile(target, remote) as part:
        part.restart('"one"', None)
        part.write(b"damaged on the disk")
    check(target, download(client, remote, target))
    assert ranges(server) == ["bytes=19-", None]


def test_a_short_content_length_is_noticed_by_the_lists_size(
    server: Any, client: Client, target: Path
) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.other(BODY[:100]))
    with pytest.raises(FetchError, match="the server has 100 bytes, the list says 10,240"):
        download(client, server.remote("/f.bin", size=True), target)
    assert names(target.parent) == []


def test_more_bytes_than_the_list_says_are_not_stored(server: Any, client: Client, target: Path) -> None:
    def endless(handler: Any, served: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x" * 1_000_000)
        handler.close_connection = True

    server.put("/f.bin", BODY)
    server.then("/f.bin", endless)
    check(target, download(client, server.remote("/f.bin", size=True), target))


def test_an_html_page_is_not_the_file(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.other(b"<html>come back later", content_type="text/html; charset=utf-8"))
    with pytest.raises(FetchError, match="an HTML page in place of the file"):
        download(client, server.remote("/f.bin"), target)
    assert names(target.parent) == []


@pytest.mark.parametrize("name", ["f.gz", "f.bz2", "f.7z"])
def test_an_error_under_an_archives_name_is_told_by_its_first_bytes(
    server: Any, client: Client, tmp_path: Path, name: str
) -> None:
    server.put(f"/{name}", b"<?xml version='1.0'?><Error>SlowDown</Error>")
    with pytest.raises(FetchError, match="starts with b'<\\?xml ve', no"):
        download(client, server.remote(f"/{name}"), tmp_path / name)
    assert names(tmp_path) == []


def test_what_the_server_compresses_unasked_is_refused(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.other(b"\x1f\x8b", content_encoding="gzip"))
    with pytest.raises(FetchError, match="Content-Encoding gzip"):
        download(client, server.remote("/f.bin"), target)


def test_a_gzip_file_is_stored_as_it_is_also_when_called_encoding(
    server: Any, client: Client, tmp_path: Path
) -> None:
    server.put("/f.gz", b"\x1f\x8b raw", content_encoding="gzip")
    download(client, server.remote("/f.gz"), tmp_path / "f.gz")
    assert (tmp_path / "f.gz").read_bytes() == b"\x1f\x8b raw"


def test_redirects_are_followed_with_the_range(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.put("/elsewhere", BODY)
    server.then("/f.bin", *[server.redirect("/elsewhere")] * 2)
    server.then("/elsewhere", server.cut(99))
    check(target, download(client, server.remote("/f.bin"), target))
    assert ranges(server, "/elsewhere") == [None, "bytes=99-"]


def test_redirects_end(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", *[server.redirect("/f.bin")] * 20)
    with pytest.raises(FetchError, match="more than 8 redirects"):
        download(client, server.remote("/f.bin"), target)


@pytest.mark.parametrize("place", ["ftp://127.0.0.1/f.bin", "file:///f.bin"])
def test_a_redirect_leads_to_http_alone(server: Any, client: Client, target: Path, place: str) -> None:
    server.put("/f.bin", BODY)
    server.then("/f.bin", server.redirect(place))
    with pytest.raises(FetchError, match="refused"):
        download(client, server.remote("/f.bin"), target)


def test_a_redirect_from_https_to_http_is_refused(
    client: Client, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Redirect:
        status = 302

        def get_redirect_location(self) -> str:
            return "http://mirror.example/f.bin"

        def close(self) -> None:
            pass

    monkeypatch.setattr(client, "_request", lambda *_: Redirect())
    with pytest.raises(FetchError, match="redirects from https to 'http://mirror.example/f.bin'; refused"):
        download(client, RemoteFile("https://site.example/f.bin", "f.bin"), target)


def test_a_server_that_is_not_there_is_one_line(client: Client, target: Path) -> None:
    with pytest.raises(FetchError, match=r"f\.bin: .*Connection refused.* \(4 attempts\)") as caught:
        download(client, RemoteFile("http://127.0.0.1:9/f.bin", "f.bin"), target)
    assert "\n" not in str(caught.value)
    assert "object at" not in str(caught.value)


def test_a_stopped_fetch_keeps_its_part(server: Any, client: Client, target: Path) -> None:
    server.put("/f.bin", BODY)

    def stop(handler: Any, served: Any) -> None:
        client.pacer.stop()
        handler.start_part(served, 5)
        handler.close_connection = True

    server.then("/f.bin", server.cut(10), stop)
    with pytest.raises(StoppedError):
        download(client, server.remote("/f.bin"), target)
    assert names(target.parent) == ["f.bin.part", "f.bin.part.json"]


def test_a_full_disk_keeps_what_fits(
    server: Any, client: Client, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put("/f.bin", BODY)

    def full(part: PartFile, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PartFile, "write", full)
    with pytest.raises(OSError, match="No space left"):
        download(client, server.remote("/f.bin"), target)
    monkeypatch.undo()
    check(target, download(client, server.remote("/f.bin"), target))


def test_a_write_that_takes_only_a_part_is_gone_on_with(tmp_path: Path) -> None:
    class Slow(io.BytesIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data[:3]))

    remote = RemoteFile("http://a.example/f", "f", checksum=Checksum("md5", hashlib.md5(BODY).hexdigest()))
    with PartFile(tmp_path / "f", remote) as part:
        slow = Slow()
        part._stream.close()
        part._stream = slow  # type: ignore[assignment]
        part.write(BODY)
        assert slow.getvalue() == BODY
        assert part.fault() is None
