"""Words in, what each adds to a text out: the sum of its rows, their number and its hash, kept in a bounded table.

n-grams of characters never leave a word, so a word adds the same wherever it stands. Its sum is made before it is added to a
text's, whether the table had it or not, so what the table holds has no effect on a result.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.fasttext.grams import GramRows, char_grams, keys_to_rows, marked_part
from stages.kernels.fasttext.matrix import Matrix, add_row, add_rows
from stages.kernels.fasttext.vocabulary import Vocabulary, entry_of, is_end, is_label, word_hash
from stages.kernels.words.word_table import (
    COUNT_SHIFT,
    IDS,
    LOW_HALF,
    MAX_WORD_BYTES,
    META,
    PADDING_BYTES,
    SEEN,
    USED,
    empty_table,
    enter,
    find,
    load_eight,
    rehash,
)

MAX_WORDS = 1 << 19
MAX_SUM_BYTES = 32 << 20
"""Words of the table, and the bytes of their sums, at most; when it is full, words that were not found again go."""

KEPT_BYTES = 8 << 20
"""Bytes of words longer than 16 bytes in the table."""

_PART_BYTES = 1 << 10
"""Bytes of a long word that are worked on at a time: more than the n-grams that begin at one character take."""

_ONE_ENTRY = np.uint64(1) << COUNT_SHIFT
_ONE, _LAST_BYTE = np.uint64(1), np.uint64(56)
_LOW_BITS, _HIGH_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_BELOW = np.uint64(0x2121212121212121)
IGNORED, ENDS = -1, -2
"""Rows of words that add nothing: labels, and the word that ends a text."""

_SPACES = np.zeros(256, np.bool_)
_SPACES[list(b" \n\r\t\v\f\0")] = True


class Reader(NamedTuple):
    """What a text is read with: `end_row` is the row of END_OF_TEXT, or -1; `end_hash` its hash."""

    vocabulary: Vocabulary
    grams: GramRows
    matrix: Matrix
    end_row: int
    end_hash: int


class WordSums(NamedTuple):
    """The table of words: an entry's sum of rows (float32, shape (entries, dim)), its number of rows and its hash.

    `slots` and `kept` are those of `word_table`; `used` says how many entries and bytes of `kept` are taken.
    """

    slots: npt.NDArray[np.uint64]
    kept: npt.NDArray[np.uint8]
    sums: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.int32]
    used: npt.NDArray[np.int64]


class UnknownWord(IntEnum):
    """Columns of a list of words without a sum: entry, where each begins in the text, its bytes."""

    ENTRY, AT, BYTES = range(3)


UNKNOWN_COLUMNS = len(UnknownWord)


def word_sums(dim: int, max_words: int = MAX_WORDS) -> WordSums:
    """An empty table for vectors of `dim` numbers, of 2 words at least."""
    entries = max(2, min(max_words, MAX_SUM_BYTES // (4 * dim)))
    return WordSums(
        empty_table(1 << (2 * entries - 1).bit_length()),
        np.zeros(KEPT_BYTES, np.uint8),
        np.zeros((entries, dim), np.float32),
        np.zeros(entries, np.int64),
        np.zeros(entries, np.int32),
        np.zeros(2, np.int64),
    )


@kernel
def fill_sums(reader, words, text, unknown, count, keys):  # type: ignore[no-untyped-def]
    """Fill the entries of unknown[:count] with what their words add to a text."""
    vocabulary, grams, matrix = reader.vocabulary, reader.grams, reader.matrix
    table, bits, buckets, pruned = grams.table, grams.filter, np.uint64(grams.buckets), grams.pruned
    min_chars, max_chars = grams.min_chars, grams.max_chars if grams.buckets else 0
    num_words, sums, rows, hashes = grams.num_words, words.sums, words.rows, words.hashes
    part = np.empty(_PART_BYTES, np.uint8)
    for i in range(count):
        entry, at, length = (
            unknown[i, UnknownWord.ENTRY],
            unknown[i, UnknownWord.AT],
            unknown[i, UnknownWord.BYTES],
        )
        hashed = word_hash(text, at, length)
        index = entry_of(vocabulary, text, at, length, hashed)
        total = sums[entry]
        total[:] = 0
        rows[entry] = 0
        hashes[entry] = np.int32(np.uint32(hashed))
        if index >= num_words or (index < 0 and is_label(text, at, length)):
            rows[entry] = IGNORED
            continue
        if is_end(text, at, length):
            rows[entry] = ENDS
            continue
        if index >= 0:
            add_row(matrix, index, total)
            rows[entry] = 1
        first = 0
        while max_chars > 0 and first < length + 2:
            size = marked_part(text, at, length, first, part)
            is_last = first + size == length + 2
            found, done = char_grams(bits, buckets, min_chars, max_chars, part, size, first, is_last, keys)
            first += done
            found = keys_to_rows(table, pruned, num_words, keys, found)
            add_rows(matrix, keys, found, total)
            rows[entry] += found


@kernel
def _make_room(words):  # type: ignore[no-untyped-def]
    """Let go of the words that were not found again, or of all when too many were."""
    old, kept = words.slots.copy(), words.kept.copy()
    entries = len(words.rows)
    stays = np.empty(entries, np.int64)
    words.slots[:] = 0
    left, num_bytes, _ = rehash(old, kept, np.arange(entries), words.slots, words.kept, stays, True)
    if 2 * left > entries or 2 * num_bytes > len(kept):
        words.slots[:] = 0
        left, num_bytes = 0, np.int64(0)
    words.sums[:left] = words.sums[stays[:left]]
    words.rows[:left] = words.rows[stays[:left]]
    words.hashes[:left] = words.hashes[stays[:left]]
    words.used[0], words.used[1] = left, num_bytes


@kernel(inline="always")
def _word_end(text, at):  # type: ignore[no-untyped-def]
    """Where white space comes, from text[at] on, looked for in eight bytes at a time; there is some behind the text."""
    while True:
        eight = load_eight(text, at)
        low = (eight - _BELOW) & ~eight & _HIGH_BITS  # the lowest bit is that of the first byte up to a space
        if low == 0:
            at += 8
            continue
        at += np.int64(((((low & -low) - _ONE) & _LOW_BITS) * _LOW_BITS) >> _LAST_BYTE) - 1
        if _SPACES[text[at]]:
            return at
        at += 1


@kernel
def find_words(words, text, at, size, entries, unknown):  # type: ignore[no-untyped-def]
    """The entries of the next words of text[:size] from `at` on, as many as there is room for in `entries`.

    Returns (how many, how many of them are new and in `unknown`, where the rest of the text begins).
    """
    if words.used[0] + len(entries) > len(words.rows) or (
        words.used[1] + len(entries) * MAX_WORD_BYTES + PADDING_BYTES > len(words.kept)
    ):
        _make_room(words)
    slots, kept = words.slots, words.kept
    next_entry, num_bytes = words.used[0], words.used[1]
    count = num_unknown = 0
    while count < len(entries):
        while at < size and _SPACES[text[at]]:
            at += 1
        if at == size:
            break
        end = _word_end(text, at + 1)
        length = end - at
        entry = next_entry
        meta = np.uint64(0)
        if length <= MAX_WORD_BYTES:
            slot, meta = find(slots, kept, text, at, length)
            if meta == 0:
                num_bytes = enter(slots, kept, num_bytes, text, at, length, slot)
                slots[slot, META] |= _ONE_ENTRY
                slots[slot, IDS] |= np.uint64(entry)
            else:
                entry = np.int64(slots[slot, IDS] & LOW_HALF)
                if not meta & USED:
                    slots[slot, META] = meta | (USED if meta & SEEN else SEEN)
        if (
            meta == 0
        ):  # a word that is too long for the table takes an entry that nothing finds, until there is room to make
            unknown[num_unknown, UnknownWord.ENTRY] = entry
            unknown[num_unknown, UnknownWord.AT], unknown[num_unknown, UnknownWord.BYTES] = at, length
            num_unknown += 1
            next_entry += 1
        entries[count] = entry
        count += 1
        at = end
    words.used[0], words.used[1] = next_entry, num_bytes
    return count, num_unknown, at
