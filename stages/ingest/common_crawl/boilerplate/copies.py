"""The lines of a page and which of them are kept in, those that say again what the text already says out.

Carousels write their slides twice, pages a version for phones beside that for desks, menus and streamed parts a hidden one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.hash.hashing import xxh64
from stages.kernels.page.columns import CONTEXTS_OF, KIND, NODE, PARENT, PREFORMATTED, START, STOP, Page
from stages.kernels.page.roles import IN

MIN_COPY_BYTES = 150
"""Of a stretch of lines that stood one after the other before: what entries of a list say alike ("Soil: rich", "Light:
bright") is shorter, and each entry's own."""

_HIDDEN = IN["hidden"]
_MIX = np.uint64(0x9E3779B97F4A7C15)


def copied_lines(page: Page, keep: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the kept lines are copies of another one that stays, shape (lines,).

    A hidden line is one when a visible one says the same; a later line when a stretch of MIN_COPY_BYTES around it stood
    before it too. Code is none, nor are lines of one element that breaks its text, or parts of one element: verses have
    refrains.
    """
    return _copied(page.text, page.lines, page.nodes, keep)  # type: ignore[no-any-return]


@kernel
def _copied(text, lines, nodes, keep):  # type: ignore[no-untyped-def]
    size = len(lines)
    keys, copies = np.empty(size, np.uint64), np.zeros(size, np.bool_)
    for line in range(size):
        keys[line] = xxh64(text, lines[line, START], lines[line, STOP], np.uint64(0))
    order = np.argsort(keys, kind="mergesort")  # stable: equal lines stay in their order
    in_stretch = _in_copied_stretch(lines, keys)
    start = 0
    for stop in range(1, size + 1):
        if stop < size and keys[order[stop]] == keys[order[start]]:
            continue
        parent, is_visible = -1, False  # of the last one that stays
        for line in order[start:stop]:
            is_visible |= keep[line] and nodes[lines[line, NODE], CONTEXTS_OF] & _HIDDEN == 0
        for line in order[start:stop]:
            if not keep[line]:
                continue
            is_hidden = nodes[lines[line, NODE], CONTEXTS_OF] & _HIDDEN != 0
            around = nodes[lines[line, NODE], PARENT]
            is_later = parent >= 0 and parent != around
            copies[line] = (is_hidden and is_visible) or (is_later and in_stretch[line])
            if not copies[line]:
                parent = around
        start = stop
    return copies


@kernel
def _in_copied_stretch(lines, keys):  # type: ignore[no-untyped-def]
    """Which lines stand in a stretch that stood in the page before, and may be copies."""
    size = len(lines)
    pairs, again = np.empty(max(0, size - 1), np.uint64), np.zeros(size, np.bool_)
    for line in range(len(pairs)):
        pairs[line] = (keys[line] ^ (keys[line + 1] >> np.uint64(1))) * _MIX
    order = np.argsort(pairs, kind="mergesort")
    for place in range(1, len(order)):
        line = order[place]
        again[line] = pairs[line] == pairs[order[place - 1]] and keys[line] != keys[line + 1]
    found, start = np.zeros(size, np.bool_), 0
    while start < size:
        stop = start + 1
        while again[stop - 1]:
            stop += 1
        sizes = lines[start:stop, STOP] - lines[start:stop, START]
        if stop - start > 1 and sizes.sum() >= MIN_COPY_BYTES:
            for line in range(start, stop):
                found[line] = lines[line, KIND] != PREFORMATTED and not _is_broken(lines, line)
        start = stop
    return found


@kernel(inline="always")
def _is_broken(lines, line):  # type: ignore[no-untyped-def]
    """Whether the line beside stands in the same element."""
    node = lines[line, NODE]
    before = line > 0 and lines[line - 1, NODE] == node
    return before or (line + 1 < len(lines) and lines[line + 1, NODE] == node)
