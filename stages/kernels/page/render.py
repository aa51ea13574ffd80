"""The lines of a page and which to keep in, plain text out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.page.columns import DEPTH, GAP, HEADING, KIND, MAX_DEPTH, ORDINAL, START, STOP, Page
from stages.kernels.unicode.utf8 import encode

_NEWLINE, _SPACE, _DOT, _ZERO, _BULLET = 10, 32, 46, 48, 0x2022
_MARK_BYTES = 24


def render_lines(page: Page, keep: npt.NDArray[np.bool_]) -> str:
    """The kept lines as plain text: list marks before items, a blank line where one or more lay between two lines."""
    room = len(page.text) + int(page.lines.shape[0]) * (2 * MAX_DEPTH + _MARK_BYTES)
    out = np.empty(room, np.uint8)
    return out[: _render(page.text, page.lines, keep, out)].tobytes().decode("utf-8", "replace")


@kernel
def _render(text, rows, keep, out):  # type: ignore[no-untyped-def]
    """Write the kept lines; bytes written."""
    at, gap = 0, 0
    for i in range(len(rows)):
        row = rows[i]
        gap += row[GAP]
        if not keep[i]:
            continue
        if at > 0:
            out[at] = _NEWLINE
            at += 1
            if gap > 0:
                out[at] = _NEWLINE
                at += 1
        gap = 0
        for _ in range(2 * min(row[DEPTH], MAX_DEPTH)):
            out[at] = _SPACE
            at += 1
        if row[ORDINAL] >= 0 and row[KIND] != HEADING:
            at = _render_mark(row[ORDINAL], out, at)
        for byte in text[row[START] : row[STOP]]:
            out[at] = byte
            at += 1
    return at


@kernel
def _render_mark(ordinal, out, at):  # type: ignore[no-untyped-def]
    """Write `12. `, or a bullet and a space; the place after it."""
    if ordinal == 0:
        at = encode(_BULLET, out, at)
    else:
        scale = 1
        while ordinal // scale >= 10:
            scale *= 10
        while scale > 0:
            out[at] = _ZERO + ordinal // scale % 10
            at += 1
            scale //= 10
        out[at] = _DOT
        at += 1
    out[at] = _SPACE
    return at + 1
