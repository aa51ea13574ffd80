"""Pages that were served as XML: empty elements and CDATA."""

from __future__ import annotations

import pytest

from stages.ingest.common_crawl.xhtml import XHTML_START, xhtml_as_html


@pytest.mark.parametrize(
    ("page", "html"),
    [
        ("<title/><p>a</p>", "<title></title><p>a</p>"),
        ('<script src="a/b"/>a', '<script src="a/b"></script>a'),
        ("<br/>a<hr />b<IMG src='x'/>", "<br/>a<hr />b<IMG src='x'/>"),
        ("<p>a</p><b>1 / 2 ></b>", "<p>a</p><b>1 / 2 ></b>"),
        ("a<![CDATA[1 < 2 && b]]>c", "a1 &lt; 2 &amp;&amp; bc"),
        ("a<![CDATA[never closed", "anever closed"),
    ],
)
def test_as_html(page: str, html: str) -> None:
    assert xhtml_as_html(page) == html


@pytest.mark.parametrize(
    ("body", "is_page"),
    [
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html>', True),
        (b"\xef\xbb\xbf<html xmlns='http://www.w3.org/1999/xhtml'>", True),
        (b'<?xml version="1.0"?><rss version="2.0">', False),
        (b'<?xml version="1.0"?><urlset>', False),
    ],
)
def test_what_begins_as_a_page(body: bytes, is_page: bool) -> None:
    assert (XHTML_START.match(body) is not None) == is_page
