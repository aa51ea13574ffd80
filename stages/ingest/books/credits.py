"""A Gutenberg book's text in, the same without credits and transcriber's notes before its own words out."""

from __future__ import annotations

import re

from stages.ingest.books.makers_notes import end_of_letter, end_of_makers_note, is_makers_note
from stages.ingest.books.wordings import (
    APPEAL,
    ARCHIVE_TITLE_LINE,
    BOOK_CREDIT,
    COVER_NOTE,
    CREDIT_WORDS,
    EDITION_LINE,
    ENCODING_NOTE,
    LETTER_TITLE,
    MAKERS_WORDS,
    MAX_CREDIT_CHARS,
    NOTE_REFERENCE,
    PARAGRAPH,
    PICTURE,
    READERS_TITLE,
    SEPARATOR,
    is_makers_credit,
)

_MAX_CREDIT_PARAGRAPHS = 12
_MAX_TITLE_PAGE_PARAGRAPHS = 12
_MAX_TITLE_PAGE_CHARS = 400
"""Of a paragraph; where a longer one stands, the book itself has begun."""


def without_leading_credits(body: str) -> str:
    """Drop credits and transcriber's notes before the book's first own paragraph, behind pictures and on its title page."""
    position = place = 0
    kept: list[str] = []
    pictures: list[str] = []
    for _ in range(_MAX_CREDIT_PARAGRAPHS):
        paragraph = PARAGRAPH.match(body, place)
        if paragraph is None:
            break
        if PICTURE.fullmatch(paragraph["text"]):
            pictures.append(paragraph["text"])
            place = paragraph.end()
            continue
        end = _end_of_front_matter(body, paragraph)
        if end is None and position == place and position and SEPARATOR.fullmatch(paragraph["text"]):
            end = paragraph.end()  # the line below what went
        if end is None:
            break
        kept, pictures = kept + pictures, []
        position = place = end
    rest = _without_credits_on_title_page(body[position:])
    return "\n\n".join([*kept, rest.lstrip("\n")]) if position else rest


def _without_credits_on_title_page(body: str) -> str:
    """Drop what stands between a book's title and its first long paragraph and names an electronic text itself."""
    pieces: list[str] = []
    position = place = 0
    for _ in range(_MAX_TITLE_PAGE_PARAGRAPHS):
        paragraph = PARAGRAPH.match(body, place)
        if paragraph is None:
            break
        words = paragraph["text"]
        end = _end_on_title_page(body, paragraph)
        if end is None and len(words) > _MAX_TITLE_PAGE_CHARS:
            break
        place = paragraph.end() if end is None else end
        if end is not None:
            line_start = body.rfind("\n", 0, paragraph.start("text")) + 1
            pieces.append(body[position:line_start])
            following = PARAGRAPH.match(body, end)
            position = len(body) if following is None else body.rfind("\n", 0, following.start("text")) + 1
    return "".join([*pieces, body[position:]]) if pieces else body


def _end_on_title_page(body: str, paragraph: re.Match[str]) -> int | None:
    words = paragraph["text"]
    if len(words) > MAX_CREDIT_CHARS:
        return None
    if EDITION_LINE.fullmatch(words) or is_makers_credit(words):
        return paragraph.end()
    if COVER_NOTE.match(words) or NOTE_REFERENCE.match(words):
        return paragraph.end()
    if READERS_TITLE.match(words) or (words.lstrip().startswith("[") and ENCODING_NOTE.match(words) is None):
        return None  # notes in brackets go wherever they stand
    return end_of_makers_note(body, paragraph) if is_makers_note(words) else None


def _end_of_front_matter(body: str, paragraph: re.Match[str]) -> int | None:
    words = paragraph["text"]
    if SEPARATOR.fullmatch(words):
        return _end_behind_separator(body, paragraph.end())
    if LETTER_TITLE.match(words):
        return end_of_letter(body, paragraph)
    if is_makers_note(words):
        return end_of_makers_note(body, paragraph)
    if len(words) <= MAX_CREDIT_CHARS and any(
        (
            BOOK_CREDIT.match(words) and not _is_heading(words),
            CREDIT_WORDS.search(words),
            APPEAL.match(words),
            ARCHIVE_TITLE_LINE.match(words),
            COVER_NOTE.match(words),
            NOTE_REFERENCE.match(words),
        )
    ):
        return paragraph.end()
    return None


def _is_heading(words: str) -> bool:
    """Whether capitals make a title of what else would be a credit."""
    return words.isupper() and MAKERS_WORDS.search(words) is None


def _end_behind_separator(body: str, position: int) -> int | None:
    """A line of asterisks goes only together with a credit or note that follows it."""
    following = PARAGRAPH.match(body, position)
    if following is None or SEPARATOR.fullmatch(following["text"]):
        return None
    return _end_of_front_matter(body, following)
