"""Texts in, the counts behind Gopher's repetition rules out (Rae et al. 2021, table A1), one row for each text.

Time is linear in the text: an n-gram that occurs once is not looked at again for longer n-grams.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.hash.first_equal import count_repeats
from stages.kernels.hash.hash_table import MIN_SLOTS, cleared, find_or_add, slots_for
from stages.kernels.hash.hashing import xxh64
from stages.kernels.unicode.text_flags import ALONE, text_flags
from stages.kernels.words.spaced_words import (
    WORDS_AT_ONCE,
    count_chars,
    fill_words,
    next_line,
    room_for_words,
)
from stages.kernels.words.words import mix64

TOP_NGRAMS = (2, 3, 4)
DUPLICATE_NGRAMS = (5, 6, 7, 8, 9, 10)
"""With TOP_NGRAMS every n from 2 on, as the places of an n-gram are narrowed to those of the next longer one."""


class _Count(IntEnum):
    """Columns of the counts before those of n-grams.

    Characters, and those up to the last word judged; lines that are not blank, those that came before and their
    characters; the same of paragraphs (lines between blank ones).
    """

    (
        CHARS,
        JUDGED_CHARS,
        LINES,
        DUPLICATE_LINES,
        DUPLICATE_LINE_CHARS,
        PARAGRAPHS,
        DUPLICATE_PARAGRAPHS,
        DUPLICATE_PARAGRAPH_CHARS,
    ) = range(8)


REPETITION_COUNTS = (
    *(count.name.lower() for count in _Count),
    *(f"top_{n}_gram_chars" for n in TOP_NGRAMS),
    *(f"duplicate_{n}_gram_chars" for n in DUPLICATE_NGRAMS),
)
"""The names of the columns, in order.

