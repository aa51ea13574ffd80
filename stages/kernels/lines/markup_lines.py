"""Reduced HTML of a page in (resiliparse's `minimal_html` with links), its lines of text and their markup out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.unicode.text_flags import SPACE, text_flags
from stages.kernels.unicode.utf8 import decode, previous

LINE_COLUMNS = (
    "start",
    "stop",
    "kind",
    "level",
    "depth",
    "gap",
    "ordinal",
    "links",
    "link_bytes",
    "share_links",
    "section_links",
    "page_links",
)
"""Where the line lies in the text; its kind; heading level 1-6, else 0; how many lists it stands in; blank lines
before it; its number in an ordered list, 0 for a bullet, -1 for no item; links, bytes of their text; links that share,
print or sign in; links to authors, tags or sections; links within the page."""

BARE, PARAGRAPH, HEADING, ITEM, PREFORMATTED = range(5)

_START, _STOP, _KIND, _LEVEL, _DEPTH, _GAP, _ORDINAL, _LINKS, _LINK_BYTES, _SHARE, _SECTION, _PAGE = range(
    len(LINE_COLUMNS)
)
MAX_DEPTH = 32
_NEWLINE, _SPACE, _LESS, _GREATER, _AMPERSAND, _SLASH, _QUOTE, _HASH, _ONE = (
    10,
    32,
    60,
    62,
    38,
    47,
    34,
    35,
    49,
)
_A, _B, _H, _I, _L, _O, _P, _R, _U = 97, 98, 104, 105, 108, 111, 112, 114, 117
_LISTS, _BLOCK, _BLOCK_LEVEL, _PRE, _NUMBER, _LINK_AT, _BREAKS, _BLANKS, _STARTED, _STATE = range(10)
"""What `_strip` remembers: lists around; the block and its heading level; inside <pre>; number of an item without
text so far (-1: none); where the open link's text begins (-1: none); <br> on this line; blank lines before it;
whether its text has begun; and the number of these."""

SHARE_WORDS = (
    "share",
    "tweet",
    "sharer",
    "intent/",
    "mailto:",
    "print",
    "login",
    "signin",
    "signup",
    "register",
    "subscribe",
    "newsletter",
    "javascript:",
    "rss",
    "feed",
    "account",
)
SECTION_WORDS = (
    "/tag",
    "/categor",
    "/author",
    "/user",
    "/profile",
    "/topic",
    "/people/",
    "/by/",
    "/archive",
    "/section",
    "/column",
    "/contributor",
)
"""Parts of a link's target, lower case, that tell what the link is for in any language of the text around it."""


class WordTable(NamedTuple):
    """Needles one after another: `data[offsets[i]:offsets[i + 1]]`, lower-case ASCII."""

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


class MarkupLines(NamedTuple):
    """Text without markup, uint8; and a row of LINE_COLUMNS for each line that is not blank, int64."""

    text: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]


def word_table(words: tuple[str, ...]) -> WordTable:
    """The table of `words` that `markup_lines` looks for in link targets."""
    encoded = [word.encode("ascii") for word in words]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    return WordTable(offsets, np.frombuffer(b"".join(encoded), np.uint8))


_SHARE_TABLE, _SECTION_TABLE = word_table(SHARE_WORDS), word_table(SECTION_WORDS)


def markup_lines(markup: str) -> MarkupLines:
    """The lines of a page's reduced HTML; a tag of another kind is passed over."""
    data = np.frombuffer(markup.encode("utf-8", "replace"), np.uint8)
    text = np.empty(len(data), np.uint8)
    room = int(np.count_nonzero((data == _NEWLINE) | (data == _LESS))) + 1
    rows = np.zeros((room, len(LINE_COLUMNS)), np.int64)
    num_bytes, num_lines = _strip(data, text, rows, _SHARE_TABLE, _SECTION_TABLE, text_flags())
    return MarkupLines(text[:num_bytes], rows[:num_lines])


