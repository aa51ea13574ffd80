"""The bytes of a web page in, its title and main text out: encoding by BOM, header, meta tag or detection."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import islice

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.marks import keep_lone_characters, without_keepers, write_marks
from stages.ingest.html_bounds import HTML_BOUNDS, check_html
from stages.kernels.unicode.controls import count_controls

_META_BYTES = 4096
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,512}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,256}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE_MARKUP = re.compile(rb"<\0[!?a-zA-Z]\0|\0<\0[!?a-zA-Z]")
_SELF_EVIDENT = ("gb", "big5", "euc", "shift_jis", "cp932", "cp949", "iso2022", "iso-2022", "utf-16")
_WEB_CODECS = {"shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030"}
"""What browsers read under these names (WHATWG encoding standard), by Python's names."""
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


@dataclass(frozen=True)
class Decoded:
    """Text, the encoding it was read in, and the share of its characters that could not be decoded."""

    text: str
    encoding: str
    replaced_share: float


def replaced_share(text: str) -> float:
    """Share of the characters of `text` that are U+FFFD."""
    return text.count("\ufffd") / len(text) if text else 0.0


def decode_page(data: bytes, http_charset: str | None, max_replaced_share: float) -> Decoded:
    """Decode a page: BOM or UTF-16 markup, declared charset, valid UTF-8, then detection.

    A single-byte charset decodes anything, so bytes that are valid UTF-8 tell more than such a declaration.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _with_replacement(data[len(bom) :], encoding)
    if wide := _WIDE_MARKUP.match(data):
        return _with_replacement(data, "utf-16-le" if wide[0].startswith(b"<") else "utf-16-be")
    declared = _python_name(http_charset) or _python_name(_charset_in_page(data))
    candidates = ["utf-8"] if declared is None else ["utf-8", declared]
    if declared is not None and declared.replace("_", "-").startswith(_SELF_EVIDENT):
        candidates.reverse()
    for encoding in candidates:
        if (text := _strict(data, encoding)) is not None:
            return Decoded(text, encoding, 0.0)
    best = _with_replacement(data, candidates[-1])
    if best.replaced_share <= max_replaced_share:
        return best
    # without resiliparse's own mapping, which makes UTF-8 of cp949
    detected = _python_name(detect_encoding(data, html5_compatible=False)) or "utf-8"
    other = _with_replacement(data, detected)
    return other if other.replaced_share < best.replaced_share else best


def _charset_in_page(data: bytes) -> str | None:
    head = data[:_META_BYTES]
    found = _META_CHARSET.search(head) or _XML_ENCODING.search(head)
    if found is None:
        return None
    charset = found[1].decode("ascii")
    # a page whose meta tag could be read as ASCII is not UTF-16, whatever it says (HTML standard)
    return "utf-8" if charset.lower().startswith("utf-16") else charset


def _python_name(charset: str | None) -> str | None:
    if charset is None:
        return None
    name = charset if charset == "cp949" else map_encoding_to_html5(charset, fallback_utf8=False)
    if name is None:  # only what the web knows: Python has codecs that are no encodings of text
        return None
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return None
    return _WEB_CODECS.get(codec, codec)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _with_replacement(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, encoding, replaced_share(text))


def control_share(data: bytes) -> float:
    """Share of control characters that no text, given as UTF-8, holds: tells binary data under a text type.

    NULs are no sign: servers pad pages with them, and parsers drop them.
    """
    return 1 - (len(data) - count_controls(data)) / len(data) if data else 0.0


def parse_html(html: str, data: bytes | None = None) -> HTMLTree:
    """The DOM of a page, whose UTF-8 may be given too. NULs, which parsers drop or turn into U+FFFD, are gone before.

    A TooMuchWorkError when its parser would take too long.
    """
    data = html.encode("utf-8", "replace") if data is None else data
    if b"\0" in data:
        html, data = html.replace("\0", ""), data.replace(b"\0", b"")
    check_html(data)
    return HTMLTree.parse(html)


def parse_page(html: str, data: bytes | None = None) -> HTMLTree:
    """`parse_html` for extraction: the DOM with what resiliparse would lose written out; its text holds KEEPERs."""
    tree = parse_html(keep_lone_characters(html), data)
    write_marks(tree)
    return tree


def page_title(tree: HTMLTree) -> str:
    """A page's title on one line."""
    return " ".join(without_keepers(tree.title or "").split())


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
