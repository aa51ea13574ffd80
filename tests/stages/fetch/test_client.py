"""Lists, politeness and who we say we are."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from stages.core.errors import UserError
from stages.fetch import client as client_module
from stages.fetch.client import Client, ListPage
from stages.fetch.pace import Pacer, StoppedError
from stages.fetch.remote import FetchError


def test_a_list_is_retried_like_a_file(server: Any, client: Client, fake_time: Any) -> None:
    server.put("/list", b"a\nb\n")
    server.then("/list", server.status(503), server.cut(1))
    assert client.get_page(f"{server.url}/list") == ListPage(b"a\nb\n")
    assert fake_time.slept == [0.5, 1.0]


def test_a_list_without_end_is_refused(server: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_LIST_BYTES", 1 << 20)
    server.put("/list", b"x" * (3 << 20))
    with pytest.raises(FetchError, match="longer than 1 MiB"):
        client.get_page(f"{server.url}/list")


@pytest.mark.parametrize(
    ("link", "next_url"),
    [
        ('<http://a.example/x?cursor=b%3D>; rel="next"', "http://a.example/x?cursor=b%3D"),
        ('<http://a.example/0>; rel="prev", <http://a.example/2>; rel=next', "http://a.example/2"),
        ('<http://a.example/0>; rel="prev"', None),
        ("", None),
    ],
)
def test_the_next_page_of_a_list(server: Any, client: Client, link: str, next_url: str | None) -> None:
    server.put("/list", b"[]", link=link)
    assert client.get_page(f"{server.url}/list").next_url == next_url


def test_the_size_that_a_server_says(server: Any, client: Client) -> None:
    server.put("/f", b"12345")
    assert client.remote_size(f"{server.url}/f") == 5
    assert [asked.method for asked in server.asked] == ["HEAD"]


def test_a_server_that_knows_no_head_says_no_size(server: Any, client: Client) -> None:
    server.then("/f", server.status(405), server.status(403))
    assert client.remote_size(f"{server.url}/f") is None
    with pytest.raises(FetchError, match="HTTP 403"):
        client.remote_size(f"{server.url}/f")


def test_a_part_of_a_list_is_no_list(server: Any, client: Client) -> None:
    server.then("/list", lambda handler, served: handler.send(206, b"a", {"Content-Range": "bytes 0-0/9"}))
    with pytest.raises(FetchError, match="HTTP 206 for the whole list"):
        client.get_page(f"{server.url}/list")


def test_who_we_are_is_said_with_the_contact(server: Any) -> None:
    server.put("/f", b"")
    Client(contact="me@example.org").get_page(f"{server.url}/f")
    assert server.asked[0].user_agent.startswith("altiplano/")
    assert " (me@example.org) urllib3/" in server.asked[0].user_agent


@pytest.mark.parametrize("contact", ["", "a\r\nHost: evil", "ü@example.org"])
def test_a_contact_that_no_header_can_carry_is_refused(contact: str) -> None:
    with pytest.raises(UserError, match="--contact"):
        Client(contact=contact)


def test_requests_keep_their_distance(fake_time: Any) -> None:
    pacer = Pacer(2.0, fake_time.clock, fake_time.sleep)
    starts = []
    for _ in range(4):
        pacer.wait_turn()
        starts.append(fake_time.now)
    assert starts == [0.0, 2.0, 4.0, 6.0]


def test_a_wait_that_the_server_asks_for_holds_all_threads(fake_time: Any) -> None:
    pacer = Pacer(0.0, fake_time.clock, fake_time.sleep)
    pacer.hold(30.0)
    pacer.hold(10.0)
    threads = [threading.Thread(target=pacer.wait_turn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fake_time.now >= 30.0


def test_stopping_ends_a_long_wait() -> None:
    pacer = Pacer()
    pacer.hold(600.0)
    stopped: list[bool] = []

    def wait() -> None:
        try:
            pacer.wait_turn()
        except StoppedError:
            stopped.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    pacer.stop()
    thread.join(5)
    assert stopped == [True]


def test_the_environments_proxy_is_used_for_what_it_is_meant(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.put("http://site.example/list", b"by proxy")
    server.put("/list", b"directly")
    client = Client(retries=0)
    assert client.get_page("http://site.example/list").data == b"by proxy"
    assert client.get_page(f"{server.url}/list").data == b"directly"


@pytest.mark.parametrize(
    "target",
    [
        "http://[::1",
        "file:///etc/passwd",
        "/list",
        "http://a:99999999/x",
        "http://",
        "http://a b/",
        "ftp://a/",
    ],
)
def test_a_redirect_that_leads_nowhere_is_one_line(target: str, server: Any, client: Client) -> None:
    server.then("/list", *[server.redirect(target)] * 20)
    with pytest.raises(FetchError) as caught:
        client.get_page(f"{server.url}/list")
    assert "\n" not in str(caught.value)


def test_a_length_of_thousands_of_digits_is_one_line(server: Any, client: Client) -> None:
    def answer(handler: Any, served: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "9" * 5000)
        handler.end_headers()
        handler.close_connection = True

    server.then("/list", *[answer] * 20)
    with pytest.raises(FetchError, match="a length of 5,000 digits"):
        client.get_page(f"{server.url}/list")
