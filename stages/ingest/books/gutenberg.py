"""The text of a Gutenberg file in, the book without header, footer and credits out, and what its header says.

The wordings are those of the archive since 1971: the `*** START OF ...` line, the `SMALL PRINT` of the 1990s,
closing lines in the book's own language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stages.ingest.books.credits import without_leading_credits
from stages.ingest.books.end_matter import without_title_at_end, without_trailing_notes
from stages.ingest.books.wordings import ARCHIVE_TITLE_LINE, MAX_CREDIT_CHARS, NOTE_TITLE, PARAGRAPH

_HEAD_CHARS = 200_000

_PROJECT = r"(?:the\s+)?pro[gjy]\w{2,6}\s+gutenberg"
_START = re.compile(
    rf"^[ \t]*\*{{2,4}}[ \t]*(?:START|BEGIN\w*|ANFANG|D[EÉ]BUT|COMIENZO|IN[IÍ]CIO|INIZIO|ALKU|BÖRJAN)\b"
    rf"[ \t]*(?:OF|VON|DU|DE|DEL|DO)?[ \t]*(?:THE|THIS|DIESES|DES|CE|ESTE)?(?:[ \t]*COPYRIGHTED)?"
    rf"[ \t]*{_PROJECT}[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_SMALL_PRINT_END = re.compile(
    r"^[^\n]*\*[ \t]*END[ \t]*\*?[ \t]*(?:OF )?THE SMALL PRINT[^\n]*", re.IGNORECASE | re.MULTILINE
)
_SMALL_PRINT_START = re.compile(
    r"^[ \t]*\**[ \t]*START[ \t]*\**[ \t]*(?:THE )?SMALL PRINT[^\n]*", re.IGNORECASE | re.MULTILINE
)
_END_MARK = re.compile(
    rf"^[ \t]*\*{{2,4}}[ \t]*(?:(?:THIS IS )?THE |DAS )?(?:END|ENDE|FIN|FIM|FINE|EINDE|SLUT|LOPPU)\b"
    rf"[^\n]{{0,40}}?{_PROJECT}[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_END_LINE = re.compile(
    rf"^[ \t*_(\[<]*+(?:{_PROJECT}[^\n]{{0,200}}?\b(?:ends here|loppuu?)\W*$|(?:this is the |here |the |das )?"
    rf"(?:ends?|ende|fin|fim|fine|einde|slut|slutet|loppu|koniec|konec|vége|sfârșit|kraj|конец)\b"
    rf"[^\n]{{0,40}}?{_PROJECT}[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile("[Gg](?:utenberg|UTENBERG)")
_LICENSE = re.compile(r"^[ \t]*\*{2,4}[ \t]*START:?[ \t]*FULL LICENSE", re.IGNORECASE | re.MULTILINE)
_FILE_NAME_LINE = re.compile(
    r"^[ \t]*\*{2,}[ \t]*This file should be named \S+ or [^\n]*(?P<footer>\s*This and all associated files)?",
    re.MULTILINE,
)
"""Of files since 2003 in the footer, of older ones in the header."""
_FIELD = re.compile(
    r"^[ \t]*(?P<name>[A-Za-z][A-Za-z ]{2,30}):[ \t]*(?P<value>[^\n]*(?:\n[ \t]+[^\s:][^\n:]*(?=\n))*)",
    re.MULTILINE,
)
_NUMBER = re.compile(r"\[\s*e-?(?:book|text)\s*(?:#|no\.?|number)\s*(\d+)", re.IGNORECASE)
_OLD_TITLE = re.compile(
    r"^(?:[^\S\n]|\*)*+(?:The )?Project Gutenberg(?:['’]s)?,?\s+E-?(?:text|book)\s+(?:of|for)\s+(?P<title>[^\n]{1,500}?)"
    r"(?:,?\s{1,9}by\s{1,9}(?P<author>[^\n]{1,500}?))?(?:[^\S\n]|\*)*+$",
    re.IGNORECASE | re.MULTILINE,
)
_OLD_RELEASE = re.compile(
    r"^[ \t]*(?P<date>[A-Z][a-z]+,?[ \t]+(?:\d+,[ \t]*)?\d{4})[ \t]+\[E-?(?:text|book)", re.MULTILINE
)

_EDITOR_NOTE = re.compile(r"^[ \t]*\[[^\[\]]{0,600}Project Gutenberg[^\[\]]{0,600}\][ \t]*$\n?", re.MULTILINE)
_NOTE_OPENING = rf"\s*+\**+\s*+(?:{NOTE_TITLE}\b|(?:tn|tr\. note|trans\. note|transcriber)\s*:)"
_BRACKETED_NOTE = re.compile(
    rf"(?:\[{_NOTE_OPENING}[^\[\]]{{0,3000}}+(?:\[[^\[\]]{{0,500}}+\][^\[\]]{{0,3000}}+){{0,5}}\]"
    rf"|\({_NOTE_OPENING}[^()]{{0,3000}}+\)|\{{{_NOTE_OPENING}[^{{}}]{{0,3000}}+\}})(?:[ \t]|(?=\n)|\Z)?",
    re.IGNORECASE,
)
_BOXED_NOTE = re.compile(
    r"^[ \t]*+\+[-=+]++[ \t]*+\n(?:[ \t]*+\|[ \t|]*+\n){0,3}"
    rf"[ \t]*+\|[ \t*]*+{NOTE_TITLE}\b[^\n]*+(?:\n[ \t]*+\|[^\n]*+){{0,200}}\n[ \t]*+\+[-=+]++[ \t]*+$\n?",
    re.IGNORECASE | re.MULTILINE,
)
_ELECTRONIC_VERSION = re.compile(r"<<\s*THIS ELECTRONIC VERSION[^<>]{0,3000}>>[ \t]*\n?")
"""What the World Library put behind each play of its Shakespeare, which the archive has from it."""
_RST_MARK = re.compile(r"^\.\. pgheader::[^\n]*$", re.MULTILINE)
_RST_LINES = re.compile(
    r"^\.\. (?:pg(?:header|footer)|clearpage|cleardoublepage|(?:back|front|main)matter|vspace|contents|toctree|class|style"
    r"|role|meta|default-role|-\*- encoding)\b[^\n]*\n?(?:[ \t]+:[\w.-]+:[^\n]*\n?)*",
    re.MULTILINE,
)
"""Directives of the archive's master format (reStructuredText) that say nothing to a reader."""
_RST_FIELD = re.compile(
    r"^[ \t]+:(?:PG|DC)\.(?P<name>Title|Creator|Language|Id|Released)\b[^:\n]*:[ \t]*(?P<value>[^\n]*)",
    re.MULTILINE,
)
_RST_NAMES = {"Creator": "author", "Id": "gutenberg_id", "Released": "release date"}
_HEADER_WORDS = re.compile(
    r"gutenberg|copyright laws are changing|legal(?:ly)? small print|should be the first thing|readable by both humans"
    r"|#\d+ in our series|encourage you to keep this file"
    r"|plain vanilla|prepared by (?:thousands|hundreds) of volunteers|\[e-?(?:book|text) ?#|^\W*edition: \d"
    r"|most recently updated|first posted|scheduled to be|\*\*\*\s*start\b",
    re.IGNORECASE,
)
_HEADER_PHRASE = re.compile(
    r"readable by both humans and|\*\*welcome to the world of free plain vanilla|^[ \t]*character set encoding:[^\n]*"
    r"|\[e-?(?:book|text) ?#\d+\]",
    re.IGNORECASE | re.MULTILINE,
)
"""What no book says and each header does."""

