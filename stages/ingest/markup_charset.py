"""The bytes of a page in, the charset that its markup declares out: the HTML standard's prescan."""

from __future__ import annotations

import re
from typing import NamedTuple

PRESCAN_BYTES = 1 << 14
"""Browsers wait for 1,024 bytes, and change their mind for a tag that stands later; scripts often stand before it."""

_CONSTRUCT = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<other>[!?]|/[^a-zA-Z])|/?(?P<tag>[a-zA-Z][^\t\n\f\r />]*))", re.DOTALL
)
_END_OF_COMMENT = re.compile(rb"--!?>")
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*+(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*)"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?P<value>\"[^\"]*\"|'[^']*'|[^\"'\t\n\f\r >][^\t\n\f\r >]*|))?"
)
_END_OF_TAG = re.compile(rb"[\t\n\f\r /]*>")
_RAW_TEXT = frozenset(
    (b"script", b"style", b"title", b"textarea", b"xmp", b"noembed", b"noframes", b"iframe")
)
"""Elements whose content is no markup."""
_CONTENT_CHARSET = re.compile(
    rb"charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r ;\"'][^\t\n\f\r ;]*))",
    re.IGNORECASE,
)
_XML_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*(?:\"([^\">]*)\"|'([^'>]*)')")


class _Tag(NamedTuple):
    attributes: dict[bytes, bytes]
    end: int


def markup_charset(data: bytes) -> str | None:
    """The label in a `<meta>` tag or XML declaration near the beginning; not in comments, scripts or other attributes.

    Markup that can be read as ASCII is not UTF-16, whatever it says: then it says UTF-8, as in the standard.
    """
    head = data[:PRESCAN_BYTES]
    label = _meta_charset(head) or _xml_encoding(head)
    if label is None:
        return None
    charset = label.decode("ascii", "replace").strip()
    return "utf-8" if charset.lower().startswith(("utf-16", "ucs-2", "unicode")) else charset


def _meta_charset(head: bytes) -> bytes | None:
    at = 0
    while found := _CONSTRUCT.search(head, at):
        if found["comment"]:
            # `<!-->` is a comment too: its dashes may be those of its end
            ended = _END_OF_COMMENT.search(head, found.end() - 2)
            at = len(head) if ended is None else ended.end()
        elif found["other"]:
            at = _after(head, b">", found.end() - 1)
        else:
            name, is_end = found["tag"].lower(), head[found.start() + 1 : found.start() + 2] == b"/"
            tag = _tag(head, found.end())
            if tag is None:
                return None
            at = tag.end
            if is_end:
                continue
            if name == b"meta" and (charset := _charset_of_meta(tag.attributes)):
                return charset
            if name in _RAW_TEXT:
                at = _end_of_raw_text(head, name, at)
    return None


def _after(head: bytes, mark: bytes, start: int) -> int:
    at = head.find(mark, start)
    return len(head) if at < 0 else at + len(mark)


def _end_of_raw_text(head: bytes, name: bytes, start: int) -> int:
    ended = re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE).search(head, start)
    return len(head) if ended is None else ended.start()


def _tag(head: bytes, at: int) -> _Tag | None:
    """A tag's attributes, the first of a name, and its end; None where the data ends in it."""
    attributes: dict[bytes, bytes] = {}
    while (ended := _END_OF_TAG.match(head, at)) is None:
        attribute = _ATTRIBUTE.match(head, at)
        if attribute is None or attribute.end() == len(head):
            return None
        if attribute["value"] == b"" and head[attribute.end() : attribute.end() + 1] in (b'"', b"'"):
            return None  # a quote that never ends
        value = attribute["value"] or b""
        if value[:1] in (b'"', b"'"):
            value = value[1:-1]
        attributes.setdefault(attribute["name"].lower(), value)
        at = attribute.end()
    return _Tag(attributes, ended.end())


def _charset_of_meta(attributes: dict[bytes, bytes]) -> bytes | None:
    if charset := attributes.get(b"charset", b"").strip():
        return charset
    if attributes.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    found = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
    return None if found is None else found[1] or found[2] or found[3]


def _xml_encoding(head: bytes) -> bytes | None:
    found = _XML_ENCODING.match(head)
    return None if found is None else found[1] or found[2]