The last are by n: characters of the most frequent n-gram, with a space between words, times its count (the first of
those equally frequent); characters of n-grams that came before, without spaces, where the n-gram after such a one
begins behind it."""

MAX_WORDS = (1 << 24) - 2
"""Words of a text whose n-grams can be judged: places, and sums of characters, are int32."""

_FIRST_NGRAM = len(_Count)
_SHORTEST, _LONGEST_TOP, _LONGEST = TOP_NGRAMS[0], TOP_NGRAMS[-1], DUPLICATE_NGRAMS[-1]
_BASE = np.uint64(0x9E3779B97F4A7C15)


def repetition_counts(texts: pa.Array, max_words: int, step: int = 1) -> dict[str, npt.NDArray[np.int64]]:
    """REPETITION_COUNTS of each text; n-grams are those of its first `max_words` words.

    Where a word of `spaced_words` is but a character, an n-gram has n * `step` of them.
    """
    offsets, data = string_buffers(texts)
    counts = np.zeros((len(texts), len(REPETITION_COUNTS)), np.int64)
    _count_lines(offsets, data, text_flags(), counts)
    _count_ngrams(offsets, data, text_flags(), max_words, step, room_for_words(), counts)
    return dict(zip(REPETITION_COUNTS, np.ascontiguousarray(counts.T), strict=True))


@kernel
def fill_lines(data, at, stop, flags, keys, chars, breaks):  # type: ignore[no-untyped-def]
    """(number, keys, chars, breaks) of the lines of data[at:stop] that are not blank; full arrays are replaced.

    `keys` are hashes (uint64), `chars` lengths (int32), `breaks` says whether a blank line, or none, stands before.
    """
    count = 0
    after_blank = True
    while at < stop:
        start, end, at = next_line(data, at, stop, flags)
        if start == end:
            after_blank = True
            continue
        if count == len(keys):
            keys = np.concatenate((keys, np.empty_like(keys)))
            chars = np.concatenate((chars, np.empty_like(chars)))
            breaks = np.concatenate((breaks, np.empty_like(breaks)))
        keys[count] = xxh64(data, start, end, np.uint64(0))
        chars[count] = count_chars(data, start, end)
        breaks[count] = after_blank
        after_blank = False
        count += 1
    return count, keys, chars, breaks


@kernel
def _count_lines(offsets, data, flags, counts):  # type: ignore[no-untyped-def]
    keys = np.empty(1024, np.uint64)
    chars = np.empty(1024, np.int32)
    breaks = np.empty(1024, np.bool_)
    slots = np.zeros(4096, np.int32)
    for row in range(len(offsets) - 1):
        counts[row, _Count.CHARS] = count_chars(data, offsets[row], offsets[row + 1])
        lines, keys, chars, breaks = fill_lines(
            data, offsets[row], offsets[row + 1], flags, keys, chars, breaks
        )
        counts[row, _Count.LINES] = lines
        repeats, repeated_chars, slots = count_repeats(keys, chars, lines, slots)
        counts[row, _Count.DUPLICATE_LINES] = repeats
        counts[row, _Count.DUPLICATE_LINE_CHARS] = repeated_chars
        paragraphs = _join_paragraphs(keys, chars, breaks, lines)
        counts[row, _Count.PARAGRAPHS] = paragraphs
        repeats, repeated_chars, slots = count_repeats(keys, chars, paragraphs, slots)
        counts[row, _Count.DUPLICATE_PARAGRAPHS] = repeats
        counts[row, _Count.DUPLICATE_PARAGRAPH_CHARS] = repeated_chars


@kernel
def _join_paragraphs(keys, chars, breaks, lines):  # type: ignore[no-untyped-def]
    """Turn keys and chars of lines into those of paragraphs, in place; the number of paragraphs."""
    last = -1
    for line in range(lines):
        if breaks[line]:
            last += 1
            keys[last] = mix64(keys[line])
            chars[last] = chars[line]
        else:
            keys[last] = mix64(keys[last] * _BASE + keys[line])
            chars[last] += chars[line] + 1
    return last + 1


@kernel
def _count_ngrams(offsets, data, flags, max_words, step, words, counts):  # type: ignore[no-untyped-def]
    # Before word i: `sums` rolls the hashes of all words, `chars` adds their lengths, `gaps` the spaces between.
    sums = np.zeros(WORDS_AT_ONCE + 1, np.uint64)
    chars = np.zeros(WORDS_AT_ONCE + 1, np.int32)
    gaps = np.zeros(WORDS_AT_ONCE + 1, np.int32)
    live = np.empty(0, np.int32)
    first = np.empty(0, np.int32)
    times = np.empty(0, np.int32)
    slots = np.zeros(MIN_SLOTS, np.int32)
    keys = np.empty(0, np.uint64)
    for row in range(len(offsets) - 1):
        at = offsets[row]
        total = 0
        used = 0
        spaced = False  # whether the word before is of a script with spaces
        count = WORDS_AT_ONCE
        while count == WORDS_AT_ONCE and total < max_words:
            count, at = fill_words(data, at, offsets[row + 1], flags, words)
            if total + count >= len(sums):
                sums = np.concatenate((sums, np.zeros_like(sums)))
                chars = np.concatenate((chars, np.zeros_like(chars)))
                gaps = np.concatenate((gaps, np.zeros_like(gaps)))
            used = min(count, max_words - total)
            spaced = _add_words(words, used, sums, chars, gaps, total, spaced)
            total += used
        judged = offsets[row + 1] if total < max_words else words.ends[used - 1]
        counts[row, _Count.JUDGED_CHARS] = count_chars(data, offsets[row], judged)
        if total > len(live):
            live = np.empty(2 * total, np.int32)
            first = np.empty(2 * total, np.int32)
            times = np.empty(2 * total, np.int32)
            slots = np.zeros(slots_for(2 * total), np.int32)
            keys = np.empty(2 * total, np.uint64)
        _measure_ngrams(sums, chars, gaps, total, step, live, first, times, slots, keys, counts[row])


@kernel
def _add_words(words, count, sums, chars, gaps, at, spaced):  # type: ignore[no-untyped-def]
    """Write words[:count] behind the `at` words that are there; whether the last one is of a script with spaces."""
    for i in range(count):
        before = spaced
        spaced = words.flags[i] & ALONE == 0
        sums[at + 1] = sums[at] * _BASE + mix64(words.hashes[i])
        chars[at + 1] = chars[at] + words.chars[i]
        gaps[at + 1] = gaps[at] + (spaced and before)
        at += 1
    return spaced


@kernel
def _measure_ngrams(sums, chars, gaps, words, step, live, first, times, slots, keys, counts):  # type: ignore[no-untyped-def]
    num_live = max(0, words - _SHORTEST * step + 1)
    for i in range(num_live):
        live[i] = i
    leap = _BASE
    for _ in range(step - 1):
        leap *= _BASE
    power = leap
    for size in range(_SHORTEST, _LONGEST + 1):
        n = size * step
        power *= leap
        while num_live and live[num_live - 1] + n > words:
            num_live -= 1
        _, table = cleared(slots, num_live)
        for i in range(num_live):
            place = live[i]
            times[i] = 0
            keys[i] = mix64(sums[place + n] - sums[place] * power)
            head = find_or_add(table, keys[i], keys, i)
            first[i] = head
            times[head] += 1
        column = _FIRST_NGRAM + size - _SHORTEST
        if size <= _LONGEST_TOP:
            counts[column] = _top_chars(chars, gaps, live, first, times, num_live, n, words)
        else:
            counts[column] = _repeated_chars(chars, live, first, times, num_live, n)
        num_live = _narrow(live, first, times, num_live, step)


@kernel
def _narrow(live, first, times, num_live, step):  # type: ignore[no-untyped-def]
    """Keep the places where the next longer n-gram can occur more than once: those that do, `step` before one that does."""
    kept = 0
    for i in range(num_live - step):
        if times[first[i]] > 1 and times[first[i + step]] > 1 and live[i + step] == live[i] + step:
            live[kept] = live[i]
            kept += 1
    return kept


@kernel
def _top_chars(chars, gaps, live, first, times, num_live, n, words):  # type: ignore[no-untyped-def]
    """Characters of the most frequent n-gram times its count; of the text's first one when none occurs twice."""
    best = 1
    place = 0
    for i in range(num_live):
        if first[i] == i and times[i] > best:
            best = times[i]
            place = live[i]
    if place + n > words:
        return 0
    return best * (chars[place + n] - chars[place] + gaps[place + n] - gaps[place + 1])


@kernel
def _repeated_chars(chars, live, first, times, num_live, n):  # type: ignore[no-untyped-def]
    """Characters of n-grams that came before; the next one is looked for behind such a one.

    A first place whose n-gram was seen, and not passed over, has its `times` negative while this runs.
    """
    total = 0
    free = 0
    for i in range(num_live):
        place = live[i]
        head = first[i]
        if place < free:
            continue
        if times[head] < 0:
            total += chars[place + n] - chars[place]
            free = place + n
        else:
            times[head] = -times[head]
    for i in range(num_live):
        times[i] = abs(times[i])
    return total
