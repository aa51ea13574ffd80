"""The wikitext of an article in, its plain text out, as LLaMA's section 2.1 asks of Wikipedia.

Headings and list items are lines of their own, without marks or numbers; code and formulas stay, as source.
"""

from __future__ import annotations

import re

from stages.ingest.wikipedia.entities import decode_entities
from stages.ingest.wikipedia.marks import (
    APOSTROPHE,
    GONE,
    HEADING_MARK,
    INDENT,
    RAW_CLOSE,
    RAW_OPEN,
    unshielded,
    without_pass_marks,
)
from stages.ingest.wikipedia.mending import drop_unknown_numbers, mend
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.preformatted import drop_emptied_lines, mark_preformatted, unmark_preformatted
from stages.ingest.wikipedia.structure import StructureStripper
from stages.ingest.wikipedia.switches import without_switches
from stages.ingest.wikipedia.templates import Templates, Vanished

_RAW = re.compile(f"{RAW_OPEN}(\\d+){RAW_CLOSE}")
_HEADING = re.compile(r"\n(={1,6}) ?([^\n]*?[^\n=]) ?\1=*(?=\n)")
_MARKED_HEADING = re.compile(rf"\n{HEADING_MARK}(\d)([^\n]*)")
_EMPTY_ITEM = re.compile(rf"\n[*#:;][^\w\n{RAW_OPEN}{RAW_CLOSE}{HEADING_MARK}]*+(?=\n)")
_LIST_MARK = re.compile(r"\n[*#:;]+ ?")
_TABLE_LINE = re.compile(r"\n(?:\||![^\n]*(?:!!|\|))[^\n]*")
_EXTERNAL_LINK = re.compile(
    r"\[(?:(?:(?:https?|ftps?|git|svn|gopher|ircs?|news|sftp|ssh|telnet|worldwind|mms|nntp):)?//"
    r"|mailto:|urn:|magnet:|geo:|tel:)[^\s\[\]<>\"]*(?:[ \t]+((?:[^\n\[\]]|\[[^\n\[\]]{0,100}\])*+))?\]",
    re.IGNORECASE,
)
_ELISION = re.compile(r"'''(?<=[^\W\d_]''')(?=(?:[^'\n]|'(?!'))+''(?!'))")
_ELISION_CHARS = 2000
_NO_WORD_LINE = re.compile(rf"\n[^\w\n{RAW_OPEN}{RAW_CLOSE}{HEADING_MARK}{INDENT}]+(?=\n)")
_BLANK_LINES = re.compile(r"\n\n\n+")
_STRAY = ("[[", "]]", "{{", "}}", "{|", "|}")

_ODD_SPACES = "\t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HIDDEN = "\u00ad\u200b\u200e\u200f\u202a\u202c\u202d\u2060\ufeff"
_ODD = re.compile(f"[{_ODD_SPACES}{_HIDDEN}]")
_SPACES = re.compile("  +")


def plain_text(
    wikitext: str,
    namespaces: Namespaces,
    *,
    language: str | None = None,
    title: str = "",
    vanished: Vanished | None = None,
) -> str:
    """The text of an article as lines; paragraphs stand apart by one empty line. Empty sections are gone.

    `language` is the wiki's, whose templates are meant; `title` the page's, for `{{PAGENAME}}`. `vanished` is told the
    name and the surroundings of each template inside a sentence that leaves nothing.
    """
    wikitext = without_pass_marks(wikitext)
    if "\r" in wikitext:
        wikitext = wikitext.replace("\r\n", "\n")
    wikitext = mark_preformatted(wikitext)
    stripper = StructureStripper(wikitext, namespaces, Templates.of(language, title), vanished)
    text = _inline(_plain_spaces("\n" + stripper.strip().replace("&nbsp;", " ") + "\n"))
    text = _lines(_squeeze(mend(drop_unknown_numbers(text))))
    if "&" in text and (decoded := decode_entities(text)) != text:
        text = _squeeze(_plain_spaces(decoded))
    text = _BLANK_LINES.sub("\n\n", _NO_WORD_LINE.sub("\n", drop_emptied_lines(text)))
    text = unshielded(_drop_empty_sections(text))
    raw = stripper.raw
    text = _RAW.sub(lambda found: raw[int(found[1])], text).strip() if raw else text.strip()
    return unmark_preformatted(text)


def _plain_spaces(text: str) -> str:
    """Spaces of every kind become plain ones; characters without width or look go."""
    return _ODD.sub(_plain_space, text)


def _plain_space(found: re.Match[str]) -> str:
    return "" if found[0] in _HIDDEN else " "


def _squeeze(text: str) -> str:
    """Every run of spaces to one, none beside a line end."""
    text = _SPACES.sub(" ", text).replace(" \n", "\n").replace("\n ", "\n")
    return "\n" + text.strip(" \n") + "\n"


def _inline(text: str) -> str:
    """Marks inside lines: bold and italics, external links, switches; then what was never opened."""
    if "//" in text or ":" in text:
        text = _EXTERNAL_LINK.sub(_external_label, text)
    if "''" in text:
        if "'''" in text:
            text = _ELISION.sub(_elision, text.replace("'''''", ""))
            text = text.replace("'''", "")
        text = text.replace("''", "")
    text = without_switches(text)
    for mark in _STRAY:
        if mark[0] in text:
            text = text.replace(mark, GONE)
    return text


def _external_label(found: re.Match[str]) -> str:
    return found[1] or GONE


def _elision(found: re.Match[str]) -> str:
    """In `l'''Iliade''` the first quote is an apostrophe; where bold text is open it ends that."""
    earliest = max(found.start() - _ELISION_CHARS, 0)
    line_start = max(found.string.rfind("\n", earliest, found.start()), earliest)
    is_opening = found.string.count("'''", line_start, found.start()) % 2 == 0
    return APOSTROPHE if is_opening else ""


def _lines(text: str) -> str:
    """Marks at the start of lines: rows that no table holds, headings, lists."""
    text = _TABLE_LINE.sub("", text)  # which costs less than to ask for two characters first
    if "\n=" in text:
        text = _HEADING.sub(_mark_heading, text)
    return _LIST_MARK.sub("\n", _EMPTY_ITEM.sub("", text))


def _mark_heading(found: re.Match[str]) -> str:
    return f"\n\n{HEADING_MARK}{len(found[1])}{found[2].strip()}"


def _drop_empty_sections(text: str) -> str:
    """Headings lose their mark; one goes when nothing stands below it before its next equal or higher."""
    if HEADING_MARK not in text:
        return text
    parts = _MARKED_HEADING.split(text)
    kept: list[str] = []
    level_with_text = 0
    # From the last section up: a heading stays when its own section or one of its subsections has text.
    for at in range(len(parts) - 1, 0, -3):
        body, heading, level = parts[at], parts[at - 1], int(parts[at - 2])
        if body.strip() or level_with_text > level:
            kept.append(f"\n{heading}\n{body.lstrip()}\n" if heading.strip() else body)
            level_with_text = level
    kept.append(parts[0])
    return _BLANK_LINES.sub("\n\n", "".join(reversed(kept)))
