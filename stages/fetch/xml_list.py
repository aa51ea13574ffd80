"""A list of files in XML in, its `<file>` elements out; without a document type, so that no entity is ever resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from stages.fetch.remote import ListError
from stages.fetch.site import starts_like

_DOCTYPE = re.compile(rb"<!(?:doctype|entity)", re.IGNORECASE)


def file_elements(data: bytes, roots: tuple[str, ...]) -> Iterator[ElementTree.Element]:
    """The `<file>` elements right below a root of one of these names."""
    # A zero byte is UTF-16 or UTF-32, in which a document type would go unseen.
    if _DOCTYPE.search(data) or b"\0" in data:
        raise ListError(f"no XML list of files; starts with {starts_like(data)}")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise ListError(f"no XML list of files ({error}); starts with {starts_like(data)}") from error
    if root.tag not in roots:
        raise ListError(
            f"an XML list of files starts with <{'> or <'.join(roots)}>, this one with <{root.tag}>"
        )
    yield from root.iterfind("file")


def text_of(element: ElementTree.Element, tag: str) -> str | None:
    """The text of a child, stripped; None when there is none."""
    text = element.findtext(tag)
    return text.strip() or None if text is not None else None
