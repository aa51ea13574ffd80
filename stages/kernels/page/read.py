"""A page's tree, written out as HTML by its parser, in; the lines of its text and the elements around them out.

The HTML is well formed: every element but void ones is closed, and text holds no `<`. Whitespace is collapsed but in <pre>.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import element_flags, name_hash
from stages.kernels.markup.tags import (
    EXCLAMATION,
    GREATER,
    LESS,
    SLASH,
    comment_end,
    find_byte,
    raw_end,
    read_name,
)
from stages.kernels.page.attributes import FOUND, IS_BLOCK, NAME_SEED, START_NUMBER, read_names
from stages.kernels.page.columns import (
    CONTEXTS_OF,
    FIRST_LINE,
    FIRST_TOKEN,
    LAST_LINE,
    LINE_COLUMNS,
    MAX_DEPTH,
    NAME,
    NODE_COLUMNS,
    PARENT,
    SIGNATURE,
    Page,
)
from stages.kernels.page.links import SECTION_TABLE, SHARE_TABLE, link_purpose
from stages.kernels.page.roles import (
    BLOCK,
    BREAK,
    BULLETS,
    CELL,
    IN,
    IN_MASK,
    ITEM,
    LEVEL_SHIFT,
    LINK,
    MARGIN,
    NUMBERS,
    RAW,
    ROW,
    SKIPPED,
    SPACED,
    VOID,
    element_roles,
    role_contexts,
)
from stages.kernels.page.text import (
    BEGUN,
    BESIDE,
    BLANK,
    LINE,
    LINK_AT,
    LINK_CLOSED,
    LISTS,
    NEW_LINE,
    NODES,
    NUMBER,
    OUT,
    PENDING,
    ROW_LINE,
    SKIPPED_FROM,
    STATE,
    TOKENS,
    TOP,
    WORD,
    break_line,
    close_link,
    end_line,
    open_link,
    take_text,
)

_LEVELS = 7 << LEVEL_SHIFT
_IN_P = IN["paragraph_element"]
_IN_PRE, _SPAN, _A, _DOLLAR = (
    IN["preformatted_element"],
    np.int64(name_hash("span")),
    np.int64(name_hash("a")),
    36,
)
_MAX_TAGS_BETWEEN = 3
"""Start tags that are looked behind for the letters that follow."""

STYLED_BLOCK = 1 << 60
"""Beside the contexts of an element: it alone, not what is in it, is a block by its style."""


def read_page(html: str) -> Page:
    """The lines and elements of a page's HTML as its parser writes it."""
    data = np.frombuffer(html.encode("utf-8", "replace"), np.uint8)
    words = np.frombuffer(data, np.uint64, len(data) // 8)
    tags = int(np.count_nonzero(data == LESS)) + 1
    text = np.empty(len(data) + 8, np.uint8)
    newlines = int(np.count_nonzero(data == 10))
    lines = np.empty((tags + newlines + 1, len(LINE_COLUMNS)), np.int64)
    nodes = np.empty((tags, len(NODE_COLUMNS)), np.int64)
    tokens = np.empty(len(data) + 8, np.int64)
    tables = (element_roles(), role_contexts(), SHARE_TABLE, SECTION_TABLE)
    num_bytes, num_lines, num_nodes, num_tokens = _read(data, words, tables, text, lines, nodes, tokens)
    return Page(text[:num_bytes], lines[:num_lines], nodes[:num_nodes], tokens[:num_tokens])


@kernel
def _read(data, words, tables, text, lines, nodes, tokens):  # type: ignore[no-untyped-def]
    """Fill the columns; (bytes of text, lines, elements, tokens)."""
    state, found = np.zeros(STATE, np.int64), np.zeros(FOUND, np.int64)
    state[NUMBER], state[LINK_AT], state[TOP], state[SKIPPED_FROM] = -1, -1, -1, -1
    numbers = np.zeros(MAX_DEPTH + 1, np.int64)  # of the lists around: the next number; 0 for bullets
    at, size, after_inline = 0, len(data), -1
    while at < size:
        start = at
        at = find_byte(data, words, at, LESS)
        tag_at = at
        if at > start and state[SKIPPED_FROM] < 0 and state[TOP] >= 0:
            take_text(data, start, at, nodes[state[TOP], CONTEXTS_OF], text, lines, state)
        if at + 1 >= size:
            break
        if data[at + 1] == EXCLAMATION:
            at = comment_end(data, words, at, False)
            continue
        closing = data[at + 1] == SLASH
        name, at = read_name(data, at + 1 + closing)
        flags = element_flags(tables[0], name)[0]
        if closing:
            at = find_byte(data, words, at, GREATER) + 1
            _close(nodes, name, tables[0], lines, state)
            after_inline = at if name in (_SPAN, _A) else -1
            continue
        before = state[TOKENS]
        tokens[before] = name ^ NAME_SEED
        at, contexts, signature, num_tokens = read_names(
            data, words, at, tables[1], tokens, before + 1, found
        )
        if flags & VOID:
            _take_void(flags, text, lines, state)
            continue
        state[TOKENS] = num_tokens
        if found[IS_BLOCK] and not flags & BLOCK:
            flags |= BLOCK
            contexts |= STYLED_BLOCK
        if tag_at == after_inline and signature != 0 and name in (_SPAN, _A):
            _part_inline(data, words, at, nodes, text, state)
        purpose = link_purpose(data, found, tables[2], tables[3]) if flags & LINK else 0
        _enter(nodes, name, signature, contexts, flags, before, state)
        _open(flags, purpose, found[START_NUMBER], numbers, lines, state)
        nodes[state[TOP], FIRST_LINE] = state[LINE] + state[BEGUN]
        if flags & RAW:
            at = raw_end(data, words, at, name)
    end_line(text, lines, state)
    while state[TOP] >= 0:
        nodes[state[TOP], LAST_LINE] = state[LINE]
        state[TOP] = nodes[state[TOP], PARENT]
    return state[OUT], state[LINE], state[NODES], state[TOKENS]


@kernel
def _part_inline(data, words, at, nodes, text, state):  # type: ignore[no-untyped-def]
    """Part the words of two inline elements with classes that touch, as style sheets do: a year and a length are no word.

    Not in paragraphs, headings and code, nor where one side is a letter: editors cut words into elements there. In a third
    of WCXB's half `develop` the gold text has 57 such places as words apart, and 3 as one word.
    """
    out = state[OUT]
    if state[PENDING] or not state[BEGUN] or state[TOP] < 0 or out < 2:
        return
    if nodes[state[TOP], CONTEXTS_OF] & (_IN_P | _IN_PRE | _LEVELS):
        return
    if not (_is_word(text[out - 1]) and _is_word(text[out - 2])):
        return
    for _ in range(_MAX_TAGS_BETWEEN):
        if at + 1 < len(data) and data[at] == LESS and data[at + 1] != SLASH:
            at = find_byte(data, words, at, GREATER) + 1
    if at + 1 < len(data) and (_is_word(data[at]) or data[at] == _DOLLAR) and _is_word(data[at + 1]):
        state[PENDING] = WORD


@kernel(inline="always")
def _is_word(byte):  # type: ignore[no-untyped-def]
    """Whether a byte is a letter or digit of ASCII: other scripts put no spaces, or cannot be told by a byte."""
    return 48 <= byte <= 57 or 97 <= byte | 32 <= 122


@kernel
def _enter(nodes, name, signature, contexts, flags, first_token, state):  # type: ignore[no-untyped-def]
    """Note an element inside the innermost open one, and make it that."""
    parent, node = state[TOP], nodes[state[NODES]]
    around = nodes[parent, CONTEXTS_OF] & ~STYLED_BLOCK if parent >= 0 else 0
    if flags & BLOCK and not contexts & STYLED_BLOCK:
        around &= ~_IN_P
    if flags & _LEVELS:
        around &= ~_LEVELS
    node[PARENT], node[NAME], node[FIRST_TOKEN] = parent, name, first_token
    node[SIGNATURE], node[CONTEXTS_OF] = name ^ signature * 31, around | contexts | (flags & IN_MASK)
    state[TOP] = state[NODES]
    state[NODES] += 1


@kernel
def _open(flags, purpose, first_number, numbers, lines, state):  # type: ignore[no-untyped-def]
    """Take up what the innermost element does to the lines; nothing when its text is left out."""
    if state[SKIPPED_FROM] >= 0:
        return
    if flags & SKIPPED:
        state[SKIPPED_FROM] = state[TOP]
        state[PENDING] = max(state[PENDING], NEW_LINE if flags & BLOCK else WORD)
        return
    if flags & ROW:
        state[ROW_LINE] = state[LINE] + state[BEGUN]
        state[BESIDE] = 0
    if flags & BLOCK:
        if not (flags & CELL and state[BESIDE]):
            state[PENDING] = NEW_LINE
        state[BLANK] |= _has_margin(flags, state)
    elif flags & SPACED or (flags & LINK and state[LINK_CLOSED]):
        state[PENDING] = max(state[PENDING], WORD)
    if flags & LINK:
        open_link(purpose, state)
    elif flags & (BULLETS | NUMBERS):
        if state[LISTS] < MAX_DEPTH:
            numbers[state[LISTS]] = first_number if flags & NUMBERS else 0
        state[LISTS] += 1
    elif flags & ITEM:
        level = min(max(state[LISTS], 1), MAX_DEPTH) - 1
        state[NUMBER] = numbers[level]
        numbers[level] += numbers[level] > 0


@kernel
def _take_void(flags, text, lines, state):  # type: ignore[no-untyped-def]
    """Take up a <br>, which ends a line, an <hr>, or what parts words."""
    if state[SKIPPED_FROM] >= 0:
        return
    if flags & BREAK:
        break_line(text, lines, state)
    elif flags & BLOCK:
        state[PENDING], state[BLANK] = NEW_LINE, 1
    elif flags & SPACED:
        state[PENDING] = max(state[PENDING], WORD)


@kernel
def _close(nodes, name, names, lines, state):  # type: ignore[no-untyped-def]
    """Take up an end tag: the innermost element of its name ends, and those inside it; without one, nothing does."""
    target = state[TOP]
    while target >= 0 and nodes[target, NAME] != name:
        target = nodes[target, PARENT]
    if target < 0:
        return
    top = state[TOP]
    while top >= target:
        if state[SKIPPED_FROM] < 0:
            styled = BLOCK if nodes[top, CONTEXTS_OF] & STYLED_BLOCK else 0
            _leave(element_flags(names, nodes[top, NAME])[0] | styled, lines, state)
        elif top == state[SKIPPED_FROM]:
            state[SKIPPED_FROM] = -1
        nodes[top, LAST_LINE] = state[LINE] + state[BEGUN]
        top = nodes[top, PARENT]
    state[TOP] = top


@kernel
def _leave(flags, lines, state):  # type: ignore[no-untyped-def]
    """Take up the end of an element whose text counts."""
    if flags & LINK:
        close_link(lines, state)
    if flags & (BULLETS | NUMBERS):
        state[LISTS] = max(0, state[LISTS] - 1)
    if flags & BLOCK:
        state[PENDING] = NEW_LINE
        state[BLANK] |= _has_margin(flags, state)
    elif flags & SPACED:
        state[PENDING] = max(state[PENDING], WORD)
    is_one_line = state[BEGUN] and state[LINE] == state[ROW_LINE]
    if flags & CELL and is_one_line:
        state[BESIDE] = 1
    elif flags & ROW:
        state[BESIDE], state[ROW_LINE] = 0, -1
        state[BLANK] &= not is_one_line


@kernel(inline="always")
def _has_margin(flags, state):  # type: ignore[no-untyped-def]
    """Whether a block is set off by a blank line: no list inside another is, and no cell beside another."""
    is_inner_list = flags & (BULLETS | NUMBERS) and state[LISTS] > 0
    return flags & MARGIN != 0 and not is_inner_list and not state[BESIDE]
