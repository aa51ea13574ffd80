"""What a parser holds open, as arrays, and how tags change it: pushed, popped, reopened (HTML standard, 13.2.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import MARKER, SCOPE, SPECIAL

DEPTH, STEPS, ELEMENTS, ATTRIBUTES, OPTIONS, NAMES = range(6)
NUM_COUNTS = 6
"""Deepest element; elements around each tag, summed; elements made, reopened ones too; most attributes of one tag;
options before each option of its <select>, summed; distinct names of elements and attributes."""

HEIGHT, ACTIVE, LAST_NUMBER, IN_SELECT = range(4)
NAME, FLAGS, NUMBER, SPACE_OF, A_NAME, A_NUMBER, A_TAG, A_COST = range(8)
HTML, INSIDE_FOREIGN, INSIDE_POINT = range(3)
_NO_MARK = -1


OpenElements = npt.NDArray[np.int64]
"""A row for each open element (name, flags, number, what its content is) and each active formatting element (name,
number, hash of its tag, attributes), the last row for the state: one array, since kernels pass records by value."""


def open_elements(max_depth: int) -> OpenElements:
    """Nothing open yet, with room for `max_depth` elements."""
    stack = np.empty((max_depth + 9, 8), np.int64)
    stack[-1] = 0
    return stack


@kernel
def push(stack, name, flags, space, counts):  # type: ignore[no-untyped-def]
    """Open an element; its number."""
    height = stack[-1, HEIGHT]
    stack[-1, LAST_NUMBER] += 1
    stack[height, NAME], stack[height, FLAGS] = name, flags
    stack[height, NUMBER], stack[height, SPACE_OF] = stack[-1, LAST_NUMBER], space
    stack[-1, HEIGHT] = height + 1
    counts[ELEMENTS] += 1
    counts[DEPTH] = max(counts[DEPTH], height + 1)
    if flags & MARKER and space == HTML:
        activate(stack, name, _NO_MARK, name, 0, counts)
    return stack[-1, LAST_NUMBER]


@kernel
def pop_to(stack, height):  # type: ignore[no-untyped-def]
    """Close all elements above `height`; one with a marker forgets the formatting inside it."""
    while stack[-1, HEIGHT] > height:
        stack[-1, HEIGHT] -= 1
        top = stack[-1, HEIGHT]
        if stack[top, FLAGS] & MARKER and stack[top, SPACE_OF] == HTML:
            while stack[-1, ACTIVE] > 0:
                stack[-1, ACTIVE] -= 1
                if stack[stack[-1, ACTIVE], A_NUMBER] == _NO_MARK:
                    break


@kernel
def activate(stack, name, serial, tag, cost, counts):  # type: ignore[no-untyped-def]
    """Add to the active formatting elements; of four that are equal the first goes (the standard's "Noah's Ark")."""
    equal, first = 0, -1
    at = stack[-1, ACTIVE] - 1
    while serial != _NO_MARK and at >= 0 and stack[at, A_NUMBER] != _NO_MARK:
        if stack[at, A_TAG] == tag:
            equal += 1
            first = at
        at -= 1
    counts[STEPS] += max(0, stack[-1, ACTIVE] - 1 - at) if serial != _NO_MARK else 0
    if equal >= 3:
        deactivate(stack, first)
    at = stack[-1, ACTIVE]
    counts[DEPTH] = max(counts[DEPTH], at + 1)
    if at + 1 < len(stack) - 1:  # the caller gives up at this depth
        stack[at, A_NAME], stack[at, A_NUMBER] = name, serial
        stack[at, A_TAG], stack[at, A_COST] = tag, cost
        stack[-1, ACTIVE] = at + 1


@kernel
def deactivate(stack, at):  # type: ignore[no-untyped-def]
    """Take one out of the active formatting elements."""
    for place in range(at, stack[-1, ACTIVE] - 1):
        stack[place, A_NAME] = stack[place + 1, A_NAME]
        stack[place, A_NUMBER] = stack[place + 1, A_NUMBER]
        stack[place, A_TAG] = stack[place + 1, A_TAG]
        stack[place, A_COST] = stack[place + 1, A_COST]
    stack[-1, ACTIVE] -= 1


@kernel
def place_of(stack, serial):  # type: ignore[no-untyped-def]
    """Where the element with this number stands, -1 when it is not open; numbers need not be in order."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0 and stack[at, NUMBER] != serial:
        at -= 1
    return at


@kernel
def find(stack, name, barrier):  # type: ignore[no-untyped-def]
    """Where the innermost HTML element `name` stands with no `barrier` above it, else -1."""
    at = stack[-1, HEIGHT] - 1
    while at >= 0:
        is_html = stack[at, SPACE_OF] == HTML
        if is_html and stack[at, NAME] == name:
            return at
        if (is_html and stack[at, FLAGS] & barrier) or stack[at, SPACE_OF] == INSIDE_POINT:
            return -1
        at -= 1
    return -1


@kernel
def reopen(stack, counts, max_depth):  # type: ignore[no-untyped-def]
    """Reopen the formatting that closed with the block around it, as a parser does before text."""
    first = stack[-1, ACTIVE]
    while first > 0 and stack[first - 1, A_NUMBER] != _NO_MARK:
        if place_of(stack, stack[first - 1, A_NUMBER]) >= 0:
            break
        first -= 1
    for at in range(first, stack[-1, ACTIVE]):
        if stack[-1, HEIGHT] >= max_depth:
            counts[DEPTH] = max_depth + 1
            return
        counts[ELEMENTS] += stack[at, A_COST]
        counts[STEPS] += stack[-1, HEIGHT]
        stack[at, A_NUMBER] = push(stack, stack[at, A_NAME], 0, HTML, counts)


@kernel
def active_place(stack, name):  # type: ignore[no-untyped-def]
    """Where the last active formatting element `name` inside the last marker is listed, else -1."""
    at = stack[-1, ACTIVE] - 1
    while at >= 0 and stack[at, A_NUMBER] != _NO_MARK:
        if stack[at, A_NAME] == name:
            return at
        at -= 1
    return -1


@kernel
def close_any(stack, name):  # type: ignore[no-untyped-def]
    """An end tag that no rule of its own governs."""
    at = find(stack, name, SPECIAL)
    if at >= 0:
        pop_to(stack, at)


@kernel
def close_formatting(stack, name, counts):  # type: ignore[no-untyped-def]
    """An end tag of formatting: the standard's adoption agency."""
    top = stack[-1, HEIGHT] - 1
    if top >= 0 and stack[top, NAME] == name and stack[top, SPACE_OF] == HTML:
        listed = active_place(stack, name)
        if listed < 0 or stack[listed, A_NUMBER] != stack[top, NUMBER]:
            pop_to(stack, top)
            return
    for _ in range(8):
        listed = active_place(stack, name)
        if listed < 0:
            close_any(stack, name)
            return
        at = place_of(stack, stack[listed, A_NUMBER])
        if at < 0:
            deactivate(stack, listed)
            return
        block, blocked = -1, False
        for above in range(stack[-1, HEIGHT] - 1, at, -1):
            flags, space = stack[above, FLAGS], stack[above, SPACE_OF]
            blocked |= (space == HTML and (flags & SCOPE) != 0) or space == INSIDE_POINT
            if (space == HTML and flags & SPECIAL) or space == INSIDE_POINT:
                block = above
        counts[STEPS] += stack[-1, HEIGHT] - at
        if blocked:
            return
        if block < 0:
            pop_to(stack, at)
            deactivate(stack, listed)
            return
        _adopt(stack, listed, at, block, counts)


@kernel
def _adopt(stack, listed, at, block, counts):  # type: ignore[no-untyped-def]
    """Move the formatting element at `at` inside the `block` above it; of what stands between, three are kept."""
    name, tag, cost = stack[listed, A_NAME], stack[listed, A_TAG], stack[listed, A_COST]
    keep = np.zeros(block - at, np.bool_)
    nodes, old, formatting = 0, stack[listed, A_NUMBER], at
    bookmark = old
    for between in range(block - 1, at, -1):
        nodes += 1  # noqa: SIM113 - numba
        entry = stack[-1, ACTIVE] - 1
        while entry >= 0 and stack[entry, A_NUMBER] != stack[between, NUMBER]:
            entry -= 1
        if entry >= 0 and nodes > 3:
            deactivate(stack, entry)
        elif entry >= 0:
            keep[between - at] = True
            counts[ELEMENTS] += 1 + stack[entry, A_COST]
            if between == block - 1:
                bookmark = stack[between, NUMBER]
    out = at
    for place in range(at + 1, stack[-1, HEIGHT]):
        if place >= block or keep[place - at]:
            _move(stack, place, out)
            out += 1
            if place == block:
                formatting = out
                out += 1
                stack[-1, LAST_NUMBER] += 1
                # the rest moves up by as many as went: the one that is put in takes the place of one that went
                for rest in range(block + 1, stack[-1, HEIGHT]):
                    _move(stack, rest, out)
                    out += 1
                break
    stack[formatting, NAME], stack[formatting, FLAGS] = name, 0
    stack[formatting, NUMBER], stack[formatting, SPACE_OF] = stack[-1, LAST_NUMBER], HTML
    stack[-1, HEIGHT] = out
    counts[ELEMENTS] += 1 + cost
    entry = stack[-1, ACTIVE] - 1
    while entry >= 0 and stack[entry, A_NUMBER] != old:
        entry -= 1
    if entry >= 0:
        deactivate(stack, entry)
    _insert(stack, bookmark, name, tag, cost)


@kernel
def _move(stack, place, out):  # type: ignore[no-untyped-def]
    stack[out, NAME], stack[out, FLAGS] = stack[place, NAME], stack[place, FLAGS]
    stack[out, NUMBER], stack[out, SPACE_OF] = stack[place, NUMBER], stack[place, SPACE_OF]


@kernel
def _insert(stack, behind, name, tag, cost):  # type: ignore[no-untyped-def]
    """List the element made last behind the one with the number `behind`, or at the end."""
    at = stack[-1, ACTIVE]
    for entry in range(stack[-1, ACTIVE]):
        if stack[entry, A_NUMBER] == behind:
            at = entry + 1
    for entry in range(stack[-1, ACTIVE], at, -1):
        stack[entry, A_NAME] = stack[entry - 1, A_NAME]
        stack[entry, A_NUMBER] = stack[entry - 1, A_NUMBER]
        stack[entry, A_TAG] = stack[entry - 1, A_TAG]
        stack[entry, A_COST] = stack[entry - 1, A_COST]
    stack[at, A_NAME], stack[at, A_NUMBER] = name, stack[-1, LAST_NUMBER]
    stack[at, A_TAG], stack[at, A_COST] = tag, cost
    stack[-1, ACTIVE] += 1
