"""HTML in, what its parser would have to hold and do out, counted by following its open elements without a tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import FORMATTING, RAW, element_flags, element_kinds, name_hash
from stages.kernels.markup.end_tags import end_tag
from stages.kernels.markup.open_elements import (
    ACTIVE,
    ATTRIBUTES,
    HEIGHT,
    HTML,
    NAMES,
    NUM_COUNTS,
    SPACE_OF,
    STEPS,
    open_elements,
    reopen,
)
from stages.kernels.markup.start_tags import in_select, start_tag
from stages.kernels.markup.tags import (
    EXCLAMATION,
    LESS,
    NAME_BITS,
    QUESTION,
    SLASH,
    SPACE,
    comment_end,
    find_byte,
    is_letter,
    note_name,
    raw_end,
    read_attributes,
    read_name,
)

_SCRIPT, _TEXTAREA, _PLAINTEXT = (np.int64(name_hash(name)) for name in ("script", "textarea", "plaintext"))
_HTML, _BODY = np.int64(name_hash("html")), np.int64(name_hash("body"))
_ATTRIBUTES_PER_STEP = 64
"""A tag's attributes are compared with each other, which is that much cheaper than a step through open elements."""


class HtmlWork(NamedTuple):
    """Counts as `open_elements` names them; all that was read before a bound was met, when one was."""

    depth: int
    steps: int
    elements: int
    attributes: int
    options: int
    names: int


def html_work(html: bytes, bounds: HtmlWork) -> HtmlWork:
    """What a parser would do with `html`; counting ends soon after the first count that is beyond its bound."""
    counts = np.zeros(NUM_COUNTS, np.int64)
    limits = np.array(bounds, np.int64)
    stack = open_elements(bounds.depth)
    names = np.zeros((1 << NAME_BITS) // 64, np.uint64)
    words = np.frombuffer(html, np.uint64, len(html) // 8)
    _count(np.frombuffer(html, np.uint8), words, element_kinds(), stack, names, counts, limits)
    return HtmlWork(*counts.tolist())


@kernel
def _count(data, words, kinds, stack, names, counts, limits):  # type: ignore[no-untyped-def]
    at, size = 0, len(data)
    merged = np.zeros(2, np.int64)
    while True:
        start = at
        at = find_byte(data, words, at, LESS)
        if stack[-1, ACTIVE] > 0 and _has_text(data, start, at):
            reopen(stack, counts, limits[0])
        if at + 1 >= size:
            break
        following = data[at + 1]
        if following in (EXCLAMATION, QUESTION):
            at = comment_end(data, words, at, _in_foreign(stack))
            continue
        closing = following == SLASH
        if closing and (at + 2 >= size or not is_letter(data[at + 2])):
            at = comment_end(data, words, at, False) if at + 2 < size else size
            continue
        if not closing and not is_letter(following):
            at += 1
            continue
        start = at
        name, at = read_name(data, at + 1 + closing)
        at, attributes, closed, new = read_attributes(data, words, at, names)
        if at < 0:
            break
        attributes += _merge(merged, name, attributes)
        flags, known = element_flags(kinds, name)
        counts[NAMES] += new + (not known and note_name(np.uint64(name), names))
        counts[ATTRIBUTES] = max(counts[ATTRIBUTES], attributes)
        counts[STEPS] += stack[-1, HEIGHT] + attributes * attributes // _ATTRIBUTES_PER_STEP
        if closing:
            end_tag(stack, name, flags, counts)
        else:
            is_raw = flags & RAW and _reads_raw(stack, name)
            tag = _tag_hash(data, start, at, name) if flags & FORMATTING else name
            start_tag(stack, name, flags, attributes, closed, tag, counts, limits[0])
            if is_raw:
                at = size if name == _PLAINTEXT else raw_end(data, words, at, name)
        if _beyond(counts, limits):
            break


@kernel
def _has_text(data, start, stop):  # type: ignore[no-untyped-def]
    for at in range(start, stop):  # noqa: SIM110 - numba
        if data[at] > SPACE:
            return True
    return False


@kernel
def _in_foreign(stack):  # type: ignore[no-untyped-def]
    height = stack[-1, HEIGHT]
    return height > 0 and stack[height - 1, SPACE_OF] != HTML


@kernel
def _reads_raw(stack, name):  # type: ignore[no-untyped-def]
    """Whether what follows the start tag of a script or its like is no markup."""
    height = stack[-1, HEIGHT]
    if height > 0 and stack[height - 1, SPACE_OF] == 1:
        return False
    return name in (_SCRIPT, _TEXTAREA) or in_select(stack) < 0


@kernel
def _merge(merged, name, attributes):  # type: ignore[no-untyped-def]
    """Attributes that all <html> or <body> tags before gave to the one element."""
    if name != _HTML and name != _BODY:
        return 0
    which = np.int64(name == _BODY)
    before = merged[which]
    merged[which] += attributes
    return before


@kernel
def _tag_hash(data, start, stop, name):  # type: ignore[no-untyped-def]
    """Equal for equal tags: their length, and bytes from all of it."""
    value = np.uint64(name) ^ np.uint64(stop - start)
    for at in range(max(start, stop - 32), stop):
        value = (value ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
    return np.int64(value)


@kernel
def _beyond(counts, limits):  # type: ignore[no-untyped-def]
    for number in range(len(counts)):  # noqa: SIM110 - numba
        if counts[number] > limits[number]:
            return True
    return False
