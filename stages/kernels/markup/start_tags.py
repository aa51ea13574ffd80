"""A start tag in, the open elements as a parser would leave them out (HTML standard, 13.2.6)."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import (
    BREAKOUT,
    CELL,
    CLOSES_P,
    FOREIGN,
    FORMATTING,
    HEADING,
    IMPLIED,
    ITEM,
    OPTION,
    POINT,
    RAW,
    ROOT,
    ROWS,
    RUBY,
    SCOPE,
    SINGLE,
    SPECIAL,
    TABLE_PART,
    VOID,
    name_hash,
)
from stages.kernels.markup.open_elements import (
    ELEMENTS,
    FLAGS,
    HEIGHT,
    HTML,
    IN_SELECT,
    INSIDE_FOREIGN,
    INSIDE_POINT,
    NAME,
    OPTIONS,
    SPACE_OF,
    activate,
    active_place,
    close_formatting,
    deactivate,
    find,
    pop_to,
    push,
    reopen,
)

_NAMES = (
    "p li option select table tr tbody colgroup caption template button a nobr font input keygen textarea script "
    "address div ruby rtc form col html"
)
_N = {name: np.int64(name_hash(name)) for name in _NAMES.split()}
_P, _LI, _OPTION, _SELECT, _TABLE, _TR = (_N[n] for n in ("p", "li", "option", "select", "table", "tr"))
_TBODY, _COLGROUP, _CAPTION, _TEMPLATE = (_N[n] for n in ("tbody", "colgroup", "caption", "template"))
_BUTTON, _A, _FONT, _INPUT, _KEYGEN = (_N[n] for n in ("button", "a", "font", "input", "keygen"))
_TEXTAREA, _SCRIPT, _ADDRESS, _DIV = (_N[n] for n in ("textarea", "script", "address", "div"))
_RUBY, _RTC, _FORM, _COL = (_N[n] for n in ("ruby", "rtc", "form", "col"))


@kernel
def start_tag(stack, name, flags, attributes, closed, tag, counts, max_depth):  # type: ignore[no-untyped-def]
    """Take up a start tag with so many attributes; `closed`: it ends with `/>`; `tag`: a hash of all of it."""
    height = stack[-1, HEIGHT]
    if height + 4 >= max_depth + 8:
        return
    if height > 0 and stack[height - 1, SPACE_OF] == INSIDE_FOREIGN:
        if not (flags & BREAKOUT or (name == _FONT and attributes)):
            counts[ELEMENTS] += closed
            if not closed:
                push(stack, name, flags, INSIDE_POINT if flags & POINT else INSIDE_FOREIGN, counts)
            return
        while stack[-1, HEIGHT] > 0 and stack[stack[-1, HEIGHT] - 1, SPACE_OF] == INSIDE_FOREIGN:
            pop_to(stack, stack[-1, HEIGHT] - 1)
    select = in_select(stack)
    if select >= 0 and _in_select(stack, name, flags, select, counts):
        return
    if flags & ROOT:
        return
    if flags & TABLE_PART:
        _table_part(stack, name, flags, counts)
        return
    if flags & FOREIGN:
        reopen(stack, counts, max_depth)
        counts[ELEMENTS] += closed
        if not closed:
            push(stack, name, 0, INSIDE_FOREIGN, counts)
        return
    _close_before(stack, name, flags, counts)
    if flags & RAW:
        counts[ELEMENTS] += 1
        return
    if not (flags & (CLOSES_P | ITEM)) and name != _TABLE and name != _TEMPLATE:
        reopen(stack, counts, max_depth)
    if flags & VOID:
        counts[ELEMENTS] += 1
        return
    serial = push(stack, name, flags, HTML, counts)
    if name == _SELECT:
        stack[-1, IN_SELECT] = 0
    if flags & FORMATTING:
        activate(stack, name, serial, tag, attributes, counts)


@kernel
def in_select(stack):  # type: ignore[no-untyped-def]
    """Where the <select> stands whose options are read, else -1."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0 and stack[at, FLAGS] & OPTION and stack[at, SPACE_OF] == HTML:
        at -= 1
    return at if at >= 0 and stack[at, NAME] == _SELECT and stack[at, SPACE_OF] == HTML else -1


@kernel
def _in_select(stack, name, flags, select, counts):  # type: ignore[no-untyped-def]
    """A start tag inside a <select>; whether it is done with."""
    if flags & OPTION:
        stays = select + 1
        if name == _OPTION and stack[-1, HEIGHT] > stays and stack[stays, NAME] != _OPTION:
            stays += 1  # inside a group
        pop_to(stack, min(stays, stack[-1, HEIGHT]))
        stack[-1, IN_SELECT] += 1
        counts[OPTIONS] += stack[-1, IN_SELECT]
        push(stack, name, flags, HTML, counts)
        return True
    if name in (_SCRIPT, _TEMPLATE):
        return False
    if name == _SELECT:
        pop_to(stack, select)
        return True
    if name in (_INPUT, _KEYGEN, _TEXTAREA):
        pop_to(stack, select)
        return False
    if name == _TABLE or flags & TABLE_PART:
        if find(stack, _TABLE, 0) < 0:
            return True
        pop_to(stack, select)
        return False
    return True


