"""The HTML of a post in, its text out: tags removed, entities decoded once, code verbatim, lists as lines.

LLaMA, section 2.1. One pass over the tags that a compiled regular expression finds. The sites write HTML from
Markdown through a whitelist of about thirty tags, so no full HTML parser is needed.
"""

from __future__ import annotations

import re
from html import unescape

from stages.ingest.raised import as_script

_ATTRIBUTE = r"""\s++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))?+"""
_TAG = re.compile(
    rf"""<(/?[a-zA-Z][a-zA-Z0-9]*)((?:{_ATTRIBUTE})*+\s*+/?|(?:[^<>"']*+(?:"[^"<]*+"|'[^'<]*+'))*+[^<>"']*+|[^<>]*)>"""
)
"""A tag with attributes as HTML has them; else one that ends behind its quotes, which hold no `<`; else at the first `>`."""
_START = re.compile(r"\bstart\s*=\s*[\"']?([0-9]{1,6})")
_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL)

_PARAGRAPHS = ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "center")
_BLOCKS = frozenset((*_PARAGRAPHS, "table", "dl", "details", "summary", "section", "article", "figure"))
_LINES = frozenset(("tr", "dt", "dd", "thead", "tbody", "caption"))
_LISTS = frozenset(("ul", "ol"))
_CELLS = frozenset(("td", "th"))
_HANDLED = _BLOCKS | _LINES | _LISTS | _CELLS | {"br", "li", "pre", "sup", "sub"}
_INDENT = "  "
_MAX_INDENTS = 12


class _TextBuilder:
    """Text as it grows, with the breaks, list marker or cell mark that wait for the next word."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.gap = 0
        self.marker = ""
        self._space = self._cell = False
        self._script = ""
        self._code: list[str] | None = None
        self._lists: list[int | None] = []

    def words(self, chunk: str) -> None:
        """Add the text between two tags: runs of white space are one space; verbatim inside code."""
        if "&" in chunk:
            chunk = unescape(chunk)
        if self._code is not None:
            self._code.append(chunk)
            return
        words = chunk.split()
        if not words:
            self._space = True
            return
        text = " ".join(words)
        if self._script and (written := as_script(text, self._script)):
            is_note = written[0] not in "^_"
            text = written if is_note or self._follows_directly(chunk) else text
        self._put(text, space_before=chunk[0].isspace())
        self._space = chunk[-1].isspace()

    def _follows_directly(self, chunk: str) -> bool:
        """Whether words stand right behind others: what is raised or lowered belongs to something."""
        return bool(self.parts) and not (self.gap or self._space or self._cell or chunk[0].isspace())

    def _put(self, text: str, space_before: bool) -> None:
        parts = self.parts
        if self.gap or not parts:
            if parts:
                parts.append("\n\n" if self.gap > 1 else "\n")
            if self.marker:
                parts.append(self.marker)
        elif self._cell:
            parts.append(" | ")
        elif space_before or self._space:
            parts.append(" ")
        parts.append(text)
        self.gap, self.marker, self._cell, self._space = 0, "", False, False

    def _break(self, lines: int) -> None:
        if (
            not self.marker and lines > self.gap
        ):  # a paragraph that opens a list item stays on the marker's line
            self.gap = lines

    def tag(self, name: str, attributes: str) -> None:
        """Take a tag in account; `name` is lower case, with a slash when it closes."""
        closes = name[0] == "/"
        base = name[1:] if closes else name
        if self._code is not None:
            if name == "/pre":
                self._end_code()
            elif base == "br":
                self._code.append("\n")
        elif base in _BLOCKS:
            self._break(2)
        elif base == "br":
            self.gap = min(2, self.gap + 1)
        elif base == "li":
            self._item(closes)
        elif base in _LISTS:
            self._list(base, closes, attributes)
        elif base == "pre":
            if not closes:
                self._break(2)
                self._code = []
        elif base in _LINES:
            self._break(1)
        elif base in _CELLS:
            self._cell = True
        else:
            self._script = "" if closes else base

    def _item(self, closes: bool) -> None:
        self.marker = ""
        self._break(1)
        if closes:
            return
        number = self._lists[-1] if self._lists else None
        mark = "- "
        if number is not None:
            self._lists[-1] = number + 1
            mark = f"{number}. "
        self.marker = _INDENT * min(len(self._lists) - 1, _MAX_INDENTS) + mark

    def _list(self, base: str, closes: bool, attributes: str) -> None:
        if closes:
            self.marker = ""
            if self._lists:
                self._lists.pop()
            self._break(1 if self._lists else 2)
            return
        self._break(1 if self._lists else 2)
        start = _START.search(attributes)
        first = int(start[1]) if start else 1
        self._lists.append(first if base == "ol" else None)

    def _end_code(self) -> None:
        code = "".join(self._code or ()).replace("\r\n", "\n").replace("\xa0", " ").rstrip().lstrip("\r\n")
        self._code = None
        if code:
            self._put(code, space_before=False)
        self._break(2)

    def finish(self) -> str:
        """The whole text; code that never closed ends here."""
        if self._code is not None:
            self._end_code()
        return "".join(self.parts)


def html_to_text(html: str) -> str:
    """The text of a post's HTML."""
    if "<!--" in html:
        html = _without_comments(html)
    if "<script" in html or "<style" in html:
        html = _SCRIPT.sub("", html)
    builder = _TextBuilder()
    pieces = _TAG.split(html)
    for at in range(0, len(pieces) - 1, 3):
        if pieces[at]:
            builder.words(pieces[at])
        name = pieces[at + 1].lower()
        if name.removeprefix("/") in _HANDLED:
            builder.tag(name, pieces[at + 2])
    if pieces[-1]:
        builder.words(pieces[-1])
    return builder.finish()


def _without_comments(html: str) -> str:
    """HTML without comments; one that never closes reaches to the end, as HTML says."""
    parts: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0:
        parts.append(html[at:start])
        end = html.find("-->", start + 4)
        if end < 0:
            return "".join(parts)
        at = end + 3
    parts.append(html[at:])
    return "".join(parts)
