"""Texts in, what C4's line rules leave of them and the counts behind its document rules out (Raffel et al. 2020, 2.2).

The order of the tests is that of the code that made C4: word length, citations, end mark, number of words,
document phrases, line phrases, curly bracket. A line that fails a test is removed and not looked at further.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import large_strings, string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.lines.sentences import count_sentences
from stages.kernels.match.phrases import count_phrases, phrase_table
from stages.kernels.unicode.text_flags import JOINS, text_flags
from stages.kernels.unicode.utf8 import previous
from stages.kernels.words.spaced_words import code_at, count_words, is_one_of, next_line


class _Count(IntEnum):
    """Columns of the counts.

    Lines removed; in lines that reach the test: places that begin a document phrase, `{`; in lines kept: sentences.
    """

    REMOVED_LINES, DOCUMENT_PHRASES, CURLY_BRACKETS, SENTENCES = range(4)


C4_COUNTS = tuple(count.name.lower() for count in _Count)
"""The names of the columns, in order."""

_OPEN, _CLOSE, _CURLY, _DOT = 91, 93, 123, 46
_NOTES = np.frombuffer(b"[edit][citation needed]", np.uint8)
_EDIT_BYTES = 6


class LineTests(NamedTuple):
    """A line must end in one of `endings` (any end when empty) but not in `...`, and have `min_words` words.

    `spaces_end`: the language has no end marks, so a space ends a sentence.
    """

    endings: npt.NDArray[np.int64]
    min_words: int
    max_word_chars: int
    remove_citations: bool
    spaces_end: bool = False


def c4_lines(
    texts: pa.Array, tests: LineTests, document_phrases: Sequence[str], line_phrases: Sequence[str]
) -> tuple[pa.Array, dict[str, npt.NDArray[np.int64]]]:
    """The lines kept, joined by `\\n`, as large_string, and C4_COUNTS of each text."""
    offsets, data = string_buffers(texts)
    counts = np.zeros((len(texts), len(C4_COUNTS)), np.int64)
    out_offsets = np.zeros(len(texts) + 1, np.int64)
    out = np.empty(int(offsets[-1] - offsets[0]) + 1, np.uint8)
    _filter(
        offsets,
        data,
        text_flags(),
        tests,
        phrase_table(document_phrases),
        phrase_table(line_phrases),
        out_offsets,
        out,
        counts,
    )
    kept = large_strings(out_offsets, out[: out_offsets[-1]])
    return kept, dict(zip(C4_COUNTS, np.ascontiguousarray(counts.T), strict=True))


@kernel
def _filter(offsets, data, flags, tests, page, notices, out_offsets, out, counts):  # type: ignore[no-untyped-def]
    at_out = 0
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        first = at_out  # where this text starts in `out`
        while at < stop:
            start, end, at = next_line(data, at, stop, flags)
            if start == end:
                continue
            begin = at_out + (at_out > first)
            line_end = begin
            words, longest = count_words(data, start, end, flags)
            keep = longest <= tests.max_word_chars
            if keep:
                line_end = _copy_line(data, start, end, flags, tests.remove_citations, out, begin)
                if line_end - begin != end - start:
                    words, _ = count_words(out, begin, line_end, flags)
                keep = words >= tests.min_words and _ends_well(out, begin, line_end, tests.endings)
            if keep:
                counts[row, _Count.DOCUMENT_PHRASES] += count_phrases(out, begin, line_end, page)
                keep = count_phrases(out, begin, line_end, notices) == 0
            if not keep:
                counts[row, _Count.REMOVED_LINES] += 1
                continue
            for place in range(begin, line_end):
                counts[row, _Count.CURLY_BRACKETS] += out[place] == _CURLY
            counts[row, _Count.SENTENCES] += count_sentences(out, begin, line_end, flags, tests.spaces_end)
            if begin > at_out:
                out[at_out] = 10
            at_out = line_end
        out_offsets[row + 1] = at_out


@kernel
def _copy_line(data, at, end, flags, remove_citations, out, begin):  # type: ignore[no-untyped-def]
    """Write data[at:end] to out[begin:], without citations and the white space around; where it ends."""
    place = begin
    while at < end:
        if data[at] == _OPEN and remove_citations:
            after = _citation_end(data, at, end)
            if after > at and (after == end or not flags[code_at(data, after)[0]] & JOINS):
                at = after
                continue
        out[place] = data[at]
        place += 1
        at += 1
    start, stop, _ = next_line(out, begin, place, flags)
    if start > begin:
        for i in range(stop - start):
            out[begin + i] = out[start + i]
    return begin + stop - start


@kernel
def _citation_end(data, at, end):  # type: ignore[no-untyped-def]
    """Where the citation at `at` ends: digits or nothing in brackets, [edit] or [citation needed]; `at` if none."""
    place = at + 1
    while place < end and 48 <= data[place] <= 57:
        place += 1
    if place < end and data[place] == _CLOSE:
        return place + 1
    for first, last in ((0, _EDIT_BYTES), (_EDIT_BYTES, len(_NOTES))):
        equal = 0
        while equal < last - first and at + equal < end and data[at + equal] == _NOTES[first + equal]:
            equal += 1
        if equal == last - first:
            return at + equal
    return at


@kernel
def _ends_well(text, start, end, endings):  # type: ignore[no-untyped-def]
    if len(endings) == 0:
        return True
    if start == end:
        return False
    last, _ = code_at(text, previous(text, end))
    three_dots = (
        end - start >= 3 and text[end - 1] == _DOT and text[end - 2] == _DOT and text[end - 3] == _DOT
    )
    return is_one_of(last, endings) and not three_dots
