"""Keys of addresses, as the `surt` package (0.3.1) and CommonCrawl's indexes write them."""

from __future__ import annotations

import pytest

from quality_classifier.captures.surt import surt_key, surt_keys


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.example.com/", "com,example)/"),
        ("http://example.com?x=1", "com,example)/?x=1"),
        ("http://www2.Example.com:80/A//B/../c/", "com,example)/a/c"),
        ("https://example.com:8443/a/?", "com,example:8443)/a"),
        ("example.com/a/b", "com,example)/a/b"),
        ("https://example.com/a%20b/%C3%A9?q=%2Fx&Q=1", "com,example)/a%20b/%c3%a9?q=/x&q=1"),
        ("http://example.com/é", "com,example)/%c3%a9"),
        ("http://example.com/a%2525b", "com,example)/a%25b"),
        ("http://bücher.example/x", "example,xn--bcher-kva)/x"),
        ("http://user:pw@example.com/x#part", "com,example)/x"),
        ("http://example.com/p?codePays2=B&codePays=A", "com,example)/p?codepays=a&codepays2=b"),
        ("http://example.com/p?m=1&b=3&", "com,example)/p?&b=3&m=1"),
        ("http://example.com/p?sid=0123456789abcdef0123456789abcdef&b=1", "com,example)/p?b=1"),
        ("mailto:someone@example.com", None),
        ("http://localhost/", None),
    ],
)
def test_a_key_is_that_of_the_index(url: str, key: str | None) -> None:
    assert surt_key(url) == key


def test_a_page_is_looked_up_as_it_was_written_too() -> None:
    assert surt_keys("a.example/x", "https://a.example/x?utm_source=y") == [
        "example,a)/x",
        "example,a)/x?utm_source=y",
    ]
    assert surt_keys("a.example/x", "http://www.a.example/x/") == ["example,a)/x"]
