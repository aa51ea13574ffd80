"""Texts and spans of their words in, texts without them out, tidy where they were cut.

With its words a span loses what stands beside them in their lines up to the next white space: their punctuation,
and the mark of a list or heading. Lines between words that stay are kept, indentation too. The white space at
the seam becomes the longest line break that was there or in the span (a paragraph break at most), or one space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import large_strings, string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import word_tables
from stages.kernels.words.words import word_bounds

_NEWLINE, _SPACE = 10, 32


@dataclass(frozen=True)
class CutTexts:
    """The texts (large_string), the units (words, or sentences) that each had, and those that it has."""

    texts: pa.Array
    units_before: npt.NDArray[np.int64]
    units_after: npt.NDArray[np.int64]


def cut_words(
    texts: pa.Array,
    starts: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.uint32],
    stops: npt.NDArray[np.uint32],
) -> CutTexts:
    """Cut words firsts[j]:stops[j] for j in starts[i]:starts[i + 1] out of text i; spans ascend and do not touch."""
    offsets, data = string_buffers(texts)
    table, _ = word_tables(False)
    out_offsets = np.zeros(len(offsets), np.int64)
    before, after = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    # a seam is no longer than what stood there, but for one space for each span
    out = np.empty(int(offsets[-1] - offsets[0]) + len(firsts), np.uint8)
    _cut(offsets, data, table, starts, firsts, stops, out_offsets, out, before, after)
    return CutTexts(large_strings(out_offsets, out[: out_offsets[-1]]), before, after)


@kernel(inline="always")
def _is_space(byte):  # type: ignore[no-untyped-def]
    return byte == _SPACE or 9 <= byte <= 13


@kernel
def _left_stop(data, start, stop, after_word):  # type: ignore[no-untyped-def]
    """Where the text before a span ends: data[start:stop] lies between the word before (if any) and the span."""
    for at in range(stop - 1, start - 1, -1):
        if data[at] == _NEWLINE:
            return at + 1
    if not after_word:
        return start
    for at in range(start, stop):
        if _is_space(data[at]):
            return at
    return stop


@kernel
def _right_start(data, start, stop, before_word):  # type: ignore[no-untyped-def]
    """Where the text after a span begins: data[start:stop] lies between the span and the next word (if any)."""
    for at in range(start, stop):
        if data[at] == _NEWLINE:
            return at
    if not before_word:
        return stop
    for at in range(stop - 1, start - 1, -1):
        if _is_space(data[at]):
            return at + 1
    return stop


@kernel
def _strip_end(out, begin, end):  # type: ignore[no-untyped-def]
    """(the end of out[begin:end] without white space there, line breaks in that white space)."""
    breaks = 0
    while end > begin and _is_space(out[end - 1]):
        end -= 1
        breaks += out[end] == _NEWLINE
    return end, breaks


@kernel
def _strip_start(data, start, stop):  # type: ignore[no-untyped-def]
    """(the start of data[start:stop] after its empty lines, or after its spaces; line breaks before it)."""
    breaks = 0
    at = line = start
    while at < stop and _is_space(data[at]):
        if data[at] == _NEWLINE:
            breaks += 1
            line = at + 1
        at += 1
    return line if breaks else at, breaks


@kernel
def breaks_inside(data, start, stop):  # type: ignore[no-untyped-def]
    """Line breaks of the longest gap in data[start:stop], 2 (a paragraph break) at most."""
    most = breaks = 0
    for at in range(start, stop):
        if data[at] == _NEWLINE:
            breaks += 1
            most = max(most, breaks)
        elif not _is_space(data[at]):
            breaks = 0
    return min(most, 2)


@kernel
def append_bytes(data, start, stop, out, size):  # type: ignore[no-untyped-def]
    """Append data[start:stop] to out[:size]; the new size."""
    for at in range(start, stop):
        out[size] = data[at]
        size += 1
    return size


@kernel
def write_seam(out, size, breaks):  # type: ignore[no-untyped-def]
    """Append line breaks, or a space where there is none, to out[:size]; the new size."""
    for _ in range(max(breaks, 1)):
        out[size] = _NEWLINE if breaks else _SPACE
        size += 1
    return size


@kernel
def _cut(offsets, data, table, starts, firsts, stops, out_offsets, out, before, after):  # type: ignore[no-untyped-def]
    size = 0
    for row in range(len(offsets) - 1):
        begin = size
        stop = offsets[row + 1]
        at = kept = word_end = offsets[row]  # `kept`: what stays from here on is not yet written
        words = removed = 0
        open_end = False  # a span reached the last word
        for span in range(starts[row], starts[row + 1]):
            open_end = False
            first, end, at = word_bounds(data, at, stop, table)
            while words < firsts[span]:
                word_end = end
                words += 1
                first, end, at = word_bounds(data, at, stop, table)
            left = _left_stop(data, word_end, first, words > removed)
            span_start = first
            size = append_bytes(data, kept, left, out, size)
            while True:
                words += 1
                removed += 1
                word_end = end
                first, end, next_at = word_bounds(data, at, stop, table)
                if words >= stops[span] or first < 0:
                    break
                at = next_at
            right = _right_start(data, word_end, first if first >= 0 else stop, first >= 0)
            open_end = first < 0
            size, breaks = _strip_end(out, begin, size)
            kept, more = _strip_start(data, right, stop)
            if size > begin and kept < stop:
                breaks = max(breaks, more, breaks_inside(data, span_start, word_end))
                size = write_seam(out, size, breaks)
            # the next word is read again from `at`, which lies before it
        size = append_bytes(data, kept, stop, out, size)
        if open_end:
            size, _ = _strip_end(out, begin, size)
        while True:
            first, end, at = word_bounds(data, at, stop, table)
            if first < 0:
                break
            words += 1
        out_offsets[row + 1] = size
        before[row] = words
        after[row] = words - removed
