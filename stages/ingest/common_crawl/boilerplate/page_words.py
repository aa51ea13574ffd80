"""A page's URL and HTML in, the words out that tell of what kind the page is: of the URL, schema.org's types, og:type."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_HEAD_CHARS = 200_000
"""Where <meta> elements are looked for."""

MAX_TYPES = 200
"""schema.org's types that are read of a page."""

_WORDS = re.compile("[a-z]{2,}").findall
_URL = re.compile(r"(?:[a-z]+://)?([^/?#]*)([^?#]*)\??([^#]*)", re.DOTALL)
_TYPE = re.compile(r'"@type"\s*:\s*\[?\s*"(\w+)"')
_OG_TYPE = re.compile(r'property="og:type"[^>]{0,200}?content="([^"]{0,100})"')
_GENERATOR = re.compile(r'name="generator"[^>]{0,200}?content="([^"]{0,100})"')
_NUMBER = re.compile(r"\d{4,}").search
_DEEPEST = 6


def page_words(url: str | None, html: str) -> list[str]:
    """The words of a page, each once, in order: `h:` of its host, `u:` of path and query, `t:` types, `o:`, `g:`."""
    return list(dict.fromkeys((*(_words_of_url(url) if url else ()), *_words_of_html(html))))


def _words_of_url(url: str) -> Iterator[str]:
    found = _URL.match(url.lower())
    host, path, query = found.groups() if found else ("", "", "")
    yield from (f"h:{word}" for word in _WORDS(host))
    yield from (f"u:{word}" for word in (*_WORDS(path), *_WORDS(query)))
    yield f"depth:{min(_DEEPEST, path.strip('/').count('/') + bool(path.strip('/')))}"
    yield f"html:{path.endswith('.html')}"
    yield f"number:{_NUMBER(path) is not None}"


def _words_of_html(html: str) -> Iterator[str]:
    at, types = html.find("@"), 0  # one character is found much faster than several
    while at >= 0 and types < MAX_TYPES:
        if at and html.startswith('"@type"', at - 1):
            found = _TYPE.match(html, at - 1)
            if found:
                yield f"t:{found[1]}"
            types += 1
        at = html.find("@", at + 1)
    for sign, pattern, mark in (("o", _OG_TYPE, 'property="og:type"'), ("g", _GENERATOR, 'name="generator"')):
        at = html.find(mark, 0, MAX_HEAD_CHARS)
        found = pattern.match(html, at) if at >= 0 else None
        if found:
            yield from (f"{sign}:{word}" for word in _WORDS(found[1].lower()))
