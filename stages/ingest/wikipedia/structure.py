"""Wikitext in, the same without what nests: comments, notes, templates, tables, links and tags, in one pass.

A stack holds what is open. Markup that is never closed is undone at the end of the text, or when something
around it closes, so that one missing bracket costs its own words at most and not the rest of the article.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stages.ingest.wikipedia.links import link_text, simple_link_text
from stages.ingest.wikipedia.marks import GONE, INDENT, RAW_CLOSE, RAW_OPEN
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.open_marks import HTML_TABLE, LINK, TABLE, TEMPLATE, VARIANT, OpenMarks
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
from stages.ingest.wikipedia.template_shape import (
    apart_from_digits,
    has_words_before,
    has_words_behind,
    shape_text,
)
from stages.ingest.wikipedia.templates import Templates, Vanished
from stages.ingest.wikipedia.tokens import (
    FLAT_TEMPLATE,
    NESTED,
    NO_WIKITEXT,
    TAG_END,
    TEMPLATE_NAME,
    TOKEN,
    TOKEN_OR_VARIANT,
    VARIANT_OPENING,
)
from stages.ingest.wikipedia.variants import variant_text

_INDENTATION = " \t:*#;"
_FRACTION = re.compile(r"\d+/\d+")
_NO_TITLE = re.compile(r"[^|{}]*+[{}]")
"""A name that no page has: MediaWiki leaves `{{1, 2}, {3, 4}}` as it is."""

_LINE_PIECES = 20
_AROUND_CHARS = 60
"""Characters of wikitext shown on either side of a template that vanished."""


class StructureStripper(OpenMarks):
    """One text's pass. `raw` holds what later passes must not touch; its number, marked, is in the text."""

    def __init__(
        self,
        wikitext: str,
        namespaces: Namespaces,
        templates: Templates,
        vanished: Vanished | None = None,
    ) -> None:
        super().__init__(namespaces)
        self._text = wikitext
        self._templates = templates
        self._vanished = vanished
        self._tells_known = vanished is not None and vanished.with_known
        self._closings: dict[str, re.Match[str] | None] = {}
        self.raw: list[str] = []

    def strip(self) -> str:
        """The text without anything that nests."""
        text, out, is_open = self._text, self._out, self._open
        search = (TOKEN_OR_VARIANT if VARIANT_OPENING.search(text) else TOKEN).search
        at = 0
        while (found := search(text, at)) is not None:
            start, end = found.span()
            if start > at:
                out.append(text[at:start])
            token = found[0]
            if token[0] == "[":
                if len(token) > 2:
                    label = simple_link_text(found[1], found[2]) or GONE
                    out.append(self._shielded(label) if is_open[TEMPLATE] else label)
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
                at = self._close_braces(len(token), end)
            elif token == "-{":
                out.append(token)
                self._push(VARIANT)
                at = end
            elif token == "}-":
                at = self._close_variant(start, end)
            else:
                at = self._table(token, start, end)
        out.append(text[at:])
        while self._stack:
            self._undo()
        return "".join(out)

    def _template(self, token: str, start: int, end: int) -> int:
        """`{{`: a template that has no text goes at once, whatever it holds; returns where to go on."""
        flat = FLAT_TEMPLATE.match(self._text, start) if len(token) == 2 else None
        name = (flat or TEMPLATE_NAME.match(self._text, start))[1]  # type: ignore[index]  # it matches anything
        is_lost = bool(self._lost or self._open[TABLE] or self._open[HTML_TABLE])
        in_sentence = False
        rule = self._templates.has_rule(name)
        if rule is None and flat is not None and not is_lost and self._add_country(name, end, flat.end()):
            return flat.end()
        if rule is not True:
            if not is_lost and (rule is None or self._tells_known):
                in_sentence = bool(self._open[TEMPLATE]) or has_words_before(self._out)
            is_lost = is_lost or rule is False or not in_sentence
            is_empty = is_lost or self._text.startswith("}", end + len(name))
            if is_empty and flat is not None:
                after = flat.end()
                if self._text.find("<", end, after) < 0 or NO_WIKITEXT.search(self._text, end, after) is None:
                    if in_sentence:
                        self._note_vanished(name, start, after)
                    self._out.append(GONE)
                    return after
        if flat is not None and NESTED.search(self._text, end, flat.end() - 2) is None:
            self._add_template(self._text[end : flat.end() - 2], in_sentence, is_lost, flat.end())
            return flat.end()
        self._push(TEMPLATE, len(token), in_sentence, is_lost)
        return end

    def _add_country(self, name: str, start: int, end: int) -> bool:
        """Write the country that a template without a rule is named after, where words follow: alone it is a box."""
        country = self._templates.country(name) and self._templates.country(self._text[start : end - 2])
        is_shown = bool(country) and (bool(self._open[TEMPLATE]) or has_words_behind(self._text, end))
        self._out.extend([country] * is_shown)
        return is_shown

    def _close_link(self) -> None:
        while self._open[LINK] and self._stack[-1].kind == VARIANT:
            self._undo()
        if self._stack and self._stack[-1].kind == LINK:
            text = link_text(self._take(self._pop()), self._namespaces)
            self._out.append(self._shielded(text) or GONE)

    def _close_braces(self, count: int, end: int) -> int:
        """`}}` ends a template and `}}}` a parameter; runs match as in MediaWiki, threes before twos.

        Returns where to go on: the last brace of `}}}-` may belong to `}-`.
        """
        while count >= 2 and self._unwind_to(TEMPLATE):
            frame = self._pop()
            inner = self._take(frame)
            matched = 2 if frame.braces == 2 or count == 2 else 3
            count -= matched
            if frame.braces - matched >= 2:
                self._push(TEMPLATE, frame.braces - matched, frame.in_sentence, frame.is_lost)
            if matched == 2:
                self._add_template(inner, frame.in_sentence, frame.is_lost, end)
            else:
                self._out.append(inner.partition("|")[2] or GONE)
        return end - 1 if count == 1 and self._open[VARIANT] and self._text.startswith("-", end) else end

    def _add_template(self, inner: str, in_sentence: bool, is_lost: bool, end: int) -> None:
        """Write what stays of a template that ends at `end`."""
        text = self._template_text(inner, in_sentence and not is_lost, end)
        if "/" in text and self._out and self._out[-1][-1:].isdigit() and _FRACTION.fullmatch(text):
            text = f" {text}"  # `5{{frac|1|2}}` is not 51/2
        # MediaWiki's templates put their text into tags, which keep its quotes from those beside them.
        self._out.append(f"{GONE}{text}{GONE}" if "''" in text else text or GONE)

    def _template_text(self, inner: str, is_shown: bool, end: int) -> str:
        """Its text by the table, or by its shape where no rule knows it and it `is_shown`."""
        text = self._templates.text(inner)
        if text is None and _NO_TITLE.match(inner) is not None and self._is_preformatted():
            self.raw.append(f"{{{{{inner}}}}}")
            return f"{RAW_OPEN}{len(self.raw) - 1}{RAW_CLOSE}"
        if text is None:
            is_inner = bool(self._open[TEMPLATE])
            text = ""
            if is_shown and (is_inner or has_words_behind(self._text, end)):
                text = apart_from_digits(shape_text(inner), self._out, self._text[end : end + 1])
                if not text:
                    self._note_vanished(inner.partition("|")[0], None, end)
        return self._shielded(text)

    def _is_preformatted(self) -> bool:
        """Whether the line that is being written is preformatted."""
        line = "".join(self._out[-_LINE_PIECES:]).rpartition("\n")[2]
        return line.startswith(INDENT)

    def _note_vanished(self, name: str, start: int | None, end: int) -> None:
        """Tell of a template that leaves nothing inside a sentence, with what is about it."""
        if self._vanished is None or self._open[TEMPLATE] or not has_words_behind(self._text, end):
            return
        begin = self._text.rfind("{{", 0, end) if start is None else start
        around = self._text[max(begin - _AROUND_CHARS, 0) : end + _AROUND_CHARS]
        self._vanished.note(
            name.replace(GONE, "").strip(), self._templates.has_rule(name) is not None, around
        )

    def _close_variant(self, start: int, end: int) -> int:
        """`}-`, where `-{` is open in the same template; returns where to go on."""
        if not (self._open[VARIANT] and self._unwind_to(VARIANT, barrier=TEMPLATE)):
            self._out.append("}")
            return start + 1
        text = variant_text(self._take(self._pop()))
        self._out[-1] = self._shielded(text) or GONE
        return end

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

    def _close_html_table(self) -> None:
        """`</table>` ends the innermost table, of tags or of braces: MediaWiki makes the same of both."""
        inner = next(
            (frame.kind for frame in reversed(self._stack) if frame.kind in (TABLE, HTML_TABLE)), None
        )
        if inner is not None and self._unwind_to(inner, barrier=TEMPLATE):
            del self._out[self._pop().start :]

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
        if not self._open[TEMPLATE]:  # MediaWiki reads a template's values without comments
            self._out.append(GONE)
        return end

    def _tag(self, token: str, end: int) -> int:
        """A tag whose name ends at `end`; returns where to go on."""
        closing = token[1] == "/"
        name = token[2 if closing else 1 :].lower()
        tag_end = TAG_END.match(self._text, end) if name in HTML_TAGS else None
        if tag_end is None:
            self._out.append(token)
            return end
        after = tag_end.end()
        last = self._text[after - 2]
        empty = last == "/" or (last.isspace() and self._text[end : after - 1].rstrip().endswith("/"))
        if self._text.startswith("'", after) and self._out and self._out[-1].endswith("'"):
            self._out.append(GONE)  # quotes on either side of a tag are no run of quotes
        if name in BREAK_TAGS:
            self._out.append("\n")
        elif closing:
            if name == "table":
                self._close_html_table()
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
