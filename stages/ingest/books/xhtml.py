"""The XHTML of a book's chapter in, its text out: paragraphs and headings apart, nothing fetched or resolved."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.books.note_boxes import drop_note_boxes
from stages.ingest.html_bounds import check_html
from stages.ingest.raised import as_script

_DOCTYPE_START = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^>\[]*+(?:\[[^\]]*+\]\s*+)?>", re.IGNORECASE)
_HEAD_CHARS = 4_096
_LANGUAGE = re.compile(
    r"<html\b[^>]*?\s(?:xml:)?lang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9-]+)?)", re.IGNORECASE
)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_TAG = re.compile(r"""<([A-Za-z][\w:.-]*+)((?:"[^"<]*+"|'[^'<]*+'|[^<>"'])*+)>""")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_NO_TEXT = (
    "nav, script, style, rt, rp, svg, math annotation, .pagenum, .pageno, [role=doc-pagebreak]"
    ", .transnote, .transnotes, .tnote"  # Distributed Proofreaders' transcriber's notes
)
_INLINE = frozenset("a abbr b big cite em font i small span strong tt u".split())
_BLANK_LINE = re.compile(r"^[^\S\n]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{4,}")


def chapter_text(xhtml: str) -> str:
    """The text of one XHTML or HTML file, without page numbers, navigation and drawings."""
    html = as_html(xhtml)
    check_html(html.encode("utf-8", "replace"))
    tree = HTMLTree.parse(html)
    if tree.body is None:
        return ""
    for element in tree.body.query_selector_all(_NO_TEXT):
        element.decompose()
    drop_note_boxes(tree.body, html)
    _write_scripts(tree)
    text = extract_plain_text(tree, list_bullets=False, alt_texts=False)
    return _BLANK_LINES.sub("\n\n\n", _BLANK_LINE.sub("", text)).strip()


def _write_scripts(tree: Any) -> None:
    """Write raised and lowered characters into the text of a chapter's DOM."""
    for element in tree.body.query_selector_all("sup, sub")[:]:
        # `10<sup><i>6</i></sup>` is no 106, and no more a note's number behind a year
        if all(inner.tag in _INLINE for inner in element.query_selector_all("*")):
            written = as_script(element.text.strip(), element.tag)
            if written is not None:
                element.replace_with(tree.create_text_node(written))


def html_language(html: str) -> str:
    """The language tag of the root element; "" without one."""
    found = _LANGUAGE.search(html, 0, _HEAD_CHARS)
    return found[1] if found else ""


def as_html(xhtml: str) -> str:
    """XHTML as an HTML parser understands it.

    To that parser `<title/>` opens an element that swallows the rest of the chapter, a CDATA section is a comment,
    and a doctype ends at its first `>`.
    """
    html = xhtml.replace("\0", "")
    start = _DOCTYPE_START.search(html)
    if start and (doctype := _DOCTYPE.match(html, start.start())):
        html = html[: start.start()] + html[doctype.end() :]
    return _TAG.sub(_close, _without_cdata(html))


def _without_cdata(html: str) -> str:
    """`html` with the words of CDATA sections as plain text."""
    pieces: list[str] = []
    position = 0
    while (start := html.find(_CDATA, position)) >= 0:
        end = html.find(_CDATA_END, start)
        if end < 0:
            break
        pieces += [html[position:start], escape(html[start + len(_CDATA) : end], quote=False)]
        position = end + len(_CDATA_END)
    return "".join([*pieces, html[position:]])


def _close(match: re.Match[str]) -> str:
    name, rest = match[1], match[2]
    if not rest.endswith("/") or name.lower() in _VOID:
        return match[0]
    return f"<{name}{rest[:-1]}></{name}>"
