"""XML that is not well-formed in, a tree of its elements out, as browsers read HTML.

For the small files of an EPUB's bookkeeping: what never closes ends with what is around it, names lose their prefixes.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

MAX_XML_DEPTH = 100
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]{0,5000}>)")
"""`<` of no tag that ends: the library looks for such an end again and again, up to the end of the text."""

_CHILDLESS = frozenset({"item", "itemref", "meta", "link", "reference", "rootfile"})
"""Elements of package files that hold no others, though some writers forget to close them."""


def lenient_root(text: str) -> ElementTree.Element:
    """The root of a tree of all elements in `text`; names are in small letters."""
    reader = _Reader()
    reader.feed(_NO_TAG.sub("&lt;", text))
    reader.close()
    return reader.root()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._tree = ElementTree.TreeBuilder()
        self._tree.start("document", {})
        self._open = ["document"]
        self._counts: dict[str, int] = {}

    def root(self) -> ElementTree.Element:
        """The tree of what was read."""
        for name in reversed(self._open):
            self._tree.end(name)
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element; of two values of one name the first counts."""
        name = _bare(tag)
        self._tree.start(name, {_bare(key): value or "" for key, value in reversed(attrs)})
        if name in _CHILDLESS or len(self._open) >= MAX_XML_DEPTH // 2:
            self._tree.end(name)
        else:
            self._open.append(name)
            self._counts[name] = self._counts.get(name, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        """End the innermost element of this name, and what is open in it."""
        name = _bare(tag)
        while self._counts.get(name):
            closed = self._open.pop()
            self._tree.end(closed)
            self._counts[closed] -= 1
            if closed == name:
                break

    def handle_data(self, data: str) -> None:
        """Text, where it stands."""
        self._tree.data(data)


def _bare(name: str) -> str:
    return name.rpartition(":")[2]
