"""Which documents lists of ids, URLs and hosts ask for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stages.core.errors import UserError
from stages.takedown.requests import RequestLists, Requests, host_key, read_any_requests, url_key


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=C",
        "http://www.Example.org/a?b=C#part",
        "https://user:word@example.org:443/a?b=C",
        "example.org/a?b=C",
        "//example.org:80/a?b=C",
    ],
)
def test_addresses_of_one_page_are_equal(url: str) -> None:
    assert url_key(url) == "example.org/a?b=C"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://example.org/", "example.org"),
        ("https://example.org:8080/A/", "example.org:8080/A"),
        ("https://BÜCHER.example/ä", "xn--bcher-kva.example/ä"),
        ("https://example.org./x", "example.org/x"),
        ("https://de.example/wiki/K%C3%B6ln%2FDeutz", "de.example/wiki/Köln/Deutz"),
        ("https://de.example/wiki/Köln/Deutz", "de.example/wiki/Köln/Deutz"),
        ("https://example.org?q=http://a.example/b", "example.org?q=http://a.example/b"),
        ("https:///x", None),
    ],
)
def test_other_addresses(url: str, key: str | None) -> None:
    assert url_key(url) == key


def test_hosts_are_compared_in_ascii() -> None:
    assert host_key("WWW.Bücher.example.") == "xn--bcher-kva.example"


def asked(requests: Requests, ids: list[str], urls: list[str | None]) -> dict[int, str]:
    return requests.reasons(pa.array(ids, pa.string()), pa.array(urls, pa.string()))


def test_ids_go_before_urls_and_urls_before_hosts() -> None:
    urls = [
        "https://a.example/1",
        "https://a.example/1",
        "https://a.example/2",
        "https://A.example:8000/3",
        "https://b.a.example/",
        "https://ba.example/",
        None,
        "no address",
        "a.example/5",
    ]
    ids = [f"c4/f/{number}" for number in range(len(urls))]
    requests = Requests(["c4/f/0", "c4/f/6"], ["a.example/1"], ["a.example"])
    assert asked(requests, ids, urls) == {
        0: "id c4/f/0",
        1: "url a.example/1",
        2: "host a.example",
        3: "host a.example",
        4: "host a.example",
        6: "id c4/f/6",
        8: "host a.example",
    }
    assert requests.names == ["id c4/f/0", "id c4/f/6", "url a.example/1", "host a.example"]


def test_a_page_whose_host_is_written_in_letters_is_found_by_its_ascii_name_and_the_other_way() -> None:
    pages: list[str | None] = ["http://bücher.example/1", "http://xn--bcher-kva.example/1"]
    for request in (
        Requests([], ["xn--bcher-kva.example/1"], []),
        Requests([], [], ["xn--bcher-kva.example"]),
    ):
        assert list(asked(request, ["a", "b"], pages)) == [0, 1]


def test_lists_are_lines_and_comments_are_none(tmp_path: Path) -> None:
    ids, urls, hosts = (tmp_path / name for name in ("ids", "urls", "hosts"))
    ids.write_text("\ufeff# of a letter\r\nc4/f/1\r\n\r\nc4/f/1\n")
    urls.write_text("https://a.example/x#y\n")
    hosts.write_text("www.b.example\n")
    found = RequestLists(ids=(str(ids),), urls=(str(urls),), hosts=(str(hosts),)).read()
    assert found.names == ["id c4/f/1", "url a.example/x", "host b.example"]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("ids", "# nothing\n", "asks for nothing"),
        ("urls", "ok.example/x\n\nnothing\n", "line 3: 'nothing' is no address"),
        ("hosts", "https://a.example/\n", "line 1: 'https://a.example/' is no host"),
        ("hosts", "example\n", "line 1: 'example' is no host"),
    ],
)
def test_a_line_that_asks_for_nothing_is_named(tmp_path: Path, kind: str, text: str, said: str) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(UserError, match=said):
        RequestLists(**{kind: (str(tmp_path / "list"),)}).read()


def test_a_list_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"c4/\xff\n")
    with pytest.raises(UserError, match="is not UTF-8"):
        RequestLists(ids=(str(tmp_path / "list"),)).read()


def test_the_lines_of_a_mixed_list_are_all_that_they_could_be(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("c4/f/1\nhttps://a.example/x\na.example/y\nb.example\nb.example\n")
    found = read_any_requests(str(tmp_path / "list"))
    assert found.num_lines == 4
    assert set(found.names) == {
        "id c4/f/1",
        "id a.example/y",
        "id b.example",
        "url a.example/x",
        "url a.example/y",
        "host b.example",
    }