@kernel
def _strip(data, text, rows, share, section, flags):  # type: ignore[no-untyped-def]
    """Fill `text` and `rows`; (bytes, lines)."""
    state = np.zeros(_STATE, np.int64)
    state[_LINK_AT], state[_NUMBER] = -1, -1
    numbers = np.zeros(MAX_DEPTH, np.int64)  # of the ordered lists around: the next number; 0 for bullets
    at, out, start, line = 0, 0, 0, 0
    while at < len(data):
        byte = data[at]
        if byte == _LESS:
            if state[_STARTED] and _opens_block(
                data, at + 1
            ):  # `text<pre>`: resiliparse breaks no line there
                line += _end_line(text, start, out, state, rows[line], flags)
                start = out
            stop = _tag_end(data, at + 1)
            _read_tag(data, at + 1, stop, out, state, numbers, rows[line], share, section)
            at = stop
            continue
        if byte == _NEWLINE:
            line += _end_line(text, start, out, state, rows[line], flags)
            start = out
            at += 1
            continue
        width = 1
        if byte == _AMPERSAND:
            width, byte = _entity(data, at)
        if byte > _SPACE and not state[_STARTED]:
            state[_STARTED] = 1
            rows[line, _KIND], rows[line, _LEVEL] = _kind(state)
        text[out] = byte
        out += 1
        at += width
    line += _end_line(text, start, out, state, rows[line], flags)
    return out, line


@kernel(inline="always")
def _kind(state):  # type: ignore[no-untyped-def]
    """(kind, heading level) of a line whose text begins in this state."""
    if state[_PRE]:
        return PREFORMATTED, 0
    if state[_BLOCK] != BARE:
        return state[_BLOCK], state[_BLOCK_LEVEL] if state[_BLOCK] == HEADING else 0
    return ITEM if state[_NUMBER] >= 0 else BARE, 0


@kernel
def _end_line(text, start, stop, state, row, flags):  # type: ignore[no-untyped-def]
    """Fill the row of the line text[start:stop]; 1, or 0 when it is blank and its row stays free."""
    first, last = start, stop
    while last > first:
        before = previous(text[:last], last)
        if not flags[decode(text, before)[0]] & SPACE:
            break
        last = before
    while first < last and row[_KIND] != PREFORMATTED:
        code, width = decode(text, first)
        if not flags[code] & SPACE:
            break
        first += width
    extra = max(0, state[_BREAKS] - 1)
    state[_BREAKS], state[_STARTED] = 0, 0
    open_link = state[_LINK_AT]
    if open_link >= 0:
        state[_LINK_AT] = stop
    if first == last:
        row[:] = 0
        state[_BLANKS] += 1 + extra
        return 0
    row[_START], row[_STOP], row[_GAP], row[_DEPTH] = first, last, state[_BLANKS], state[_LISTS]
    row[_ORDINAL] = state[_NUMBER]
    if open_link >= 0:
        row[_LINK_BYTES] += max(0, last - max(open_link, first))
    state[_BLANKS], state[_NUMBER] = extra, -1
    return 1


@kernel(inline="always")
def _opens_block(data, at):  # type: ignore[no-untyped-def]
    """Whether a tag without its `<` opens a heading, a paragraph, a list, an item or preformatted text."""
    return at < len(data) and data[at] in (_H, _L, _O, _P, _U)