_MAX_HEADER_CHARS = 12_000
_FIELDS_ONLY = re.compile(
    r"(?:[ \t]*(?:title|author|editor|translator|illustrator|contributor|compiler|annotator|release date|posting date"
    r"|language|edition|character set(?: encoding)?|produced by|credits|last updated|original publication)[ \t]*:[^\n]*"
    r"(?:\n[ \t]+[^\n]*)*(?:\n|\Z))+",
    re.IGNORECASE,
)
_MAX_HEADER_PARAGRAPHS = 60


@dataclass(frozen=True)
class Book:
    """A book's own text, and the fields of its Gutenberg header by lower-case name (none for other files)."""

    text: str
    is_gutenberg: bool
    fields: dict[str, str] = field(default_factory=dict)


def split_book(text: str) -> Book:
    r"""The book in `text` (line ends `\n`); a text that shows no sign of Gutenberg is kept whole."""
    text = _without_small_print_at_end(text)
    start = _start(text)
    if start is None:
        return Book(text.strip("\n"), False)
    header_end, body_start = start
    body = _without_footer(text[body_start:])
    if "\n.. " in body:
        body = _RST_LINES.sub("", body)
    body = without_title_at_end(without_leading_credits(body))
    if "Project Gutenberg" in body:
        body = _EDITOR_NOTE.sub("", body)
    body = _BRACKETED_NOTE.sub("", body)
    body = _BOXED_NOTE.sub("", body) if "+-" in body or "+=" in body else body
    body = without_trailing_notes(body)
    body = _ELECTRONIC_VERSION.sub("", body) if "<<" in body else body
    return Book(body.strip("\n"), True, header_fields(text[:header_end]))


