"""The wikitext of an article in, the external addresses that it cites out, in order (LLaMA, section 2.1)."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.entities import decode_entities

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOT_CITED = re.compile(r"<(nowiki|pre|syntaxhighlight|source|math)\b[^<>/]*>", re.IGNORECASE)
_URL = re.compile(
    r"(?:(?<![\w/])(?:https?:)|(?<=\[)|(?<==)(?=//)|(?<== )(?=//))//[^\s<>\[\]{}|\"\x00-\x1f]+", re.IGNORECASE
)
_TRAILING_ENTITY = re.compile(r"&(?:nbsp|lt|gt|quot|#\d+);?.*\Z", re.DOTALL)
_TRAILING_MARKS = ".,;:!?'’”»“\u3002\u3001\uff0c"


def cited_urls(wikitext: str) -> list[str]:
    """Addresses in notes, citation templates and external links, cleaned of the wiki syntax around them.

    Protocol-relative ones get https. Comments and code cite nothing. Not deduplicated.
    """
    if "//" not in wikitext:
        return []
    text = _COMMENT.sub("", wikitext)
    text = _without_code(text).replace("{{=}}", "=").replace("{{!}}", "%7C").replace("{{Abs}}", "")
    found = (_cleaned(match[0]) for match in _URL.finditer(text))
    return [url for url in found if url is not None]


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
    return url if "." in url[8:] or ":" in url[8:] else None
