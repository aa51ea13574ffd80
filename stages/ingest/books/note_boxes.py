"""The DOM of a book's page in, the same without boxes that hold notes of those who made it and links to them out."""

from __future__ import annotations

import re
from typing import Any

from resiliparse.parse.html import NodeType

from stages.ingest.books.wordings import ABOUT_A_TEXT, MAKERS_NOTE, OF_CHANGES, READERS_TITLE

_SIGN = re.compile(r"transcri|trascri|lectronique|bewerker|bearbeit|redactor|digiti[sz]er", re.IGNORECASE)
"""One of them is in each title of a note, however its other letters are written."""

_BOXES = "div, section, aside, table, blockquote"
_PIECES = "p, li, tr, dd"
_HEADINGS = "h1, h2, h3, h4"
_LINKING = frozenset("p li td div span h1 h2 h3 h4 h5 h6".split())
_MAX_NOTE_CHARS = 20_000
_MAX_TITLE_CHARS = 200
_MAX_TITLE_NODES = 60
_MIN_SHARE = 1 / 2


def drop_note_boxes(body: Any, html: str) -> None:
    """Decompose the innermost boxes that begin with a note's title and speak of a text, and lines that only link there."""
    if _SIGN.search(html) is None:
        return
    gone: set[str] = set()
    for box in reversed(
        body.query_selector_all(_BOXES)[:]
    ):  # from within: what is around a box may be the book
        if MAKERS_NOTE.match(_first_words(box)) and _is_note(box):
            gone |= {part.id for part in [box, *box.query_selector_all("[id]")] if part.id}
            box.decompose()
    if not gone:
        return
    for link in body.query_selector_all("a[href]")[:]:
        around = link.parent
        is_alone = around is not None and around.tag in _LINKING and around.text.strip() == link.text.strip()
        if is_alone and (link.getattr("href") or "").removeprefix("#") in gone:
            around.decompose()


def _first_words(box: Any) -> str:
    """The first words of a box, from as many nodes as a title needs."""
    words = ""
    node = box
    for _ in range(_MAX_TITLE_NODES):
        node = node.first_child or _next_within(node, box)
        if node is None or len(words) >= _MAX_TITLE_CHARS:
            break
        if node.type == NodeType.TEXT:
            words += node.text
    return words.strip()


def _next_within(node: Any, box: Any) -> Any:
    while node is not None and node != box:
        if node.next is not None:
            return node.next
        node = node.parent
    return None


def _is_note(box: Any) -> bool:
    text = box.text.strip()
    title = MAKERS_NOTE.match(text)
    if title is None or len(text) > _MAX_NOTE_CHARS or READERS_TITLE.match(text):
        return False
    if len(box.query_selector_all(_HEADINGS)) > 1 or not text[title.end() :].strip(" \t\n:.*_=-])"):
        return False
    pieces = [words for piece in box.query_selector_all(_PIECES) if (words := piece.text.strip())]
    pieces = [words for words in pieces if MAKERS_NOTE.fullmatch(words.rstrip(" :.)")) is None] or [text]
    about = sum(
        ABOUT_A_TEXT.search(words) is not None or OF_CHANGES.search(words) is not None for words in pieces
    )
    return about >= len(pieces) * _MIN_SHARE