@kernel
def _table_context(stack):  # type: ignore[no-untyped-def]
    """Where the table stands in which one is, and the topmost part of it that is open; -1 outside of any."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        if stack[at, SPACE_OF] != HTML:
            if stack[at, SPACE_OF] == INSIDE_POINT:
                return -1
        elif stack[at, NAME] == _TABLE:
            return at
        elif stack[at, NAME] == _TEMPLATE:
            return -1
        at -= 1
    return -1


@kernel
def _table_part(stack, name, flags, counts):  # type: ignore[no-untyped-def]
    """A row, a cell or another part of a table: what stands in its way closes, what it needs around it opens."""
    table = _table_context(stack)
    if table < 0:
        if find(stack, _TEMPLATE, 0) >= 0 and name != _COL:
            push(stack, name, flags, HTML, counts)
        return
    stays = table + 1
    if name == _COL:
        if stays < stack[-1, HEIGHT] and stack[stays, NAME] == _COLGROUP:
            stays += 1
            pop_to(stack, stays)
        else:
            pop_to(stack, stays)
            push(stack, _COLGROUP, TABLE_PART | SPECIAL, HTML, counts)
        counts[ELEMENTS] += 1
        return
    if name == _TR or (flags & CELL and name != _CAPTION):
        stays = _part_above(stack, stays, ROWS, _TBODY, counts)
        if name != _TR:
            stays = _part_above(stack, stays, 0, _TR, counts)
    pop_to(stack, stays)
    push(stack, name, flags, HTML, counts)


@kernel
def _part_above(stack, stays, wanted, name, counts):  # type: ignore[no-untyped-def]
    """Keep the part of a table at `stays` when it is wanted, else open one; the place above it."""
    height = stack[-1, HEIGHT]
    if stays < height:
        fits = (stack[stays, FLAGS] & wanted) != 0 if wanted else stack[stays, NAME] == name
        if fits:
            return stays + 1
    pop_to(stack, stays)
    push(stack, name, TABLE_PART | SPECIAL | wanted, HTML, counts)
    return stays + 1


@kernel
def close_paragraph(stack):  # type: ignore[no-untyped-def]
    """Close the paragraph that is open in the scope of a button; whether there was one."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        space = stack[at, SPACE_OF]
        if space == INSIDE_POINT or (
            space == HTML and (stack[at, FLAGS] & SCOPE or stack[at, NAME] == _BUTTON)
        ):
            return False
        if space == HTML and stack[at, NAME] == _P:
            pop_to(stack, at)
            return True
        at -= 1
    return False


@kernel
def _close_before(stack, name, flags, counts):  # type: ignore[no-untyped-def]
    """Close what the element `name` may not stand in."""
    top = stack[-1, HEIGHT] - 1
    if flags & ITEM:
        _close_item(stack, name)
        close_paragraph(stack)
    elif flags & CLOSES_P:
        close_paragraph(stack)
        top = stack[-1, HEIGHT] - 1
        if flags & HEADING and top >= 0 and stack[top, FLAGS] & HEADING:
            pop_to(stack, top)
    elif name == _TABLE:
        table = _table_context(stack)
        if table >= 0 and not _holds_cell(stack, table):
            pop_to(stack, table)
        else:
            close_paragraph(stack)
    elif flags & OPTION:
        if top >= 0 and stack[top, NAME] == _OPTION:
            pop_to(stack, top)
    elif flags & SINGLE:
        if name == _BUTTON:
            at = find(stack, name, SCOPE)
            if at >= 0:
                pop_to(stack, at)
        elif name == _A:
            if active_place(stack, name) >= 0:
                close_formatting(stack, name, counts)
                listed = active_place(stack, name)
                if listed >= 0:
                    deactivate(stack, listed)
        elif find(stack, name, SCOPE) >= 0:
            close_formatting(stack, name, counts)
    elif flags & RUBY and find(stack, _RUBY, SCOPE) >= 0:
        while top >= 0 and stack[top, FLAGS] & IMPLIED and stack[top, NAME] != _RTC:
            pop_to(stack, top)
            top -= 1


@kernel
def _holds_cell(stack, table):  # type: ignore[no-untyped-def]
    for at in range(table + 1, stack[-1, HEIGHT]):  # noqa: SIM110 - numba
        if stack[at, FLAGS] & CELL and stack[at, SPACE_OF] == HTML:
            return True
    return False


@kernel
def _close_item(stack, name):  # type: ignore[no-untyped-def]
    """Close the item of a list before the next: <li> ends <li>, <dt> and <dd> end each other."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        flags = stack[at, FLAGS]
        is_html = stack[at, SPACE_OF] == HTML
        if is_html and flags & ITEM and (stack[at, NAME] == _LI) == (name == _LI):
            pop_to(stack, at)
            return
        other = stack[at, NAME]
        passes = other in (_ADDRESS, _DIV, _P)
        if stack[at, SPACE_OF] == INSIDE_POINT or (is_html and flags & SPECIAL and not passes):
            return
        at -= 1