def _start(text: str) -> tuple[int, int] | None:
    """Where the header's own text ends and where the body begins."""
    head = text[:_HEAD_CHARS]
    if found := _START.search(head):
        return found.start(), _end_of_mark(head, found.end())
    last = None
    for found in _SMALL_PRINT_END.finditer(head):
        if found.end() < max(len(text) // 2, 20_000):
            last = found
    if last is not None:
        return last.start(), last.end()
    if found := _RST_MARK.search(head):
        return found.start(), found.end()
    return _end_of_unmarked_header(text)


def _without_small_print_at_end(text: str) -> str:
    """A text without the small print that stands behind its book, as in some files of 2002 and 2003."""
    if "SMALL PRINT" not in text:  # in capitals, in all of them
        return text
    begin = next((m.start() for m in _SMALL_PRINT_START.finditer(text)), -1)
    end = None if begin < 0 else _SMALL_PRINT_END.search(text, begin)
    if end is None:
        return text
    header = _end_of_unmarked_header(text[:begin])
    before = text[header[1] if header else 0 : begin].strip()
    return text[:begin] if len(before) > len(text[end.end() :].strip()) else text


def _end_of_unmarked_header(text: str) -> tuple[int, int] | None:
    """The same in a file without marks: its header is the paragraphs that speak of the archive, and the fields."""
    end = 0
    is_gutenberg = False
    for _ in range(_MAX_HEADER_PARAGRAPHS):
        paragraph = PARAGRAPH.match(text, end)
        if paragraph is None:
            break
        words = paragraph["text"]
        is_title = ARCHIVE_TITLE_LINE.match(words) is not None
        of_header = len(words) <= MAX_CREDIT_CHARS and _HEADER_WORDS.search(words) is not None
        if not (is_title or of_header or _FIELDS_ONLY.fullmatch(words)):
            break
        is_gutenberg |= is_title
        end = max(end, paragraph.end())
        if (
            is_title
        ):  # what a page's markup sets apart, or an old file says in other words, goes with what follows it
            for phrase in _HEADER_PHRASE.finditer(text, end, end + _MAX_HEADER_CHARS):
                last = PARAGRAPH.match(text, text.rfind("\n\n", 0, phrase.start()) + 1)
                end = max(end, phrase.end() if last is None else last.end())
    return (end, end) if is_gutenberg else None


def _end_of_mark(text: str, line_end: int) -> int:
    """A long title breaks the marker over lines: up to the line that closes it with asterisks."""
    line_start = text.rfind("\n", 0, line_end) + 1
    if text[line_start:line_end].rstrip().endswith("*"):
        return line_end
    closing = re.compile(r"(?:\n(?=[^\n]*\S)[^\n]*+){0,3}?\n[^\n]*\*{2,4}[ \t]*(?=\n|$)").match(
        text, line_end
    )
    return line_end if closing is None else closing.end()


def _without_footer(body: str) -> str:
    marks = _lines_on_gutenberg(body, _END_MARK, 0, len(body))
    if marks:
        end = marks[-1]
        lines = _lines_on_gutenberg(body, _END_LINE, max(0, end - 2_000), end)
        return body[: lines[0] if lines else end]
    candidates = _lines_on_gutenberg(body, _END_LINE, 0, len(body))[-1:]
    candidates += [found.start() for found in _SMALL_PRINT_START.finditer(body, len(body) // 2)][:1]
    named = _FILE_NAME_LINE.finditer(body) if "This file should be named" in body else ()
    candidates += [found.start() for found in named if found["footer"] or found.start() > len(body) // 2][:1]
    candidates += [found.start() for found in _LICENSE.finditer(body)][-1:]
    return body[: min(candidates)] if candidates else body


def _lines_on_gutenberg(body: str, pattern: re.Pattern[str], start: int, end: int) -> list[int]:
    """Starts of the lines with the word Gutenberg that match `pattern`; only those lines are looked at."""
    starts: list[int] = []
    line_end = 0
    for found in _WORD.finditer(body, start, end):
        if found.start() >= line_end:
            starts.append(body.rfind("\n", line_end, found.start()) + 1 or line_end)
            line_end = body.find("\n", found.end())
            if line_end < 0:
                break
    return [line for line in starts if line >= start and pattern.match(body, line)]


def header_fields(header: str) -> dict[str, str]:
    """The fields of a header as it gives them: title, author, language, gutenberg_id and others."""
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(header):
        name = " ".join(found["name"].lower().split())
        fields.setdefault(name, " ".join(found["value"].split()))
    for found in _RST_FIELD.finditer(header):
        name = _RST_NAMES.get(found["name"], found["name"].lower())
        fields.setdefault(name, found["value"].strip())
    if number := _NUMBER.search(header):
        fields["gutenberg_id"] = number[1]
    if "release date" not in fields and (released := _OLD_RELEASE.search(header)):
        fields["release date"] = released["date"]
    if "title" not in fields and (old := _OLD_TITLE.search(header)):
        fields["title"] = " ".join(old["title"].split())
        if old["author"] and "author" not in fields:
            fields["author"] = " ".join(old["author"].split())
    return fields