@kernel
def _read_tag(data, at, stop, out, state, numbers, row, share, section):  # type: ignore[no-untyped-def]
    """Take up the tag data[at:stop] (without its `<`) into the state, a link into the row of its line."""
    closing = data[at] == _SLASH if at < len(data) else False
    at += closing
    if at + 1 >= len(data):
        return
    first, second = data[at], data[at + 1]
    if first == _A and second in (_SPACE, _GREATER):
        if state[_LINK_AT] >= 0:
            row[_LINK_BYTES] += max(0, out - state[_LINK_AT])
        state[_LINK_AT] = -1
        if not closing:
            state[_LINK_AT] = out
            _read_link(data, at, stop, row, share, section)
    elif first == _P and second == _GREATER:
        state[_BLOCK] = BARE if closing else PARAGRAPH
    elif first == _H and _ONE <= second < _ONE + 6:
        state[_BLOCK] = BARE if closing else HEADING
        state[_BLOCK_LEVEL] = second - _ONE + 1
    elif first == _B and second == _R:
        state[_BREAKS] += 1
    elif first == _P and second == _R:
        state[_PRE] = not closing
    elif first in (_U, _O) and second == _L:
        if not closing and state[_LISTS] < MAX_DEPTH:
            numbers[state[_LISTS]] = first == _O
        state[_LISTS] = max(0, state[_LISTS] - 1 if closing else state[_LISTS] + 1)
    elif first == _L and second == _I and not closing:
        level = min(max(state[_LISTS], 1), MAX_DEPTH) - 1
        state[_NUMBER] = numbers[level]
        numbers[level] += numbers[level] > 0


@kernel(inline="always")
def _read_link(data, at, stop, row, share, section):  # type: ignore[no-untyped-def]
    row[_LINKS] += 1
    target = _href(data, at, stop)
    if target < stop:
        row[_PAGE] += data[target] == _HASH
        row[_SHARE] += _holds_word(data, target, stop, share)
        row[_SECTION] += _holds_word(data, target, stop, section)


@kernel(inline="always")
def _tag_end(data, at):  # type: ignore[no-untyped-def]
    """The place after the `>` that ends a tag; one inside a quoted value does not end it, a line's end does."""
    quoted = False
    while at < len(data) and data[at] != _NEWLINE:
        if data[at] == _QUOTE:
            quoted = not quoted
        elif data[at] == _GREATER and not quoted:
            return at + 1
        at += 1
    return at


@kernel
def _href(data, at, stop):  # type: ignore[no-untyped-def]
    """Where the value of `href="` starts; `stop` without one."""
    while at + 6 < stop:
        if data[at] == 104 and data[at + 1] == 114 and data[at + 4] == 61 and data[at + 5] == _QUOTE:
            return at + 6
        at += 1
    return stop


@kernel
def _holds_word(data, start, stop, table):  # type: ignore[no-untyped-def]
    """1 when data[start:stop], ASCII lower-cased, holds a word of the table."""
    for at in range(start, stop):
        lead = data[at] | 32 if 65 <= data[at] <= 90 else data[at]
        for word in range(len(table.offsets) - 1):
            begin, length = table.offsets[word], table.offsets[word + 1] - table.offsets[word]
            if table.data[begin] != lead or at + length > stop:
                continue
            same = 1
            while same < length:
                byte = data[at + same]
                if (byte | 32 if 65 <= byte <= 90 else byte) != table.data[begin + same]:
                    break
                same += 1
            if same == length:
                return 1
    return 0


@kernel
def _entity(data, at):  # type: ignore[no-untyped-def]
    """(bytes of the reference at `at`, the byte that it stands for); `&` alone stands for itself."""
    left = len(data) - at
    if left >= 4 and data[at + 3] == 59 and data[at + 2] == 116:  # &lt; &gt;
        if data[at + 1] == 108:
            return 4, _LESS
        if data[at + 1] == 103:
            return 4, _GREATER
    if (
        left >= 5
        and data[at + 1] == 97
        and data[at + 2] == 109
        and data[at + 3] == 112
        and data[at + 4] == 59
    ):
        return 5, _AMPERSAND
    if left >= 6 and data[at + 1] == 113 and data[at + 2] == 117 and data[at + 5] == 59:  # &quot;
        return 6, _QUOTE
    if left >= 6 and data[at + 1] == 97 and data[at + 2] == 112 and data[at + 5] == 59:  # &apos;
        return 6, 39
    if (
        left >= 5
        and data[at + 1] == _HASH
        and data[at + 2] == 51
        and data[at + 3] == 57
        and data[at + 4] == 59
    ):
        return 5, 39
    return 1, _AMPERSAND
