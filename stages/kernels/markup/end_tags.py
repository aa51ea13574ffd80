"""An end tag in, the open elements as a parser would leave them out (HTML standard, 13.2.6)."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import (
    CLOSES_P,
    FORMATTING,
    HEADING,
    ITEM,
    MARKER,
    RAW,
    ROOT,
    SCOPE,
    TABLE_PART,
    VOID,
    name_hash,
)
from stages.kernels.markup.open_elements import (
    ELEMENTS,
    FLAGS,
    HEIGHT,
    HTML,
    INSIDE_POINT,
    NAME,
    NUMBER,
    SPACE_OF,
    close_any,
    close_formatting,
    find,
    pop_to,
)
from stages.kernels.markup.start_tags import close_paragraph, in_select

_NAMES = "p li table template select option optgroup form br button html ul ol"
_N = {name: np.int64(name_hash(name)) for name in _NAMES.split()}
_P, _LI, _TABLE, _TEMPLATE, _SELECT = (_N[n] for n in ("p", "li", "table", "template", "select"))
_OPTION, _FORM, _BR, _BUTTON, _UL, _OL = (_N[n] for n in ("option", "form", "br", "button", "ul", "ol"))


@kernel
def end_tag(stack, name, flags, counts):  # type: ignore[no-untyped-def]
    """Take up an end tag."""
    top = stack[-1, HEIGHT] - 1
    if top >= 0 and stack[top, SPACE_OF] != HTML and _close_foreign(stack, name):
        return
    select = in_select(stack)
    if select >= 0 and name != _TEMPLATE:
        _end_in_select(stack, name, flags, select)
        if not (flags & TABLE_PART or name == _TABLE):
            return
    if name == _P:
        counts[ELEMENTS] += not close_paragraph(stack)
    elif name == _TABLE or flags & TABLE_PART:
        _end_of_table_part(stack, name)
    elif name == _TEMPLATE:
        at = find(stack, name, 0)
        if at >= 0:
            pop_to(stack, at)
    elif flags & FORMATTING:
        close_formatting(stack, name, counts)
    elif name == _FORM:
        _end_form(stack)
    elif flags & HEADING:
        _end_heading(stack)
    elif name == _LI:
        _end_item(stack)
    elif flags & (CLOSES_P | ITEM | MARKER) or name == _BUTTON:
        at = find(stack, name, SCOPE)
        if at >= 0:
            pop_to(stack, at)
    elif name == _BR:
        counts[ELEMENTS] += 1
    elif not flags & (ROOT | RAW | VOID):
        close_any(stack, name)


@kernel
def _close_foreign(stack, name):  # type: ignore[no-untyped-def]
    """An end tag inside SVG or MathML; whether it closed something there."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0 and stack[at, SPACE_OF] != HTML:
        if stack[at, NAME] == name:
            pop_to(stack, at)
            return True
        at -= 1
    return False


@kernel
def _end_in_select(stack, name, flags, select):  # type: ignore[no-untyped-def]
    top = stack[-1, HEIGHT] - 1
    if name == _SELECT:
        pop_to(stack, select)
    elif top > select and stack[top, NAME] == name:
        pop_to(stack, top)
    elif top > select + 1 and stack[top - 1, NAME] == name and stack[top, NAME] == _OPTION:
        pop_to(stack, top - 1)
    elif (flags & TABLE_PART or name == _TABLE) and _in_table(stack, name) >= 0:
        pop_to(stack, select)


@kernel
def _in_table(stack, name):  # type: ignore[no-untyped-def]
    """Where the element stands in the innermost table, else -1."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        if stack[at, SPACE_OF] == HTML:
            if stack[at, NAME] == name:
                return at
            if stack[at, NAME] == _TABLE or stack[at, NAME] == _TEMPLATE:
                return -1
        at -= 1
    return -1


@kernel
def _end_of_table_part(stack, name):  # type: ignore[no-untyped-def]
    at = _in_table(stack, name)
    if at >= 0:
        pop_to(stack, at)


@kernel
def _end_form(stack):  # type: ignore[no-untyped-def]
    """A <form> goes out of the middle of the open elements, what it holds stays open."""
    at = find(stack, _FORM, SCOPE)
    if at < 0:
        return
    for place in range(at + 1, stack[-1, HEIGHT]):
        stack[place - 1, NAME], stack[place - 1, FLAGS] = stack[place, NAME], stack[place, FLAGS]
        stack[place - 1, NUMBER], stack[place - 1, SPACE_OF] = stack[place, NUMBER], stack[place, SPACE_OF]
    stack[-1, HEIGHT] -= 1


@kernel
def _end_heading(stack):  # type: ignore[no-untyped-def]
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        is_html = stack[at, SPACE_OF] == HTML
        if is_html and stack[at, FLAGS] & HEADING:
            pop_to(stack, at)
            return
        if (is_html and stack[at, FLAGS] & SCOPE) or stack[at, SPACE_OF] == INSIDE_POINT:
            return
        at -= 1


@kernel
def _end_item(stack):  # type: ignore[no-untyped-def]
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        name, is_html = stack[at, NAME], stack[at, SPACE_OF] == HTML
        if is_html and name == _LI:
            pop_to(stack, at)
            return
        if (is_html and (stack[at, FLAGS] & SCOPE or name in (_UL, _OL))) or (
            stack[at, SPACE_OF] == INSIDE_POINT
        ):
            return
        at -= 1
