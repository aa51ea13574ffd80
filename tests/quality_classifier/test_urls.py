"""The form in which two addresses of one page are equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality_classifier.urls import host_of_url, normalize_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.org/Path/", "example.org/Path"),
        ("HTTP://example.org:80/a#b", "example.org/a"),
        ("https://example.org:443/a", "example.org/a"),
        ("https://example.org:8080/a", "example.org:8080/a"),
        ("http://user:pw@example.org/", "example.org"),
        ("//example.org/a?b=1", "example.org/a?b=1"),
        ("example.org/a", "example.org/a"),
        ("http://example.org/?utm_source=x&b=1&utm_medium=y", "example.org?b=1"),
        ("http://example.org/a?utm_source=x", "example.org/a"),
        ("http://example.org/%c3%A9", "example.org/%C3%A9"),
        ("http://münchen.example/ü", "münchen.example/ü"),
        ("https://web.archive.org/web/20150101/http://www.a.example/b", "a.example/b"),
        ("//web.archive.org/web/20150101120000id_/https://a.example/b?c", "a.example/b?c"),
        ("https://archive.is/20150101120000/http://a.example/", "a.example"),
        ("https://archive.org/details/book", "archive.org/details/book"),
        ("http://a.example/x;jsessionid=AB12?x=1", "a.example/x?x=1"),
        ("http://a.example/(S(abcdefghijklmnopqrstuvwx))/y.aspx", "a.example/y.aspx"),
        ("http://a.example/p?sid=12&PHPSESSID=12&fbclid=1", "a.example/p?sid=12"),
        ("http://a.example/p?sid=0123456789abcdef0123456789abcdef&t=1", "a.example/p?t=1"),
        ("mailto:a@b.example", None),
        ("ftp://a.example/b", None),
        ("javascript:alert(1)", None),
        ("http://", None),
        ("not an address", None),
        ("", None),
    ],
)
def test_normal_form(url: str, expected: str | None) -> None:
    assert normalize_url(url) == expected


@given(st.text(max_size=60))
def test_the_normal_form_is_its_own(text: str) -> None:
    key = normalize_url(f"http://a.example/{text}")
    if key is not None:
        assert normalize_url(f"https://www.{key}") == key


def test_the_host_is_without_www_user_and_port() -> None:
    assert host_of_url("https://web.archive.org/web/2015/http://me@www.a.example:81/x") == "a.example"
    assert host_of_url("mailto:a@b.example") is None
