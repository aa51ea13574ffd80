"""The bytes of a web page in, its HTML, title and main text out."""

from __future__ import annotations

import re
from itertools import islice

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.marks import (
    keep_lone_characters,
    without_keepers,
    write_marks,
    write_resiliparse_marks,
)
from stages.ingest.decode import Decoded, decode_text, without_marks
from stages.ingest.doubled import read_twice
from stages.ingest.html_bounds import HTML_BOUNDS, check_html
from stages.ingest.markup_charset import markup_charset
from stages.kernels.unicode.controls import count_controls

MAX_CONTROL_SHARE = 0.01
TRAFILATURA_BOUNDS = HTML_BOUNDS._replace(elements=200_000)
"""It takes a tenth of a millisecond for an element, and ten kilobytes; the largest of 2,088 real pages has 60,000."""

MAX_PARAGRAPH_TAGS = 10_000
_PARAGRAPH_TAG = re.compile(
    r"</?(?:body|blockquote|br|caption|center|col|colgroup|dd|div|dl|dt|fieldset|form|legend|optgroup|option|p|pre|table"
    r"|td|textarea|tfoot|th|thead|tr|ul|li|h[1-6])(?=[\s/>])",
    re.IGNORECASE,
)
"""What begins or ends a paragraph for justext."""


_RAW_TEXT_ELEMENTS = ("iframe", "style", "textarea", "title", "xmp", "noembed", "noframes")
"""https://html.spec.whatwg.org/multipage/parsing.html: what stands in them is text up to their own end."""


def replaced_share(text: str) -> float:
    """Share of the characters of `text` that are U+FFFD."""
    return text.count("\ufffd") / len(text) if text else 0.0


def decode_page(data: bytes, http_charset: str | None) -> Decoded:
    """The text of a page: a charset in its header is believed before one in its markup; UTF-8 upon UTF-8 is read twice."""
    read = decode_text(data, [http_charset], markup_charset)
    return read._replace(text=read_twice(read.text)) if read.encoding == "utf-8" else read


def control_share(data: bytes) -> float:
    """Share of control characters that no text, given as UTF-8, holds: tells binary data under a text type.

    NULs are no sign: servers pad pages with them, and parsers drop them.
    """
    return 1 - (len(data) - count_controls(data)) / len(data) if data else 0.0


def end_frames(html: str) -> str:
    """HTML with an end for each element of raw text that a <noscript> leaves open, as `<iframe .../>` does.

    A parser without scripts would take the rest of the page for its text; browsers with scripts read a <noscript> as text
    up to its end, so they never see such an element.
    """
    parts, done, at = [], 0, html.find("<noscript")  # lower case: what writes such frames writes so
    while at >= 0:
        stop = html.find("</noscript", at)
        if stop < 0:
            break
        inner = html[at:stop]
        missing = [
            f"</{name}>" * (inner.count(f"<{name}") - inner.count(f"</{name}")) for name in _RAW_TEXT_ELEMENTS
        ]
        if any(missing):
            parts += [html[done:stop], *missing]
            done = stop
        at = html.find("<noscript", stop)
    return "".join([*parts, html[done:]]) if parts else html


def parse_html(html: str, data: bytes | None = None) -> HTMLTree:
    """The DOM of a page, whose UTF-8 may be given too. NULs, which parsers drop or turn into U+FFFD, are gone before.

    A TooMuchWorkError when its parser would take too long.
    """
    data = html.encode("utf-8", "replace") if data is None else data
    if b"\0" in data:
        html, data = html.replace("\0", ""), data.replace(b"\0", b"")
    check_html(data)
    return HTMLTree.parse(end_frames(html))


def parse_web_page(html: str, data: bytes | None = None) -> HTMLTree:
    """`parse_html` for extraction: the DOM with formulas and raised digits written out as text."""
    tree = parse_html(html, data)
    write_marks(tree)
    return tree


def parse_for_resiliparse(html: str, data: bytes | None = None) -> HTMLTree:
    """`parse_web_page` for resiliparse's main content, with what it would lose written out; its text holds KEEPERs."""
    tree = parse_html(keep_lone_characters(html), data)
    write_resiliparse_marks(tree)
    return tree


def page_title(tree: HTMLTree) -> str:
    """A page's title on one line."""
    return " ".join(without_keepers(without_marks(tree.title or "")).split())


def resiliparse_text(tree: HTMLTree) -> str:
    """The main content of a page as resiliparse finds it."""
    return without_keepers(extract_plain_text(tree, main_content=True, alt_texts=False)).strip()


def trafilatura_text(html: str) -> str:
    """The main text of a page by trafilatura, without comments: eight times slower (docs/benchmarks.md).

    Of a page with more than MAX_PARAGRAPH_TAGS without its second opinion, justext's, which goes from each short
    paragraph through all short ones around it: half a minute for a list of 20,000. A TooMuchWorkError for more
    elements than it takes in a few seconds.
    """
    import trafilatura  # an extra: only who asks for it needs it

    html = html.replace("\0", "")
    check_html(html.encode("utf-8", "replace"), TRAFILATURA_BOUNDS)
    is_long = next(islice(_PARAGRAPH_TAG.finditer(html), MAX_PARAGRAPH_TAGS, None), None) is not None
    return (trafilatura.extract(html, include_comments=False, fast=is_long) or "").strip()
