"""Text of a page's elements in, lines with collapsed white space out: where lines begin, end and are parted."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.page.columns import (
    BARE,
    DEPTH,
    GAP,
    HEADING,
    ITEM,
    KIND,
    LEVEL,
    LINK_BYTES,
    LINKS,
    MAX_DEPTH,
    NODE,
    ORDINAL,
    PAGE_LINKS,
    PARAGRAPH,
    PREFORMATTED,
    SECTION_LINKS,
    SHARE_LINKS,
    START,
    STOP,
)
from stages.kernels.page.links import LEADS_TO_SECTION, SHARES, WITHIN_PAGE
from stages.kernels.page.roles import IN, LEVEL_SHIFT

(
    OUT,
    LINE,
    BEGUN,
    PENDING,
    BLANK,
    LINE_AT,
    LISTS,
    NUMBER,
    LINK_AT,
    LINK_NEW,
    PURPOSE,
    ROW_LINE,
    BESIDE,
    LINK_CLOSED,
    TOP,
    SKIPPED_FROM,
    NODES,
    TOKENS,
    STATE,
) = range(19)
"""What is known between two tags. Bytes of text; lines ended; whether one is begun; what parts it from the next word;
whether a blank line goes before the next; where this one's bytes begin; lists around; number of an item without text so
far (-1: none); where the open link's text begins (-1: none), whether it is still to be counted, and its purpose; the first
line of the table's row; whether the next text stands in a cell beside the last; whether a link was the last thing; the
innermost open element; the outermost whose text is left out (-1: none); elements; tokens; and the number of these."""

NOTHING, WORD, BESIDE_CELL, NEW_LINE = range(4)
"""What parts two texts: nothing, a space, the bounds of a cell, of a block."""

_NEWLINE, _TAB, _SPACE, _HASH, _AMPERSAND, _SEMICOLON = 10, 9, 32, 35, 38, 59
_SOFT_HYPHEN_LEAD, _SOFT_HYPHEN = 0xC2, 0xAD
_IN_PRE, _IN_P = IN["preformatted_element"], IN["paragraph_element"]


@kernel
def take_text(data, at, stop, contexts, text, lines, state):  # type: ignore[no-untyped-def]
    """Append the text data[at:stop] of the innermost open element, which stands in these contexts."""
    if contexts & _IN_PRE:
        _take_preformatted(data, at, stop, contexts, text, lines, state)
        return
    if _is_sign(data, at, stop, state):
        state[PENDING] = max(state[PENDING], WORD)
        return
    out = state[OUT]
    pending = state[PENDING]
    fresh = True
    while at < stop:
        byte, width = data[at], 1
        if byte == _AMPERSAND:
            byte, width = _character(data, at, stop)
        elif byte == _SOFT_HYPHEN_LEAD and at + 1 < stop and data[at + 1] == _SOFT_HYPHEN:
            at += 2  # it shows nothing where the line does not end
            continue
        at += width
        if byte <= _SPACE:
            pending = max(pending, WORD)
            continue
        if fresh or pending:
            state[OUT], state[PENDING] = out, pending
            _part(contexts, text, lines, state)
            out, pending, fresh = state[OUT], NOTHING, False
        text[out] = byte
        out += 1
    state[OUT], state[PENDING] = out, pending


@kernel
def _is_sign(data, at, stop, state):  # type: ignore[no-untyped-def]
    """Whether a text is one sign that is no text: the glyph of an icon font (private use), what shows nothing (joiners,
    marks of direction and order of bytes), or `#`, `¶`, `§` of a link to the heading that it stands in."""
    while at < stop and data[at] <= _SPACE:
        at += 1
    while stop > at and data[stop - 1] <= _SPACE:
        stop -= 1
    if stop - at == 3:
        shows_nothing = (data[at] == 0xE2 and data[at + 1] == 0x80 and 0x8B <= data[at + 2] <= 0x8F) or (
            data[at] == 0xEF and data[at + 1] == 0xBB and data[at + 2] == 0xBF
        )
        is_private = data[at] == 0xEE or (data[at] == 0xEF and 0x80 <= data[at + 1] <= 0xA3)
        return is_private or shows_nothing
    if not (state[LINK_NEW] and state[PURPOSE] & WITHIN_PAGE):
        return False
    is_mark = stop - at == 2 and data[at] == 0xC2 and data[at + 1] in (0xA7, 0xB6)
    return is_mark or (stop - at == 1 and data[at] == _HASH)


@kernel
def _take_preformatted(data, at, stop, contexts, text, lines, state):  # type: ignore[no-untyped-def]
    """Append text whose white space stands as it is."""
    while at < stop:
        byte, width = data[at], 1
        if byte == _AMPERSAND:
            byte, width = _character(data, at, stop)
        at += width
        if byte == _NEWLINE:
            break_line(text, lines, state)
            continue
        if state[PENDING] == NEW_LINE:
            break_line(text, lines, state)
        if byte > _SPACE and not (state[BEGUN] and state[LINK_NEW] == 0):
            if not state[BEGUN]:
                _begin_line(contexts, lines, state)
            _count_link(lines[state[LINE]], state)
        state[PENDING] = NOTHING
        text[state[OUT]] = byte
        state[OUT] += 1


@kernel
def _part(contexts, text, lines, state):  # type: ignore[no-untyped-def]
    """Write what parts the last text from the one that begins now."""
    pending = state[PENDING]
    if pending == NEW_LINE and not state[BESIDE]:
        end_line(text, lines, state)
    elif state[BEGUN] and pending:
        if pending >= BESIDE_CELL:
            text[state[OUT]] = text[state[OUT] + 1] = _TAB
            state[OUT] += 2
        else:
            text[state[OUT]] = _SPACE
            state[OUT] += 1
    if not state[BEGUN]:
        _begin_line(contexts, lines, state)
    state[PENDING], state[BESIDE], state[LINK_CLOSED] = NOTHING, 0, 0
    if state[LINK_NEW]:
        _count_link(lines[state[LINE]], state)


@kernel
def _begin_line(contexts, lines, state):  # type: ignore[no-untyped-def]
    row = lines[state[LINE]]
    level = contexts >> LEVEL_SHIFT & 7
    row[START], row[LEVEL] = state[OUT], level
    row[DEPTH], row[ORDINAL] = min(state[LISTS], MAX_DEPTH), state[NUMBER]
    row[GAP], row[NODE] = state[BLANK], state[TOP]
    if contexts & _IN_PRE:
        row[START], row[KIND], row[LEVEL] = state[LINE_AT], PREFORMATTED, 0
        row[DEPTH], row[ORDINAL] = 0, -1  # highlighters make items of the lines of code
    elif level:
        row[KIND] = HEADING
    elif contexts & _IN_P:
        row[KIND] = PARAGRAPH
    else:
        row[KIND] = ITEM if state[NUMBER] >= 0 else BARE
    row[LINKS : PAGE_LINKS + 1] = 0
    if state[LINK_AT] >= 0:
        state[LINK_AT] = state[OUT]
    state[BEGUN], state[NUMBER], state[BLANK] = 1, -1, 0


@kernel
def _count_link(row, state):  # type: ignore[no-untyped-def]
    """Note an open link in the line that its text begins in."""
    if state[LINK_NEW]:
        purpose = state[PURPOSE]
        row[LINKS] += 1
        row[SHARE_LINKS] += purpose & SHARES != 0
        row[SECTION_LINKS] += purpose & LEADS_TO_SECTION != 0
        row[PAGE_LINKS] += purpose & WITHIN_PAGE != 0
        state[LINK_AT], state[LINK_NEW] = state[OUT], 0


@kernel
def break_line(text, lines, state):  # type: ignore[no-untyped-def]
    """End a line where the text says so: a second break in a row is a blank line."""
    if not state[BEGUN]:
        state[BLANK] = 1
    end_line(text, lines, state)
    state[PENDING] = NOTHING


@kernel
def end_line(text, lines, state):  # type: ignore[no-untyped-def]
    """End the line that is begun; its white space at the end goes."""
    if state[BEGUN]:
        row, stop = lines[state[LINE]], state[OUT]
        while text[stop - 1] <= _SPACE:
            stop -= 1
        row[STOP] = stop
        if state[LINK_AT] >= 0:
            row[LINK_BYTES] += max(0, stop - state[LINK_AT])
        state[LINE] += 1
    state[BEGUN] = 0
    state[LINE_AT] = state[OUT]
    if state[LINK_AT] >= 0:
        state[LINK_AT] = state[OUT]


@kernel
def open_link(purpose, state):  # type: ignore[no-untyped-def]
    """Note that a link begins; its text is counted from its first word on."""
    state[LINK_AT], state[LINK_NEW], state[PURPOSE] = state[OUT], 1, purpose


@kernel
def close_link(lines, state):  # type: ignore[no-untyped-def]
    """Note that a link ends."""
    if state[LINK_AT] >= 0 and state[BEGUN] and not state[LINK_NEW]:
        lines[state[LINE], LINK_BYTES] += max(0, state[OUT] - state[LINK_AT])
    state[LINK_AT], state[LINK_NEW], state[LINK_CLOSED] = -1, 0, 1


@kernel
def _character(data, at, stop):  # type: ignore[no-untyped-def]
    """(byte, bytes read) of the reference at `at`: a parser writes &amp; &lt; &gt; &quot; and &nbsp; alone."""
    left, second = stop - at, data[at + 1] if at + 1 < stop else 0
    if left >= 4 and data[at + 3] == _SEMICOLON and data[at + 2] == 116:
        return np.uint8(60 if second == 108 else 62), 4
    if left >= 5 and second == 97 and data[at + 4] == _SEMICOLON:
        return np.uint8(_AMPERSAND), 5
    if left >= 6 and data[at + 5] == _SEMICOLON and second in (110, 113):
        return np.uint8(_SPACE if second == 110 else 34), 6
    return np.uint8(_AMPERSAND), 1
