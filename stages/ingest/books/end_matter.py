"""A Gutenberg book's text in, the same without credits, notes and appeals of those who made it at its end out."""

from __future__ import annotations

import re

from stages.ingest.books.makers_notes import end_of_makers_note
from stages.ingest.books.wordings import (
    ABOUT_A_TEXT,
    APPEAL,
    ARCHIVE_TITLE_LINE,
    BOOK_CREDIT,
    COVER_NOTE,
    E_TEXT_NAMED,
    END_OF_E_TEXT,
    LIST_OF_ERRATA,
    MAKERS_NOTE,
    MAX_CREDIT_CHARS,
    NOT_PRINTED,
    OF_CHANGES,
    PARAGRAPH,
    PART_OF_BOOK,
    READERS_TITLE,
    SEPARATOR,
)

_MAX_NOTES_CHARS = 20_000
_MIN_SEARCHED_CHARS = 3_000
"""At the end of a short book, of which notes can be more than a tenth."""

_MAX_END_PARAGRAPHS = 8
_MAX_UNASKED_PARAGRAPHS = 2
_MIN_SHARE_OF_NOTES = 1 / 3
_NOTE_LINE = re.compile(rf"^{MAKERS_NOTE.pattern}", re.IGNORECASE | re.MULTILINE)
_BRACKET = re.compile(r"[\[\]]")
_LARGE_GAP = re.compile(r"\n(?:[ \t]*\n){3,}")


def without_title_at_end(body: str) -> str:
    """Drop the archive's own line, credits of the electronic text and appeals, where they are the last paragraphs."""
    for _ in range(_MAX_END_PARAGRAPHS):
        body = body.rstrip()
        words = body[body.rfind("\n\n") + 1 :] if "\n\n" in body else ""
        if not words or len(words) > MAX_CREDIT_CHARS or not _is_of_the_archive(words):
            break
        body = body[: len(body) - len(words)]
    return body


def _is_of_the_archive(words: str) -> bool:
    signs = (ARCHIVE_TITLE_LINE, APPEAL, END_OF_E_TEXT, COVER_NOTE)
    names_it = BOOK_CREDIT.match(words) is not None and E_TEXT_NAMED.search(words) is not None
    return names_it or any(sign.match(words) for sign in signs)


def without_trailing_notes(body: str) -> str:
    """Drop the transcriber's notes that stand behind the book, up to their end or a part of the book behind them."""
    text = body.rstrip()
    searched = min(_MAX_NOTES_CHARS, max(len(text) // 10, _MIN_SEARCHED_CHARS))
    tail = max(0, len(text) - searched)
    for note in _NOTE_LINE.finditer(text, tail):
        if not _begins_paragraph(text, note.start()):
            continue
        end = _end_of_trailing_note(text, note)
        rest = text[end:].lstrip("\n")
        if SEPARATOR.fullmatch(rest) is None and "[" in note[0]:
            continue  # about one place of the book
        if end == note.start():
            continue
        kept = text[: _end_before_separators(text, note.start())]
        return kept if SEPARATOR.fullmatch(rest) else f"{kept}\n\n\n{rest}"
    return _without_list_of_errata(text, tail)


def _without_list_of_errata(text: str, tail: int) -> str:
    """Drop a list of errors below a line of asterisks that tells what the maker of the text left as it was."""
    last_sign = max((sign.start() for sign in NOT_PRINTED.finditer(text, tail)), default=-1)
    last_part = max((part.start() for part in PART_OF_BOOK.finditer(text, tail)), default=-1)
    for title in LIST_OF_ERRATA.finditer(text, tail):
        kept = _end_before_separators(text, title.start())
        row = text[kept : title.start()].strip()
        is_makers = (row and SEPARATOR.fullmatch(row)) or "inconsistencies" in title[0].lower()
        if is_makers and last_part < title.end() <= last_sign:
            return text[:kept]
    return text


def _end_of_trailing_note(text: str, note: re.Match[str]) -> int:
    """Behind the bracket that closes a note; of one without brackets where the next part of the book begins."""
    bracket = note[0].find("[")
    if bracket >= 0:
        depth = 0
        for found in _BRACKET.finditer(text, note.start() + bracket):
            depth += 1 if found[0] == "[" else -1
            if depth == 0:
                return found.end()
    part = PART_OF_BOOK.search(text, note.end())
    end = _end_before_other_matter(text, note, len(text) if part is None else part.start("heading"))
    paragraphs = [found["text"] for found in PARAGRAPH.finditer(text, note.start(), end)]
    about = sum(ABOUT_A_TEXT.search(words) is not None for words in paragraphs)
    if READERS_TITLE.match(note[0]) and not any(OF_CHANGES.search(words) for words in paragraphs):
        return note.start()
    if len(paragraphs) <= _MAX_UNASKED_PARAGRAPHS or about >= len(paragraphs) * _MIN_SHARE_OF_NOTES:
        return end
    paragraph = PARAGRAPH.match(text, note.start())
    return end if paragraph is None else end_of_makers_note(text, paragraph)


def _end_before_other_matter(text: str, note: re.Match[str], end: int) -> int:
    """Where, behind three blank lines or more, something begins that speaks of no text: advertisements, the book itself."""
    gaps = list(_LARGE_GAP.finditer(text, note.end(), end))
    block_ends = [gap.start() for gap in gaps[1:]] + [end]
    for gap, block_end in zip(gaps, block_ends[: len(gaps)], strict=True):
        if MAKERS_NOTE.fullmatch(text[note.start() : gap.start()].strip(" \t\n:.*_=-")):
            continue  # the title alone
        block = [found["text"] for found in PARAGRAPH.finditer(text, gap.end(), block_end)]
        about = sum(
            ABOUT_A_TEXT.search(words) is not None or OF_CHANGES.search(words) is not None for words in block
        )
        if block and about < len(block) * _MIN_SHARE_OF_NOTES:
            return gap.start()
    return end


def _end_before_separators(text: str, start: int) -> int:
    """Where the text ends that stands before `start`, without lines of asterisks or dashes."""
    end = _end_of_words(text, start)
    while (line_start := text.rfind("\n", 0, end) + 1) and SEPARATOR.fullmatch(text, line_start, end):
        end = _end_of_words(text, line_start)
    return end


def _end_of_words(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def _begins_paragraph(text: str, line_start: int) -> bool:
    before = text.rfind("\n", 0, max(0, line_start - 1)) + 1
    return SEPARATOR.fullmatch(text[before : max(0, line_start - 1)].strip(" |")) is not None
