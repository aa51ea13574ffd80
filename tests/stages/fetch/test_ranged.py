"""Stretches of remote files: whole, gone on with after a cut, refused where they are of another file."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from stages.fetch.client import Client
from stages.fetch.ranged import RemoteStream, ShortRangeError, Stretch, read_range
from stages.fetch.remote import FetchError
from tests.web_server import Answer, Request, ranged, serving

BODY = bytes(range(200))


def told(*first: Answer | Callable[[Request], Answer]) -> tuple[list[Request], Callable[[Request], Answer]]:
    due, asked = list(first), []

    def answer(request: Request) -> Answer:
        asked.append(request)
        if due and request.method == "GET":
            one = due.pop(0)
            return one if isinstance(one, Answer) else one(request)
        return ranged(BODY, request.range)

    return asked, answer


def cut(request: Request) -> Answer:
    whole = ranged(BODY, request.range)
    return Answer(whole.status, whole.body, whole.headers, sent=10)


def test_a_stretch_is_exactly_its_bytes(client: Client) -> None:
    asked, answer = told()
    with serving(answer) as url:
        assert read_range(client, f"{url}/f", Stretch(20, 30)) == BODY[20:50]
        assert read_range(client, f"{url}/f", Stretch(20, 0)) == b""
    assert [one.range for one in asked] == ["bytes=20-49"]


def test_a_cut_connection_is_gone_on_with(client: Client) -> None:
    asked, answer = told(cut, Answer(503, b"busy", {"Retry-After": "2"}))
    with serving(answer) as url:
        assert read_range(client, f"{url}/f", Stretch(20, 30)) == BODY[20:50]
    assert [one.range for one in asked] == ["bytes=20-49", "bytes=30-49", "bytes=30-49"]


def test_a_file_that_changed_meanwhile_is_read_from_its_start(client: Client) -> None:
    def version(etag: str, sent: int | None = None) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            whole = ranged(BODY, request.range)
            return Answer(206, whole.body, whole.headers | {"ETag": etag}, sent=sent)

        return answer

    asked, answer = told(version('"one"', 10), version('"two"'), version('"two"'))
    with serving(answer) as url:
        assert read_range(client, f"{url}/f", Stretch(20, 30)) == BODY[20:50]
    assert [one.range for one in asked] == ["bytes=20-49", "bytes=30-49", "bytes=20-49"]


def test_another_part_is_asked_for_again(client: Client) -> None:
    other = Answer(206, BODY[:30], {"Content-Range": "bytes 0-29/200"})
    _, answer = told(other, Answer(206, BODY[20:60], {"Content-Range": "bytes 20-49/200"}))
    with serving(answer) as url:
        assert read_range(client, f"{url}/f", Stretch(20, 30)) == BODY[20:50]


@pytest.mark.parametrize(
    ("first", "error", "message"),
    [
        (Answer(416, b"", {"Content-Range": "bytes */200"}), ShortRangeError, "ends before byte 20"),
        (Answer(206, BODY[20:40], {"Content-Range": "bytes 20-39/40"}), ShortRangeError, "ends at byte 39"),
        (Answer(200, BODY), FetchError, "does not serve parts of files"),
        (Answer(404, b"no"), FetchError, "HTTP 404"),
    ],
)
def test_what_cannot_be_had_is_told(
    client: Client, first: Answer, error: type[Exception], message: str
) -> None:
    _, answer = told(first)
    with serving(answer) as url, pytest.raises(error, match=message):
        read_range(client, f"{url}/f", Stretch(20, 30))


def test_a_remote_file_is_read_where_it_is_wanted(client: Client) -> None:
    asked, answer = told()
    with serving(answer) as url:
        stream = RemoteStream(client, f"{url}/f")
        stream.seek(-20, io.SEEK_END)
        assert stream.read(5) == BODY[180:185]
        assert (stream.tell(), stream.read(), stream.read(3)) == (185, BODY[185:], b"")
        stream.seek(7)
        assert stream.read(2) == BODY[7:9]
    assert stream.num_bytes == 22
    assert [one.range for one in asked] == [None, "bytes=180-184", "bytes=185-199", "bytes=7-8"]
