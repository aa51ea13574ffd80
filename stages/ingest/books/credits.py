"""A Gutenberg book's text in, the same without credits, transcriber's notes and appeals at its two ends out."""

from __future__ import annotations

import re

from stages.ingest.books.wordings import (
    ABOUT_A_TEXT,
    APPEAL,
    ARCHIVE_TITLE_LINE,
    BOOK_CREDIT,
    COVER_NOTE,
    CREDIT_WORDS,
    EDITION_LINE,
    ENCODING_NOTE,
    END_OF_E_TEXT,
    LETTER_END,
    LETTER_TITLE,
    LIST_OF_ERRATA,
    MAKERS_NOTE,
    MAKERS_WORDS,
    MAX_CREDIT_CHARS,
    NOT_PRINTED,
    NOTE_REFERENCE,
    OF_CHANGES,
    PARAGRAPH,
    PART_OF_BOOK,
    PICTURE,
    READERS_TITLE,
    SEPARATOR,
)

_MAX_CREDIT_PARAGRAPHS = 12
_MAX_LETTER_PARAGRAPHS = 24
_MAX_TITLE_PAGE_PARAGRAPHS = 12
_MAX_TITLE_PAGE_CHARS = 400
"""Of a paragraph; where a longer one stands, the book itself has begun."""

_MAX_NOTES_CHARS = 20_000
_MIN_SEARCHED_CHARS = 3_000
"""At the end of a short book, of which notes can be more than a tenth."""

_MAX_END_PARAGRAPHS = 8
_MAX_UNASKED_PARAGRAPHS = 2
_MIN_SHARE_OF_NOTES = 1 / 3
_NOTE_LINE = re.compile(rf"^{MAKERS_NOTE.pattern}", re.IGNORECASE | re.MULTILINE)
_BRACKET = re.compile(r"[\[\]]")
_BOX = "+-=|* \t\n"
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
    return any(sign.match(words) for sign in signs) or _is_makers_credit(words)


def _is_makers_credit(words: str) -> bool:
    """A credit that says itself that it speaks of an electronic text: no producer's of a play."""
    return BOOK_CREDIT.match(words) is not None and MAKERS_WORDS.search(words) is not None


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
    if EDITION_LINE.fullmatch(words) or _is_makers_credit(words):
        return paragraph.end()
    if COVER_NOTE.match(words) or NOTE_REFERENCE.match(words):
        return paragraph.end()
    if READERS_TITLE.match(words) or (words.lstrip().startswith("[") and ENCODING_NOTE.match(words) is None):
        return None  # notes in brackets go wherever they stand
    return _end_of_note(body, paragraph) if _is_note(words) else None


def _is_note(words: str) -> bool:
    return MAKERS_NOTE.match(words.lstrip(_BOX)) is not None or ENCODING_NOTE.match(words) is not None


def _end_of_front_matter(body: str, paragraph: re.Match[str]) -> int | None:
    words = paragraph["text"]
    if SEPARATOR.fullmatch(words):
        return _end_behind_separator(body, paragraph.end())
    if LETTER_TITLE.match(words):
        return _end_of_letter(body, paragraph)
    if _is_note(words):
        return _end_of_note(body, paragraph)
    if len(words) <= MAX_CREDIT_CHARS and any(
        (
            BOOK_CREDIT.match(words),
            CREDIT_WORDS.search(words),
            APPEAL.match(words),
            ARCHIVE_TITLE_LINE.match(words),
            COVER_NOTE.match(words),
            NOTE_REFERENCE.match(words),
        )
    ):
        return paragraph.end()
    return None


def _end_behind_separator(body: str, position: int) -> int | None:
    """A line of asterisks goes only together with a credit or note that follows it."""
    following = PARAGRAPH.match(body, position)
    if following is None or SEPARATOR.fullmatch(following["text"]):
        return None
    return _end_of_front_matter(body, following)


def _end_of_letter(body: str, paragraph: re.Match[str]) -> int:
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
    return _end_of_note(body, paragraph)


def _end_of_note(body: str, paragraph: re.Match[str]) -> int:
    """A note in brackets goes up to the closing bracket; a title takes what follows along, and so far as it tells changes."""
    words = paragraph["text"]
    if words.lstrip().startswith("[") and "]" not in words:
        closing = body.find("]", paragraph.end(), paragraph.end() + 5_000)
        return paragraph.end() if closing < 0 else closing + 1
    if words.lstrip().startswith("["):
        return paragraph.end()
    end = paragraph.end()
    is_title = MAKERS_NOTE.sub("", words.lstrip(_BOX), count=1).strip(" \t\n:.*+-=_~|])") == ""
    was_indented = is_title
    for count in range(_MAX_CREDIT_PARAGRAPHS):
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
        if row and SEPARATOR.fullmatch(row) and last_part < title.end() <= last_sign:
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
    if READERS_TITLE.match(note[0]) and not about:
        return note.start()
    if len(paragraphs) <= _MAX_UNASKED_PARAGRAPHS or about >= len(paragraphs) * _MIN_SHARE_OF_NOTES:
        return end
    paragraph = PARAGRAPH.match(text, note.start())
    return end if paragraph is None else _end_of_note(text, paragraph)


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
