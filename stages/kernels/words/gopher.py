"""Texts in, the counts behind Gopher's quality rules out (Rae et al. 2021, A1.1), one row of counts for each text."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.text_flags import ALONE, ALPHABETIC, SOLID, text_flags
from stages.kernels.unicode.utf8 import previous
from stages.kernels.words.spaced_words import (
    HASH_BASIS,
    WORDS_AT_ONCE,
    code_at,
    ends_with_ellipsis,
    fill_words,
    find_core,
    hash_code_point,
    hash_code_points,
    is_one_of,
    next_line,
    room_for_words,
)


class _Count(IntEnum):
    """Columns of the counts.

    Words; words that are no symbols, and the characters of their cores; words with a letter or mark; `#`; `...` and
    `…`; lines that are not blank, those that start with a bullet, those that end in an ellipsis; distinct stop words.
    """

    (
        WORDS,
        CORES,
        CORE_CHARS,
        LETTER_WORDS,
        HASHES,
        ELLIPSES,
        LINES,
        BULLET_LINES,
        ELLIPSIS_LINES,
        STOP_WORDS,
    ) = range(10)


QUALITY_COUNTS = tuple(count.name.lower() for count in _Count)
"""The names of the columns, in order."""

_HASH, _DOT = 35, 46
_MAYBE_SIZE = 1024
_MAYBE_MASK = np.uint64(_MAYBE_SIZE - 1)


class StopTable(NamedTuple):
    """Hashes of all spellings, sorted; the number of each one's stop word; the low bits that occur; bytes at most.

    `reach` is the most characters of one in a language whose words are not written apart, else 0.
    """

    keys: npt.NDArray[np.uint64]
    numbers: npt.NDArray[np.int64]
    maybe: npt.NDArray[np.bool_]
    longest: int
    reach: int


def quality_counts(
    texts: pa.Array, stop_words: Sequence[str], bullets: str, spaced: bool = True
) -> dict[str, npt.NDArray[np.int64]]:
    """QUALITY_COUNTS of each text; at most 64 stop words, found as `spell` writes them.

    In a language whose words are not written apart (`spaced` is false) a stop word may stand anywhere, and symbols that stand
    beside a character are no word, as those at the end of a written word are none.
    """
    offsets, data = string_buffers(texts)
    counts = np.zeros((len(texts), len(QUALITY_COUNTS)), np.int64)
    bullet_codes = np.array([ord(c) for c in bullets], np.int64)
    _count_words(
        offsets, data, text_flags(), _stop_table(tuple(stop_words), spaced), room_for_words(), counts
    )
    _count_lines(offsets, data, text_flags(), bullet_codes, counts)
    return dict(zip(QUALITY_COUNTS, np.ascontiguousarray(counts.T), strict=True))


def spell(word: str) -> tuple[str, str, str]:
    """The spellings in which a stop word is found."""
    return word, word.capitalize(), word.upper()


@lru_cache(maxsize=128)
def _stop_table(stop_words: tuple[str, ...], spaced: bool) -> StopTable:
    spellings = {form: i for i, word in enumerate(stop_words) for form in spell(word)}
    encoded = [np.frombuffer(form.encode(), np.uint8) for form in spellings]
    keys = np.array([hash_code_points(form, 0, len(form)) for form in encoded], np.uint64)
    order = np.argsort(keys)
    maybe = np.zeros(_MAYBE_SIZE, np.bool_)
    maybe[(keys % _MAYBE_SIZE).astype(np.int64)] = True
    numbers = np.array(list(spellings.values()), np.int64)
    reach = 0 if spaced else max(map(len, spellings), default=1)
    return StopTable(keys[order], numbers[order], maybe, max(map(len, encoded), default=0), reach)


@kernel
def _count_words(offsets, data, flags, stops, words, counts):  # type: ignore[no-untyped-def]
    for row in range(len(offsets) - 1):
        at = offsets[row]
        seen = np.uint64(0)
        count = WORDS_AT_ONCE
        while count == WORDS_AT_ONCE:
            count, at = fill_words(data, at, offsets[row + 1], flags, words)
            seen |= _add_words(data, offsets[row], offsets[row + 1], flags, stops, words, count, counts[row])
        while seen:
            seen &= seen - np.uint64(1)
            counts[row, _Count.STOP_WORDS] += 1


@kernel
def _add_words(data, text_start, text_stop, flags, stops, words, count, sums):  # type: ignore[no-untyped-def]
    """Add words[:count] to `sums`; the stop words among them, a bit for each."""
    seen = np.uint64(0)
    cores = 0
    core_chars = 0
    letter_words = 0
    attached = 0
    for i in range(count):
        start = words.starts[i]
        end = words.ends[i]
        key = words.hashes[i]
        letter_words += words.flags[i] & ALPHABETIC != 0
        core_chars += words.chars[i]
        first = data[start]
        last = data[end - 1]
        if not (first < 0x80 and last < 0x80 and flags[first] & flags[last] & SOLID):
            start, end, outside = find_core(data, start, end, flags)
            core_chars -= outside
            if outside and end - start <= stops.longest:
                key = hash_code_points(data, start, end)
            if stops.reach and start == end:
                attached += _is_attached(data, text_start, words.starts[i], words.ends[i], text_stop, flags)
            elif stops.reach and words.flags[i] & ALONE:
                seen |= _stop_words_from(data, start, text_stop, flags, stops)
        cores += start < end
        if start < end and end - start <= stops.longest:
            seen |= _stop_word(key, stops)
    sums[_Count.WORDS] += count - attached
    sums[_Count.CORES] += cores
    sums[_Count.CORE_CHARS] += core_chars
    sums[_Count.LETTER_WORDS] += letter_words
    return seen


@kernel(inline="always")
def _stop_word(key, stops):  # type: ignore[no-untyped-def]
    """The bit of the stop word with this hash, or 0."""
    if stops.maybe[key & _MAYBE_MASK]:
        place = np.searchsorted(stops.keys, key)
        if place < len(stops.keys) and stops.keys[place] == key:
            return np.uint64(1) << np.uint64(stops.numbers[place])
    return np.uint64(0)


@kernel
def _stop_words_from(data, at, stop, flags, stops):  # type: ignore[no-untyped-def]
    """The bits of the stop words that begin at the character `at` of a script without spaces."""
    seen = np.uint64(0)
    key = HASH_BASIS
    for _ in range(stops.reach):
        if at >= stop:
            break
        code, width = code_at(data, at)
        if not flags[code] & ALONE:
            break
        key = hash_code_point(key, code)
        seen |= _stop_word(key, stops)
        at += width
    return seen


@kernel
def _is_attached(data, text_start, start, end, text_stop, flags):  # type: ignore[no-untyped-def]
    """Whether the word data[start:end] stands beside a character of a script without spaces."""
    if start > text_start:
        code, _ = code_at(data, previous(data, start))
        if flags[code] & ALONE:
            return True
    if end < text_stop:
        code, _ = code_at(data, end)
        return flags[code] & ALONE != 0
    return False


@kernel
def _count_lines(offsets, data, flags, bullets, counts):  # type: ignore[no-untyped-def]
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        counts[row, _Count.HASHES], counts[row, _Count.ELLIPSES] = _count_symbols(data, at, stop)
        while at < stop:
            start, end, at = next_line(data, at, stop, flags)
            if start < end:
                first, _ = code_at(data, start)
                counts[row, _Count.LINES] += 1
                counts[row, _Count.BULLET_LINES] += is_one_of(first, bullets)
                counts[row, _Count.ELLIPSIS_LINES] += ends_with_ellipsis(data, start, end)


@kernel
def _count_symbols(data, start, stop):  # type: ignore[no-untyped-def]
    """(`#`, ellipses) in data[start:stop]; six dots are two ellipses, as `str.count` has it."""
    hashes = 0
    ellipses = 0
    dots = 0
    for at in range(start, stop):
        byte = data[at]
        hashes += byte == _HASH
        if byte == _DOT:
            dots += 1
            if dots == 3:
                ellipses += 1
                dots = 0
        else:
            dots = 0
            if byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] == 0xA6:
                ellipses += 1
    return hashes, ellipses
