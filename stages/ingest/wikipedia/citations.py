"""The wikitext of an article in, the external addresses that it cites out, in order (LLaMA, section 2.1)."""

from __future__ import annotations

import re

from stages.ingest.wikipedia.entities import decode_entities

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOT_CITED = re.compile(
    r"<(nowiki|pre|syntaxhighlight|source|math)\b[^<>/]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE
)
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
    text = _NOT_CITED.sub("", text).replace("{{=}}", "=").replace("{{!}}", "%7C").replace("{{Abs}}", "")
    found = (_cleaned(match[0]) for match in _URL.finditer(text))
    return [url for url in found if url is not None]


def _cleaned(url: str) -> str | None:
    url = url.partition("''")[0]
    url = _TRAILING_ENTITY.sub("", url) if "&" in url else url
    url = decode_entities(url)
    while url and (url[-1] in _TRAILING_MARKS or (url[-1] == ")" and url.count("(") < url.count(")"))):
        url = url[:-1]
    if url.startswith("//"):
        url = "https:" + url
    return url if "." in url[8:] or ":" in url[8:] else None
