"""The XML of a MediaWiki export in, in pieces, its header and its pages out, one at a time.

Only XML's five predefined entities and character references are decoded, once; a DOCTYPE has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from stages.core.errors import DamagedInputError
from stages.ingest.wikipedia.cutting import MAX_HEADER_BYTES, OPEN, BrokenPage, PageCutter, cut_pages
from stages.ingest.wikipedia.streams import StreamDamage

_DBNAME = re.compile(r"<dbname>\s*([^<\s]+)\s*</dbname>")
_BASE = re.compile(r"<base>\s*([^<\s]{1,300})\s*</base>")
_LANG = re.compile(r"<mediawiki\b[^<>]{0,1000}?\bxml:lang=[\"']([A-Za-z_-]{2,30})[\"']")
_NAMESPACE = re.compile(
    r'<namespace\b[^<>]{0,200}?\bkey="(-?\d{1,6})"[^<>]{0,200}?(?:/>|>([^<]*)</namespace>)'
)
_TITLE = re.compile(r"<title>([^<]*)</title>")
_NS = re.compile(r"<ns>\s*(-?\d{1,9})\s*</ns>")
_ID = re.compile(r"<id>\s*(\d{1,18})\s*</id>")
_TIMESTAMP = re.compile(r"<timestamp>([^<]*)</timestamp>")
_MODEL = re.compile(r"<model>([^<]*)</model>")
_TEXT = re.compile(r"<text\b([^>]*)>")
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,32}));|&")
_UNUSUAL_REFERENCE = re.compile(r"&(?!(?:lt|gt|quot|amp);)")
_PREDEFINED = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}


@dataclass(frozen=True)
class Header:
    """What <siteinfo> says: the wiki's database name and its namespaces by number; its address, its language's code."""

    dbname: str | None = None
    namespaces: dict[int, str] = field(default_factory=dict)
    base: str | None = field(default=None, compare=False)
    lang: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class WikiPage:
    """A page of a dump. `text` is its wikitext, None when missing or deleted; `ns` is None in old dumps."""

    page_id: int
    title: str
    ns: int | None
    redirect: bool
    timestamp: str | None
    model: str | None
    text: str | None


class PageError(ValueError):
    """A page's XML is not what the format allows."""


def read_header(pieces: Iterable[bytes | StreamDamage]) -> Header:
    """The header that lies before the first page; what can be read of it."""
    data = bytearray()
    try:
        for piece in pieces:
            if isinstance(piece, StreamDamage):
                break
            # A mark may lie across two pieces.
            tail = max(0, len(data) - len(OPEN))
            data += piece
            if OPEN in data[tail:] or len(data) > MAX_HEADER_BYTES:
                break
    except DamagedInputError:
        pass  # whoever reads the pages meets it too, and tells of it
    return parse_header(bytes(data[:MAX_HEADER_BYTES].partition(OPEN)[0]))


def read_pages(
    pieces: Iterable[bytes | StreamDamage],
    cutter: PageCutter,
    is_behind: Callable[[int], bool] = lambda position: False,
) -> Iterator[WikiPage | BrokenPage | StreamDamage]:
    """Pages, broken stretches and damage in file order, up to the first page that begins behind the range.

    StreamDamage that ends the pieces is raised, as DamagedInputError, after the page that it cut.
    """
    for chunk in cut_pages(pieces, cutter):
        if isinstance(chunk, StreamDamage):
            if not chunk.owned:
                return
            yield chunk
        elif isinstance(chunk, BrokenPage):
            if not chunk.headless and is_behind(chunk.offset):
                return
            yield chunk
        elif is_behind(chunk.offset):
            return
        else:
            try:
                yield parse_page(chunk.data)
            except PageError as error:
                yield BrokenPage(chunk.offset, len(chunk.data), "damaged_page", str(error))


def parse_header(data: bytes) -> Header:
    """Database name and namespaces out of the bytes before the first page."""
    text = data.decode("utf-8", "replace")
    dbname, base, lang = _DBNAME.search(text), _BASE.search(text), _LANG.search(text)
    names = {int(found[1]): _decode(found[2] or "", strict=False) for found in _NAMESPACE.finditer(text)}
    return Header(
        None if dbname is None else dbname[1],
        names,
        None if base is None else base[1],
        None if lang is None else lang[1],
    )


def parse_page(data: bytes) -> WikiPage:
    """One page from its bytes; a PageError says what is wrong with them."""
    try:
        xml = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PageError(f"not UTF-8 at byte {error.start} of the page") from error
    # The last revision is the newest: exports with a page's history list them from old to new.
    revision_at = xml.rfind("<revision>")
    head = xml[: revision_at if revision_at >= 0 else len(xml)]
    title, page_id, ns = _TITLE.search(head), _ID.search(head), _NS.search(head)
    if title is None or page_id is None:
        raise PageError("no title" if title is None else "no page id")
    opening = _TEXT.search(xml, max(revision_at, 0))
    before_text = xml[max(revision_at, 0) : opening.start() if opening is not None else len(xml)]
    timestamp, model = _TIMESTAMP.search(before_text), _MODEL.search(before_text)
    return WikiPage(
        page_id=int(page_id[1]),
        title=_decode(title[1]),
        ns=None if ns is None else int(ns[1]),
        redirect="<redirect" in head,
        timestamp=None if timestamp is None else timestamp[1].strip(),
        model=None if model is None else model[1].strip(),
        text=None if opening is None else _text_of(xml, opening),
    )


def _text_of(xml: str, opening: re.Match[str]) -> str | None:
    if "deleted=" in opening[1]:
        return None
    if opening[1].endswith("/"):
        return ""
    end = xml.find("<", opening.end())
    if not xml.startswith("</text>", end):
        raise PageError("a tag inside the text")
    return _decode(xml[opening.end() : end])


def _decode(text: str, strict: bool = True) -> str:
    """Decode XML's references once: `&amp;lt;` becomes `&lt;`. An entity unknown to XML is an error."""
    if "&" not in text:
        return text
    if _UNUSUAL_REFERENCE.search(text) is None:
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
        return text.replace("&amp;", "&")
    return _REFERENCE.sub(_decode_one if strict else _decode_known, text)


def _decode_known(found: re.Match[str]) -> str:
    return _PREDEFINED.get(found[3] or "", found[0])


def _decode_one(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name in _PREDEFINED:
        return _PREDEFINED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise PageError(f"an entity that XML does not define: {found[0][:20]!r}")
    return chr(code)
