"""A page that was served as XML in, the same as a parser of HTML reads it out: empty elements closed, CDATA as text.

To such a parser `<title/>` and `<script src="a"/>` are open, and all that follows is theirs.
"""

from __future__ import annotations

import re
from html import escape

XML_TYPES = ("application/xml", "text/xml")
"""Media types of pages and of much else; only a page begins as XHTML_START has it."""

XHTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,512}>\s*)?(?:<!--.{0,512}?-->\s*)?(?:<!doctype\s+html|<html)",
    re.IGNORECASE | re.DOTALL,
)

_VOID = frozenset("area base br col embed frame hr img input link meta param source track wbr".split())
_EMPTY_ELEMENT = re.compile(r"<([A-Za-z][\w.:-]*)((?:\s[^<>]*)?)/>")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


def xhtml_as_html(page: str) -> str:
    """The page with an end tag behind each empty element, and the characters of its CDATA sections as references."""
    return _EMPTY_ELEMENT.sub(_closed, _without_cdata(page))


def _closed(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name.lower() in _VOID else f"<{name}{found[2]}></{name}>"


def _without_cdata(page: str) -> str:
    before, *sections = page.split(_CDATA)
    parts = [before]
    for section in sections:
        text, end, after = section.partition(_CDATA_END)
        parts += [escape(text, quote=False), after] if end else [section]
    return "".join(parts)
