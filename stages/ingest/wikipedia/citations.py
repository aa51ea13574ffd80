"""The wikitext of an article in, the external addresses that it cites out, in order (LLaMA, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.ingest.wikipedia.entities import decode_entities

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOT_CITED = re.compile(r"<(nowiki|pre|syntaxhighlight|source|math)\b[^<>/]*>", re.IGNORECASE)
_REST = r"[^\s<>\[\]{}|\"\x00-\x1f]+"
_SLASHES = re.compile("//" + _REST)
_WWW = re.compile(r"www\." + _REST)
"""A pattern that begins with a literal is looked for thirty times as fast as one that begins with a choice."""

_SCHEME_BEFORE = re.compile(r"(?:\A|[^\w/])(https?:)\Z", re.IGNORECASE)
_ADDRESS_BEFORE = re.compile(r"(?:url|website|site|link)\s*[=|]\s?\Z", re.IGNORECASE)
_SCHEME_CHARS = len("-https:")
_TRAILING_ENTITY = re.compile(r"&(?:nbsp|lt|gt|quot|#\d+);?.*\Z", re.DOTALL)
_TRAILING_MARKS = ".,;:!?'’”»“\u3002\u3001\uff0c"


def cited_urls(wikitext: str) -> list[str]:
    """Addresses in notes, citation templates and external links, cleaned of the wiki syntax around them.

    Those without a scheme, which count in brackets and as values of templates, get https; as a value also what begins with
    `www.`. Comments and code cite nothing. Not deduplicated.
    """
    if "//" not in wikitext and "www." not in wikitext:
        return []
    text = _COMMENT.sub("", wikitext)
    text = _without_code(text).replace("{{=}}", "=").replace("{{!}}", "%7C").replace("{{Abs}}", "")
    found = (_cleaned(url) for url in _addresses(text))
    return [url for url in found if url is not None]


def _addresses(text: str) -> Iterator[str]:
    """The addresses in `text` in order, with what stands behind them up to white space or brackets."""
    at = 0
    slashes, named = _SLASHES.search(text), _WWW.search(text)
    while slashes is not None or named is not None:
        if named is None or (slashes is not None and slashes.start() < named.start()):
            assert slashes is not None
            found, start = slashes, _start_of_slashes(text, slashes.start(), at)
        else:
            found, start = named, named.start() if _is_value(text, named.start()) else None
        at = found.start() + 2 if start is None else found.end()
        if start is not None:
            yield text[start:at]
        if slashes is not None and slashes.start() < at:
            slashes = _SLASHES.search(text, at)
        if named is not None and named.start() < at:
            named = _WWW.search(text, at)


def _start_of_slashes(text: str, slashes: int, begin: int) -> int | None:
    """Where an address of which the `//` is at `slashes` starts, not before `begin`; None where it is none."""
    scheme = _SCHEME_BEFORE.search(text[max(0, slashes - _SCHEME_CHARS) : slashes])
    if scheme is not None:
        start = slashes - len(scheme[1])
        return start if start >= begin else None
    before = text[max(0, slashes - 2) : slashes]
    return slashes if before.endswith(("[", "=")) or before == "= " else None


def _is_value(text: str, start: int) -> bool:
    """Whether what starts here is the value of a parameter that holds addresses: `work=www.x.org` is a name."""
    return _ADDRESS_BEFORE.search(text[max(0, start - 24) : start]) is not None


def _without_code(text: str) -> str:
    """`text` without code and formulas; a tag that is never closed is looked for once, and stays."""
    pieces: list[str] = []
    position = 0
    unclosed: set[str] = set()
    for found in _NOT_CITED.finditer(text):
        name = found[1].lower()
        if found.start() < position or name in unclosed:
            continue
        close = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, found.end())
        if close is None:
            unclosed.add(name)
            continue
        pieces.append(text[position : found.start()])
        position = close.end()
    return "".join([*pieces, text[position:]])


def _cleaned(url: str) -> str | None:
    url = url.partition("''")[0]
    url = _TRAILING_ENTITY.sub("", url) if "&" in url else url
    url = decode_entities(url)
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and (url[end - 1] in _TRAILING_MARKS or (url[end - 1] == ")" and unopened > 0)):
        unopened -= url[end - 1] == ")"
        end -= 1
    url = url[:end]
    if url.startswith("//"):
        url = "https:" + url
    elif url[:4].lower() == "www.":
        url = "https://" + url
    return url if "." in url[8:] or ":" in url[8:] else None
