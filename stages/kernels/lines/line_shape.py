"""Texts in, the counts behind FineWeb's rules out (Penedo et al. 2024, section 3.5), one row for each text."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.hash.first_equal import count_repeats
from stages.kernels.hash.hashing import xxh64
from stages.kernels.unicode.text_flags import text_flags
from stages.kernels.unicode.utf8 import previous
from stages.kernels.words.spaced_words import NEWLINE, code_at, count_chars, count_words, is_one_of, next_line


class _Count(IntEnum):
    """Columns of the counts.

    Lines that are not blank, those that end in one of `endings`, those of at most `short_chars` characters, characters
    of those that came before; characters but `\\n`; `\\n`; words.
    """

    LINES, ENDED_LINES, SHORT_LINES, DUPLICATE_CHARS, CHARS, NEWLINES, WORDS = range(7)


LINE_COUNTS = tuple(count.name.lower() for count in _Count)
"""The names of the columns, in order."""


def line_counts(texts: pa.Array, endings: str, short_chars: int) -> dict[str, npt.NDArray[np.int64]]:
    """LINE_COUNTS of each text."""
    offsets, data = string_buffers(texts)
    counts = np.zeros((len(texts), len(LINE_COUNTS)), np.int64)
    codes = np.array([ord(c) for c in endings], np.int64)
    _count(offsets, data, text_flags(), codes, short_chars, counts)
    return dict(zip(LINE_COUNTS, np.ascontiguousarray(counts.T), strict=True))


@kernel
def _count(offsets, data, flags, endings, short_chars, counts):  # type: ignore[no-untyped-def]
    keys = np.empty(1024, np.uint64)
    chars = np.empty(1024, np.int32)
    slots = np.zeros(4096, np.int32)
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        newlines = 0
        for place in range(at, stop):
            newlines += data[place] == NEWLINE
        words, _ = count_words(data, at, stop, flags)
        lines = 0
        while at < stop:
            start, end, at = next_line(data, at, stop, flags)
            if start == end:
                continue
            if lines == len(keys):
                keys = np.concatenate((keys, np.empty_like(keys)))
                chars = np.concatenate((chars, np.empty_like(chars)))
            keys[lines] = xxh64(data, start, end, np.uint64(0))
            chars[lines] = count_chars(data, start, end)
            last, _ = code_at(data, previous(data, end))
            counts[row, _Count.ENDED_LINES] += is_one_of(last, endings)
            counts[row, _Count.SHORT_LINES] += chars[lines] <= short_chars
            lines += 1
        counts[row, _Count.LINES] = lines
        _, counts[row, _Count.DUPLICATE_CHARS], slots = count_repeats(keys, chars, lines, slots)
        counts[row, _Count.CHARS] = count_chars(data, offsets[row], stop) - newlines
        counts[row, _Count.NEWLINES] = newlines
        counts[row, _Count.WORDS] = words
