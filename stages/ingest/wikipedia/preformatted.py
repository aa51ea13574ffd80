"""Wikitext in, the same with its preformatted lines marked; and their marks back into text at the end.

A line that begins with a space is preformatted in MediaWiki: its spaces count, its marks of lists and headings do not.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.marks import INDENT, KEPT_SPACE

_LINE = r" +(?![\s|!]|\{\||\{\{(?![\d\s'\"-])|\}\}|<!--)[^\n]+"
_BLOCK = re.compile(rf"\n{_LINE}(?:\n{{1,2}}{_LINE})+")
"""Two lines or more: one alone is mostly a paragraph with a space too many."""

_MAY_BEGIN = re.compile(r"\n (?![|!\n]| \||  \|)")
"""Lines with a space before them; rows of tables and values of boxes are the many, and begin no block."""

_LINE_START = re.compile(r"\n ( *)")
_SPACES = re.compile("  +")
_EMPTY_LINE = re.compile(f"\n{INDENT}[{KEPT_SPACE} ]*+(?=\n)")


def mark_preformatted(wikitext: str) -> str:
    """Lines of blocks that begin with a space, with INDENT for it and KEPT_SPACE for spaces that count."""
    found = _MAY_BEGIN.search(wikitext)
    if found is None and not wikitext.startswith(" "):
        return wikitext
    text = "\n" + wikitext
    out: list[str] = []
    at = 0
    found = _MAY_BEGIN.search(text)
    while found is not None:
        block = _BLOCK.match(text, found.start())
        if block is not None:
            out += [text[at : found.start()], _marked(block[0])]
            at = block.end()
        found = _MAY_BEGIN.search(text, at if block is not None else found.end())
    return "".join([*out, text[at:]])[1:] if out else wikitext


def _marked(block: str) -> str:
    text = _LINE_START.sub(lambda found: f"\n{INDENT}{KEPT_SPACE * len(found[1])}", block)
    return _SPACES.sub(lambda found: KEPT_SPACE * len(found[0]), text)


def drop_emptied_lines(text: str) -> str:
    """The text without preformatted lines that lost all they held."""
    return _EMPTY_LINE.sub("", text) if INDENT in text else text


def unmark_preformatted(text: str) -> str:
    """The text with the spaces that MediaWiki shows."""
    return text.replace(INDENT, "").replace(KEPT_SPACE, " ")
