"""A page's DOM in, the body texts of its JSON-LD out: what a page has whose text a script would put into the DOM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.marks import without_keepers

MAX_JSON_CHARS = 4 << 20
MIN_TEXT_CHARS = 80
"""A shorter one is a caption or a slogan."""

_BODIES = ("articleBody", "text", "reviewBody", "description")
"""schema.org's properties that hold text of the page; of an object the first of them that it has."""

_NOT_THE_PAGE = frozenset(
    (
        "Organization",
        "NewsMediaOrganization",
        "Corporation",
        "LocalBusiness",
        "WebSite",
        "Person",
        "Brand",
        "ImageObject",
    )
)
"""What is said of these is said on every page of a site."""


def linked_data_text(tree: HTMLTree) -> str:
    """The body texts of a page's JSON-LD in their order, each once, a blank line between two; empty without any."""
    if tree.document is None:
        return ""
    texts: dict[str, None] = {}
    left = MAX_JSON_CHARS
    for script in tree.document.query_selector_all('script[type="application/ld+json"]')[:]:
        content = without_keepers(script.text or "")
        left -= len(content)
        if left < 0:
            break
        for text in _bodies(_parsed(content)):
            plain = extract_plain_text(text, alt_texts=False).strip() if "<" in text else text.strip()
            if len(plain) >= MIN_TEXT_CHARS:
                texts.setdefault(plain)
    return "\n\n".join(texts)


def _parsed(content: str) -> Any:
    try:
        return json.loads(content, strict=False)  # line breaks stand bare in many strings
    except (ValueError, RecursionError):
        return None


def _bodies(value: Any) -> Iterator[str]:
    """The body texts of the objects in `value`, outer ones first."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            kinds = item.get("@type")
            if any(
                kind in _NOT_THE_PAGE
                for kind in (kinds if isinstance(kinds, list) else [kinds])
                if isinstance(kind, str)
            ):
                continue
            yield from [body for name in _BODIES if isinstance(body := item.get(name), str) and body][:1]
            waiting.extend(reversed([part for part in item.values() if isinstance(part, (list, dict))]))
