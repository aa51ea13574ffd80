"""Wikitext in, the same without what nests: comments, notes, templates, tables, links and tags, in one pass.

A stack holds what is open. Markup that is never closed is undone at the end of the text, or when something
around it closes, so that one missing bracket costs its own words at most and not the rest of the article.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stages.ingest.wikipedia.links import link_text, simple_link_text, unclosed_link
from stages.ingest.wikipedia.mending import GONE
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.tags import (
    BREAK_TAGS,
    DROPPED_TAGS,
    HTML_TAGS,
    RAW_TAGS,
    closing_tag,
    end_of_unclosed,
    raised_text,
    raw_text,
)
from stages.ingest.wikipedia.templates import is_textless, template_text

_TOKEN = re.compile(
    r"\[\[(?:([^\[\]{}|<\n:]*+)(?:\|([^\[\]{}|<\n]*+))?\]\])?|\{\{+|\}\}+|\]\]|\{\||\|\}(?!\}(?!\}))|<(?:!--|/?[a-zA-Z][\w-]*)"
)
"""Marks of all that nests; a link with nothing inside is one mark with its target and label."""

_FLAT_TEMPLATE = re.compile(
    r"\{\{([^\[\]{}|<\n]*+)\n*+(?:\|(?:[^{}]++|\{\{(?:[^{}]++|\{\{(?:[^{}]++|\{\{[^{}]*+\}\})*+\}\})*+\}\})*+)?\}\}(?!\})"
)
"""A whole template with others in it, three deep at most, and its name; no parameter, no table."""

_NO_WIKITEXT = re.compile(r"<(?:!--|nowiki|pre|syntaxhighlight|source|math|chem|ce)", re.IGNORECASE)
_TAG_END = re.compile(r"(?:\"[^\"<\n]*+\"|'[^'<\n]*+'|[^<>\"'])*+>|[^<>]*+>")
_INDENTATION = " \t:*#;"

MAX_DEPTH = 100
"""Open things inside each other; MediaWiki gives up at 40 templates. It bounds the time for hostile texts."""

LINK, TEMPLATE, TABLE, HTML_TABLE = range(4)

RAW_OPEN, RAW_CLOSE = "\x01", "\x02"
"""Around the number of a stretch of raw text (code, formulas): XML allows neither, so no text holds them."""


@dataclass
class _Frame:
    kind: int
    start: int
    """Pieces of output when it was opened."""
    braces: int = 0


class StructureStripper:
    """One text's pass. `raw` holds what later passes must not touch; its number, marked, is in the text."""

    def __init__(self, wikitext: str, namespaces: Namespaces) -> None:
        self._text = wikitext
        self._namespaces = namespaces
        self._out: list[str] = []
        self._stack: list[_Frame] = []
        self._open = [0, 0, 0, 0]
        self._closings: dict[str, re.Match[str] | None] = {}
        self.raw: list[str] = []

    def strip(self) -> str:
        """The text without anything that nests."""
        text, out, search = self._text, self._out, _TOKEN.search
        at = 0
        while (found := search(text, at)) is not None:
            start, end = found.span()
            if start > at:
                out.append(text[at:start])
            token = found[0]
            if token[0] == "[":
                if len(token) > 2:
                    out.append(simple_link_text(found[1], found[2]) or GONE)
                else:
                    self._push(LINK)
                at = end
            elif token == "]]":
                self._close_link()
                at = end
            elif token[0] == "<":
                at = self._comment(start) if token == "<!--" else self._tag(token, end)
            elif token[:2] == "{{":
                at = self._template(token, start, end)
            elif token[:2] == "}}":
                self._close_braces(len(token))
                at = end
            else:
                at = self._table(token, start, end)
        out.append(text[at:])
        while self._stack:
            self._undo()
        return "".join(out)

    def _template(self, token: str, start: int, end: int) -> int:
        """`{{`: a template that has no text goes at once, whatever it holds; returns where to go on."""
        if len(token) == 2:
            flat = _FLAT_TEMPLATE.match(self._text, start)
            if (
                flat is not None
                and is_textless(flat[1])
                and _NO_WIKITEXT.search(self._text, end, flat.end()) is None
            ):
                self._out.append(GONE)
                return flat.end()
        self._push(TEMPLATE, len(token))
        return end

    def _push(self, kind: int, braces: int = 0) -> None:
        if len(self._stack) < MAX_DEPTH:
            self._stack.append(_Frame(kind, len(self._out), braces))
            self._open[kind] += 1

    def _pop(self) -> _Frame:
        frame = self._stack.pop()
        self._open[frame.kind] -= 1
        return frame

    def _take(self, frame: _Frame) -> str:
        inner = "".join(self._out[frame.start :])
        del self._out[frame.start :]
        return inner

    def _undo(self) -> None:
        """Give up on the innermost open thing: its words stay, its marks go."""
        frame = self._pop()
        if frame.kind == LINK:
            self._out.append(unclosed_link(self._take(frame), self._namespaces))

    def _unwind_to(self, kind: int, barrier: int | None = None) -> bool:
        """Undo what is open above the innermost `kind`; False when none is, or a `barrier` is above it."""
        if not self._open[kind]:
            return False
        while self._stack[-1].kind != kind:
            if self._stack[-1].kind == barrier:
                return False
            self._undo()
        return True

    def _close_link(self) -> None:
        if self._stack and self._stack[-1].kind == LINK:
            self._out.append(link_text(self._take(self._pop()), self._namespaces) or GONE)

    def _close_braces(self, count: int) -> None:
        """`}}` ends a template and `}}}` a parameter; runs match as in MediaWiki, threes before twos."""
        while count >= 2 and self._unwind_to(TEMPLATE):
            frame = self._pop()
            inner = self._take(frame)
            matched = 2 if frame.braces == 2 or count == 2 else 3
            count -= matched
            if frame.braces - matched >= 2:
                self._push(TEMPLATE, frame.braces - matched)
            self._out.append((template_text(inner) if matched == 2 else inner.partition("|")[2]) or GONE)

    def _table(self, token: str, start: int, end: int) -> int:
        """`{|` and `|}`, which are tables only at the start of a line; returns where to go on."""
        if token == "{|":
            if self._starts_line(start, _INDENTATION.__contains__):
                self._push(TABLE)
            else:
                self._out.append(token)
            return end
        if not (self._starts_line(start, str.isspace) and self._unwind_to(TABLE, barrier=TEMPLATE)):
            self._out.append("|")
            return start + 1  # the brace may begin the end of a template whose last value is empty
        del self._out[self._pop().start :]
        return end

    def _starts_line(self, start: int, is_blank: Callable[[str], bool]) -> bool:
        """Whether nothing but blanks stands before `start` in its line; a long line is not gone through each time."""
        before = self._text[start - 1 : start]
        while before and before != "\n" and is_blank(before):
            start -= 1
            before = self._text[start - 1 : start]
        return before in ("", "\n")

    def _comment(self, start: int) -> int:
        close = self._text.find("-->", start)
        if close < 0:
            return len(self._text)
        end = close + 3
        alone = start == 0 or self._text[start - 1] == "\n"
        if alone and self._text.startswith("\n", end):
            return end + 1
        self._out.append(GONE)
        return end

    def _tag(self, token: str, end: int) -> int:
        """A tag whose name ends at `end`; returns where to go on."""
        closing = token[1] == "/"
        name = token[2 if closing else 1 :].lower()
        tag_end = _TAG_END.match(self._text, end) if name in HTML_TAGS else None
        if tag_end is None:
            self._out.append(token)
            return end
        after = tag_end.end()
        empty = self._text[end : after - 1].rstrip().endswith("/")
        if name in BREAK_TAGS:
            self._out.append("\n")
        elif closing:
            if name == "table" and self._unwind_to(HTML_TABLE, barrier=TEMPLATE):
                del self._out[self._pop().start :]
        elif empty:
            self._out.append(GONE if name in DROPPED_TAGS else "")
        else:
            if name in DROPPED_TAGS or name in RAW_TAGS:
                return self._extension(name, after)
            if name == "table":
                self._push(HTML_TABLE)
            elif name in ("sup", "sub"):
                text, after = raised_text(self._text, name, after)
                self._out.append(text)
        return after

    def _closing(self, name: str, start: int) -> re.Match[str] | None:
        """The next closing tag; remembered, so that many that are never closed cost one search."""
        known = self._closings.get(name)
        if name not in self._closings or (known is not None and known.start() < start):
            known = self._closings[name] = closing_tag(name).search(self._text, start)
        return known

    def _extension(self, name: str, start: int) -> int:
        """A tag whose content is not wikitext, or is dropped: pass over it up to its end."""
        close = self._closing(name, start)
        if name in DROPPED_TAGS:
            self._out.append(GONE)
            stop = end_of_unclosed(self._text, name, start, close)
            return stop if stop is not None else start if close is None else close.end()
        if close is None:
            return start
        self._out.append(f"{RAW_OPEN}{len(self.raw)}{RAW_CLOSE}")
        self.raw.append(raw_text(name, self._text[start : close.start()]))
        return close.end()
