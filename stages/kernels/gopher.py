"""Texts in, the counts behind Gopher's quality rules out (Rae et al. 2021, A1.1), one row of counts for each text."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.spaced_words import (
    HAS_LETTER,
    code_at,
    ends_with_ellipsis,
    hash_span,
    is_one_of,
    next_line,
    read_word,
    skip_space,
)
from stages.kernels.text_flags import text_flags

QUALITY_COUNTS = (
    "words",
    "cores",
    "core_chars",
    "letter_words",
    "hashes",
    "ellipses",
    "lines",
    "bullet_lines",
    "ellipsis_lines",
    "stop_words",
)
"""Words; words that are no symbols, and the characters of their cores; words with a letter or mark; `#`; `...` and
`…`; lines that are not blank, those that start with a bullet, those that end in an ellipsis; distinct stop words."""

_HASH, _DOT = 35, 46


def quality_counts(
    texts: pa.Array, stop_words: Sequence[str], bullets: str
) -> dict[str, npt.NDArray[np.int64]]:
    """QUALITY_COUNTS of each text; at most 64 stop words, found as `spell` writes them."""
    offsets, data = string_buffers(texts)
    counts = np.zeros((len(texts), len(QUALITY_COUNTS)), np.int64)
    keys, numbers, longest = _stop_keys(stop_words)
    bullet_codes = np.array([ord(c) for c in bullets], np.int64)
    _count_words(offsets, data, text_flags(), keys, numbers, longest, counts)
    _count_lines(offsets, data, text_flags(), bullet_codes, counts)
    return dict(zip(QUALITY_COUNTS, np.ascontiguousarray(counts.T), strict=True))


def _stop_keys(stop_words: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], int]:
    """The hashes of all spellings, sorted, which stop word each is of, and the bytes of the longest."""
    spellings = {form: i for i, word in enumerate(stop_words) for form in spell(word)}
    encoded = [np.frombuffer(form.encode(), np.uint8) for form in spellings]
    keys = np.array([hash_span(form, 0, len(form)) for form in encoded], np.uint64)
    order = np.argsort(keys)
    numbers = np.array(list(spellings.values()), np.int64)
    return keys[order], numbers[order], max(map(len, encoded), default=0)


def spell(word: str) -> tuple[str, str, str]:
    """The spellings in which a stop word is found."""
    return word, word.capitalize(), word.upper()


@numba.njit(cache=True, nogil=True)
def _count_words(offsets, data, flags, keys, numbers, longest, counts):  # type: ignore[no-untyped-def]
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        words = 0
        cores = 0
        core_total = 0
        letter_words = 0
        seen = np.uint64(0)
        while True:
            at = skip_space(data, at, stop, flags)
            if at >= stop:
                break
            at, _, _, core_chars, start, end, union = read_word(data, at, stop, flags)
            words += 1
            cores += core_chars > 0
            core_total += core_chars
            letter_words += union & HAS_LETTER != 0
            if core_chars and end - start <= longest:
                key = hash_span(data, start, end)
                place = np.searchsorted(keys, key)
                if place < len(keys) and keys[place] == key:
                    seen |= np.uint64(1) << np.uint64(numbers[place])
        stops = 0
        while seen:
            seen &= seen - np.uint64(1)
            stops += 1
        counts[row, 0] = words
        counts[row, 1] = cores
        counts[row, 2] = core_total
        counts[row, 3] = letter_words
        counts[row, 9] = stops


@numba.njit(cache=True, nogil=True)
def _count_lines(offsets, data, flags, bullets, counts):  # type: ignore[no-untyped-def]
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        counts[row, 4], counts[row, 5] = _count_symbols(data, at, stop)
        while at < stop:
            start, end, at = next_line(data, at, stop, flags)
            if start < end:
                first, _ = code_at(data, start)
                counts[row, 6] += 1
                counts[row, 7] += is_one_of(first, bullets)
                counts[row, 8] += ends_with_ellipsis(data, start, end)


@numba.njit(cache=True, nogil=True)
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
