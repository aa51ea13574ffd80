"""Texts and spans of their sentences in, texts without them out, tidy where they were cut.

What stays, stays byte for byte. The white space at a seam becomes the longest line break that was there or in the
span (a paragraph break at most), or one space; where the script had none, none. The line after it keeps its indentation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import large_strings
from stages.kernels.compiled import kernel
from stages.kernels.lines.sentences import find_sentences
from stages.kernels.unicode.text_flags import SPACE, text_flags
from stages.kernels.unicode.utf8 import previous
from stages.kernels.words.cut_words import CutTexts, append_bytes, breaks_inside, write_seam
from stages.kernels.words.spaced_words import NEWLINE, code_at


def cut_sentences(
    texts: pa.Array,
    starts: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.uint32],
    stops: npt.NDArray[np.uint32],
) -> CutTexts:
    """Cut sentences firsts[j]:stops[j] for j in starts[i]:starts[i + 1] out of text i; spans ascend and do not touch."""
    found = find_sentences(texts)
    before = np.diff(found.starts)
    rows = np.repeat(np.arange(len(texts)), np.diff(starts))
    begins = found.begins[found.starts[rows] + firsts]
    ends = found.ends[found.starts[rows] + stops - 1]
    lost = np.bincount(rows, stops.astype(np.int64) - firsts, len(texts)).astype(np.int64)
    offsets = np.zeros(len(texts) + 1, np.int64)
    # a seam is no longer than the white space and the span that stood there
    out = np.empty(int(found.offsets[-1] - found.offsets[0]), np.uint8)
    _cut(found.offsets, found.data, text_flags(), starts, begins, ends, offsets, out)
    return CutTexts(large_strings(offsets, out[: offsets[-1]]), before, before - lost)


@kernel
def _space_before(data, at, start, flags):  # type: ignore[no-untyped-def]
    """(where the white space that ends at `at` begins, in data[start:at]; its line breaks)."""
    breaks = 0
    while at > start:
        place = previous(data, at)
        code, _ = code_at(data, place)
        if not flags[code] & SPACE:
            break
        breaks += code == NEWLINE
        at = place
    return at, breaks


@kernel
def _space_after(data, at, stop, flags):  # type: ignore[no-untyped-def]
    """(where text goes on after the white space at `at`, its line's indentation left; line breaks before it)."""
    breaks = 0
    line = at
    while at < stop:
        code, width = code_at(data, at)
        if not flags[code] & SPACE:
            return line if breaks else at, breaks
        at += width
        if code == NEWLINE:
            breaks += 1
            line = at
    return stop, breaks


@kernel
def _cut(offsets, data, flags, starts, begins, ends, out_offsets, out):  # type: ignore[no-untyped-def]
    size = 0
    for row in range(len(offsets) - 1):
        first = size
        stop = offsets[row + 1]
        kept = offsets[row]  # what stays from here on is not yet written
        for span in range(starts[row], starts[row + 1]):
            left, breaks = _space_before(data, begins[span], kept, flags)
            size = append_bytes(data, kept, left, out, size)
            kept, more = _space_after(data, ends[span], stop, flags)
            if size > first and kept < stop:
                breaks = max(breaks, more, breaks_inside(data, begins[span], ends[span]))
                if breaks or left < begins[span] or kept > ends[span]:
                    size = write_seam(out, size, breaks)
        size = append_bytes(data, kept, stop, out, size)
        out_offsets[row + 1] = size
