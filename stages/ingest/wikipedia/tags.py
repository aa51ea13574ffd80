"""The tags of wikitext: which are dropped with their content, which hold raw text, which are only marks."""

from __future__ import annotations

import re
from functools import cache

from stages.ingest.wikipedia.entities import decode_entities

_DROPPED_WORDS = """
    ref references gallery timeline score imagemap templatedata templatestyles hiero graph chart mapframe
    maplink inputbox categorytree indicator includeonly charinsert script style dynamicpagelist phonos
    randomselection rss ece
"""
DROPPED_TAGS = frozenset(_DROPPED_WORDS.split())
"""Tags that go with all that they hold: notes, pictures, maps, navigation."""

RAW_TAGS = frozenset(["nowiki", "pre", "syntaxhighlight", "source", "math", "chem", "ce"])
"""Tags whose content is no wikitext, and is text for the reader."""

BREAK_TAGS = frozenset(["br", "p", "hr"])

_MARK_WORDS = """
    abbr acronym address b bdi bdo big blockquote caption center cite code col colgroup data dd del dfn
    div dl dt em font h1 h2 h3 h4 h5 h6 i img ins kbd label li link mark meta noinclude nobr ol
    onlyinclude poem q rb rp rt rtc ruby s samp section small span strike strong sub sup table tbody td
    tfoot th thead time tr translate tt tvar u ul var wbr languages
"""
HTML_TAGS = DROPPED_TAGS | RAW_TAGS | BREAK_TAGS | frozenset(_MARK_WORDS.split())
"""Every tag of wikitext; what looks like another tag is text, as in MediaWiki."""

_CODE_LINE_ENDS = re.compile(r"^\n+|\s+$")
_DOUBLE_BRACES = re.compile(r"(?<=[{}])(?=[{}])")
_SPACES = re.compile(r"\s+")
_RAISED = re.compile(r"\s*([0-9+=()n−–-]{1,16})\s*</[sS][uU][pPbB]\s*>")
_RAISED_ALONE = re.compile(r"[0-9+=()n−–-]{1,16}")
_SUPERSCRIPTS = str.maketrans("0123456789+−–-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+−–-=()n", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₙ")


@cache
def closing_tag(name: str) -> re.Pattern[str]:
    """Pattern of the closing tag, in any case of letters."""
    letters = "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name)
    return re.compile(rf"</{letters}\s*>")


@cache
def _opening_tag(name: str) -> re.Pattern[str]:
    letters = "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name)
    return re.compile(rf"<{letters}(?:\s[^<>]*[^<>/\s]\s*)?>")


def end_of_unclosed(text: str, name: str, start: int, close: re.Match[str] | None) -> int | None:
    """Where the content of a <ref> ends that was never closed, else None.

    It was never closed when the next <ref> opens before a </ref>: then its line is all that goes, and not the
    article up to the next note.
    """
    if name != "ref":
        return None
    following = _opening_tag(name).search(text, start, close.start() if close is not None else len(text))
    if close is not None and following is None:
        return None
    end = following.start() if following is not None else len(text)
    line_end = text.find("\n", start, end)
    return line_end if line_end >= 0 else end


def raw_text(name: str, content: str) -> str:
    """What a reader sees of the content of one of RAW_TAGS.

    A formula stays as TeX between dollar signs, as in arXiv's papers: without it a sentence loses its
    subject. Braces that meet are set apart, which TeX reads as the same.
    """
    if name == "math":
        formula = _SPACES.sub(" ", _DOUBLE_BRACES.sub(" ", content)).strip()
        return f"${formula}$" if formula else ""
    if name in ("chem", "ce"):
        return content.strip()
    if name == "nowiki":
        return decode_entities(content)
    code = _CODE_LINE_ENDS.sub("", content)
    if name == "pre":
        code = decode_entities(code.replace("<nowiki>", "").replace("</nowiki>", ""))
    return code


def raised_text(text: str, name: str, start: int) -> tuple[str, int]:
    """Text of a <sup> or <sub> whose content starts at `start`, and where to go on.

    Numbers become raised or lowered digits: `10<sup>6</sup>` is not 106. Other content is read on as text.
    """
    found = _RAISED.match(text, start)
    if found is None:
        return "", start
    return found[1].translate(_SUPERSCRIPTS if name == "sup" else _SUBSCRIPTS), found.end()


def tag_text(name: str, content: str) -> str:
    """What a reader sees of a tag that a parser function writes, `{{#tag:sub|2}}`; its content is read already."""
    if name in DROPPED_TAGS:
        return ""
    if name in ("sup", "sub"):
        digits = _RAISED_ALONE.fullmatch(content)
        return (
            content if digits is None else content.translate(_SUPERSCRIPTS if name == "sup" else _SUBSCRIPTS)
        )
    return raw_text(name, content) if name in RAW_TAGS else content
