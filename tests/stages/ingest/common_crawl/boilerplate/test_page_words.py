"""The words of a page's URL and HTML that tell its kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.ingest.common_crawl.boilerplate.page_words import MAX_TYPES, page_words

NONE = ["depth:0", "html:False", "number:False"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, []),
        ("", []),
        ("https://example.org", ["h:example", "h:org", *NONE]),
        ("https://a.example.org//", ["h:example", "h:org", *NONE]),
        (
            "HTTPS://Forum.Example.org/t/My-Topic/12345.html?page=2#post-1",
            "h:forum h:example h:org u:my u:topic u:html u:page depth:3 html:True number:True".split(),
        ),
        ("no url at all", ["h:no", "h:url", "h:at", "h:all", *NONE]),
        ("http://[::1/x y", ["depth:1", "html:False", "number:False"]),
    ],
)
def test_of_the_url(url: str | None, words: list[str]) -> None:
    assert page_words(url, "") == words


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('{"@type": "Product", "x": {"@type" : ["Offer"]}, "@type":"Product"}', ["t:Product", "t:Offer"]),
        ('{"@type": 5} "@type', []),
        ('<meta property="og:type" content="Video.Movie">', ["o:video", "o:movie"]),
        ('<meta content="article" property="og:type">', []),
        ('<meta name="generator" content="Discourse 3.1 - x">', ["g:discourse"]),
    ],
)
def test_of_the_html(html: str, words: list[str]) -> None:
    assert page_words(None, html) == words


def test_types_are_bounded() -> None:
    html = "".join(f'"@type": "T{n}"' for n in range(2 * MAX_TYPES))
    assert len(page_words(None, html)) == MAX_TYPES


@given(st.text(), st.text())
def test_any_text(url: str, html: str) -> None:
    words = page_words(url, html)
    assert len(words) == len(set(words))
