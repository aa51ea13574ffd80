r"""Texts in, 64-bit keys of their lines out, by CCNet's rules (Wenzek et al. 2020); and lines cut out.

Lines are what `\n` separates: `a\n` is `a` and an empty line. A line is blank when it holds white space only.
The key is CCNet's normalised line; its hash is XXH64 where CCNet takes 8 bytes of SHA-1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import Bytes, Offsets, large_strings, string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.hash.hashing import xxh64
from stages.kernels.unicode.code_points import (
    CODE_MASK,
    LINE_CASED,
    LINE_IGNORABLE,
    LINE_REMOVED,
    LINE_SPACE,
    LINE_SPECIAL,
    line_table,
)
from stages.kernels.unicode.utf8 import decode, encode, previous

_NEWLINE = 10
_CAPITAL_SIGMA, _SIGMA, _FINAL_SIGMA, _DOT_ABOVE = 0x3A3, 0x3C3, 0x3C2, 0x307


@dataclass(frozen=True)
class Lines:
    """The lines of a batch of texts: text i has lines starts[i]:starts[i + 1]; line j ends before ends[j]."""

    offsets: Offsets
    data: Bytes
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    blank: npt.NDArray[np.bool_]

    def rows(self) -> npt.NDArray[np.int64]:
        """Row of the text that each line belongs to, shape (lines,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def hash_lines(texts: pa.Array, seeds: npt.NDArray[np.uint64]) -> Lines:
    """Split `texts` and hash the key of every line with its text's seed, shape (rows,), uint64."""
    offsets, data = string_buffers(texts)
    starts = _count_lines(offsets, data)
    ends = np.empty(starts[-1], np.int64)
    longest = _end_lines(offsets, data, starts, ends)
    hashes = np.empty(starts[-1], np.uint64)
    blank = np.empty(starts[-1], np.bool_)
    scratch = np.empty(2 * longest + 8, np.uint8)
    _hash_lines(offsets, data, starts, ends, seeds, line_table(), scratch, hashes, blank)
    return Lines(offsets, data, starts, ends, hashes, blank)


def normalize_line(line: str) -> str:
    """CCNet's key of one line, by the kernel."""
    _, data = string_buffers(pa.array([line], pa.large_string()))
    out = np.empty(2 * len(data) + 8, np.uint8)
    length, _ = _normalize(data, 0, len(line.encode()), line_table(), out)
    return out[:length].tobytes().decode()


@kernel
def _count_lines(offsets, data):  # type: ignore[no-untyped-def]
    starts = np.zeros(len(offsets), np.int64)
    for row in range(len(offsets) - 1):
        count = 1
        for at in range(offsets[row], offsets[row + 1]):
            count += data[at] == _NEWLINE
        starts[row + 1] = starts[row] + count
    return starts


@kernel
def _end_lines(offsets, data, starts, ends):  # type: ignore[no-untyped-def]
    longest = 0
    for row in range(len(offsets) - 1):
        line = starts[row]
        begin = offsets[row]
        for at in range(offsets[row], offsets[row + 1]):
            if data[at] == _NEWLINE:
                ends[line] = at
                line += 1
                longest = max(longest, at - begin)
                begin = at + 1
        ends[line] = offsets[row + 1]
        longest = max(longest, offsets[row + 1] - begin)
    return longest


@kernel
def _hash_lines(offsets, data, starts, ends, seeds, table, scratch, hashes, blank):  # type: ignore[no-untyped-def]
    for row in range(len(offsets) - 1):
        begin = offsets[row]
        for line in range(starts[row], starts[row + 1]):
            length, empty = _normalize(data, begin, ends[line], table, scratch)
            hashes[line] = xxh64(scratch, 0, length, seeds[row])
            blank[line] = empty
            begin = ends[line] + 1


@kernel
def _normalize(data, start, stop, table, out):  # type: ignore[no-untyped-def]
    """Write the key of the line data[start:stop] to `out`; (its length in bytes, whether the line is
    blank)."""
    while start < stop:
        code, width = decode(data, start)
        if not table[code] & LINE_SPACE:
            break
        start += width
    while stop > start:
        before = previous(data, stop)
        code, _ = decode(data, before)
        if not table[code] & LINE_SPACE:
            break
        stop = before
    length = 0
    at = start
    while at < stop:
        byte = data[at]
        if byte < 0x80:
            entry = table[byte]
            out[length] = entry & 0x7F
            length += not entry & LINE_REMOVED
            at += 1
            continue
        code, width = decode(data, at)
        entry = table[code]
        if entry & LINE_SPECIAL:
            length = _lower_special(data, start, at, stop, code, table, out, length)
        elif not entry & LINE_REMOVED:
            length = encode(numba.int64(entry & CODE_MASK), out, length)
        at += width
    return length, start == stop


@kernel
def _lower_special(data, start, at, stop, code, table, out, length):  # type: ignore[no-untyped-def]
    if code != _CAPITAL_SIGMA:  # U+0130 becomes an i and a dot above
        return encode(_DOT_ABOVE, out, encode(105, out, length))
    place = at
    cased = False
    while place > start:
        place = previous(data, place)
        other, _ = decode(data, place)
        if not table[other] & LINE_IGNORABLE:
            cased = table[other] & LINE_CASED != 0
            break
    place = at + 2
    while cased and place < stop:
        other, width = decode(data, place)
        if not table[other] & LINE_IGNORABLE:
            cased = table[other] & LINE_CASED == 0
            break
        place += width
    return encode(_FINAL_SIGMA if cased else _SIGMA, out, length)


def cut_lines(lines: Lines, removed: npt.NDArray[np.bool_]) -> pa.Array:
    """The texts without their `removed` lines, shape (lines,), as large_string.

    A blank line next to a removed one goes with it when it would double another blank line, or start or end
    the text, so that a removed paragraph leaves one paragraph break and not two.
    """
    offsets = np.zeros(len(lines.starts), np.int64)
    sizes = int(lines.offsets[-1] - lines.offsets[0])
    data = np.empty(sizes, np.uint8)
    _cut(lines.offsets, lines.data, lines.starts, lines.ends, lines.blank, removed, offsets, data)
    return large_strings(offsets, data[: offsets[-1]])


@kernel
def _cut(offsets, data, starts, ends, blank, removed, out_offsets, out):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(len(offsets) - 1):
        first = at  # where this text starts in `out`
        begin = offsets[row]
        written = 0
        solid_end = first  # after the last line that is not blank
        last_blank = True
        gap = False  # a line was removed since the last one that is not blank
        for line in range(starts[row], starts[row + 1]):
            end = ends[line]
            if removed[line]:
                gap = True
            elif not (blank[line] and gap and last_blank):
                if written:
                    out[at] = _NEWLINE
                    at += 1
                for i in range(begin, end):
                    out[at] = data[i]
                    at += 1
                written += 1
                last_blank = blank[line]
                if not last_blank:
                    gap = False
                    solid_end = at
            begin = end + 1
        if gap and last_blank:
            at = solid_end
        out_offsets[row + 1] = at
