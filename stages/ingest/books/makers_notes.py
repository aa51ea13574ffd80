"""The paragraph that a note of those who made a text begins with in, where that note ends out."""

from __future__ import annotations

import re

from stages.ingest.books.wordings import (
    ENCODING_NOTE,
    LETTER_END,
    MAKERS_NOTE,
    MAX_CREDIT_CHARS,
    OF_CHANGES,
    PARAGRAPH,
    SEPARATOR,
)

_MAX_LETTER_PARAGRAPHS = 24
_MAX_LEGEND_PARAGRAPHS = 60
_MAX_NOTE_PARAGRAPHS = 12
_MAX_BRACKET_CHARS = 5_000
_MAX_LINES_WITHIN = 3
_MIN_SENTENCE_CHARS = 60
_SIGN_OF_LEGEND = re.compile(r"[=\[:]")
_BRACKET = re.compile(r"[\[\]]")
_BOX = "+-=|* \t\n"


def is_makers_note(words: str) -> bool:
    """Whether a paragraph begins a note of those who made the text."""
    return MAKERS_NOTE.match(words.lstrip(_BOX)) is not None or ENCODING_NOTE.match(words) is not None


def end_of_letter(body: str, paragraph: re.Match[str]) -> int:
    """A letter goes up to the signature or address that ends it, and the name below that address."""
    place = paragraph.end()
    for _ in range(_MAX_LETTER_PARAGRAPHS):
        following = PARAGRAPH.match(body, place)
        if following is None:
            break
        place = following.end()
        if LETTER_END.search(following["text"]):
            signature = PARAGRAPH.match(body, place)
            names = [] if signature is None else re.findall(r"\w{3,}", signature["text"])
            if (
                signature is None
                or len(names) > 3
                or not any(name.lower() in following["text"] for name in names)
            ):
                return place
            return signature.end()
    return end_of_makers_note(body, paragraph)


def end_of_makers_note(body: str, paragraph: re.Match[str]) -> int:
    """A note in brackets goes up to the closing bracket; a title takes what follows along, and so far as it tells changes."""
    words = paragraph["text"]
    if words.lstrip().startswith("["):
        return max(paragraph.end(), _end_of_bracket(body, body.index("[", paragraph.start())))
    end = paragraph.end()
    is_title = MAKERS_NOTE.sub("", words.lstrip(_BOX), count=1).strip(" \t\n:.*+-=_~|])") == ""
    if is_title and (end_of_block := _end_of_legend(body, end)) is not None:
        return end_of_block
    was_indented = is_title
    for count in range(_MAX_NOTE_PARAGRAPHS):
        following = PARAGRAPH.match(body, end)
        if following is None or len(following["text"]) > MAX_CREDIT_CHARS:
            break
        indented = body[following.start("text") - 1] in " \t"
        is_next = body.count("\n", end, following.start("text")) == 2
        goes_on = is_next and OF_CHANGES.search(following["text"]) is not None
        if not (goes_on or (was_indented and (indented or count == 0))):
            break
        end = following.end()
        was_indented = was_indented and indented
    return end


def _end_of_bracket(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; 0 where there is none near."""
    depth = 0
    for found in _BRACKET.finditer(text, start, start + _MAX_BRACKET_CHARS):
        depth += 1 if found[0] == "[" else -1
        if depth == 0:
            return found.end()
    closing = text.find("]", start, start + _MAX_BRACKET_CHARS)
    return closing + 1


def _end_of_legend(body: str, start: int) -> int | None:
    """Where the block below a note's title ends, if a large gap ends it and all of it explains signs and changes."""
    place = start
    for count in range(_MAX_LEGEND_PARAGRAPHS):
        following = PARAGRAPH.match(body, place)
        if following is None:
            return None
        lines = body.count("\n", place, following.start("text"))
        if count > 1 and lines > _MAX_LINES_WITHIN:
            return place
        words = following["text"]
        explains = (
            _SIGN_OF_LEGEND.search(words) or OF_CHANGES.search(words) or len(words) >= _MIN_SENTENCE_CHARS
        )
        if not explains or (count and lines > 2) or SEPARATOR.fullmatch(words) or words.isupper():
            return None
        place = following.end()
    return None
