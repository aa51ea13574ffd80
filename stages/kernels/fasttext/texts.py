"""Texts in, the labels that a fastText model gives them and their probabilities out.

n-grams of characters never leave a word, so what a word adds to a text (the sum of its rows, and how many they are) is kept in
a table. A word's sum is made before it is added to the text's, in the table or not, so what the table holds has no effect.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.fasttext.grams import (
    MAX_GRAM,
    Grams,
    append_word_grams,
    char_grams,
    keys_to_rows,
    marked_part,
)
from stages.kernels.fasttext.matrix import Matrix, add_row, add_rows
from stages.kernels.fasttext.outputs import (
    Outputs,
    best_label,
    fill_logits,
    probability,
    room_for_values,
)
from stages.kernels.fasttext.vocabulary import END_OF_TEXT, Vocabulary, entry_of, is_end, is_label, word_hash
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
    rehash,
)

MAX_WORDS = 1 << 16
MAX_SUM_BYTES = 32 << 20
"""Words of the table, and the bytes of their sums, at most; when it is full, words that were not found again go."""

KEPT_BYTES = 1 << 20
"""Bytes of words longer than 16 bytes in the table."""

WORDS_AT_ONCE = 1 << 10
"""Words of a text that are found before what they add is added up: places in memory are known early."""

_KEYS_AT_ONCE = 1 << 11
_PART_BYTES = 1 << 10
"""N-grams and bytes of a word that are worked on at a time: more than those that begin at one character."""

_ONE_ENTRY = np.uint64(1) << COUNT_SHIFT
_IGNORED, _ENDS = -1, -2
_SPACES = np.zeros(256, np.bool_)
_SPACES[list(b" \n\r\t\v\f\0")] = True


class Reader(NamedTuple):
    """What a text is read with: `end_row` is the row of END_OF_TEXT, or -1; `end_hash` its hash."""

    vocabulary: Vocabulary
    grams: Grams
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


class _Unknown(IntEnum):
    """Columns of a list of words without a sum: entry, where each begins in the text, its bytes."""

    ENTRY, AT, BYTES = range(3)


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
def _fill_sums(reader, words, text, unknown, count, keys):  # type: ignore[no-untyped-def]
    """Fill the entries of unknown[:count] with what their words add to a text."""
    vocabulary, grams, matrix = reader.vocabulary, reader.grams, reader.matrix
    table, bits, buckets, pruned = grams.table, grams.filter, np.uint64(grams.buckets), grams.pruned
    min_chars, max_chars = grams.min_chars, grams.max_chars if grams.buckets else 0
    num_words, sums, rows, hashes = grams.num_words, words.sums, words.rows, words.hashes
    part = np.empty(_PART_BYTES, np.uint8)
    for i in range(count):
        entry, at, length = unknown[i, _Unknown.ENTRY], unknown[i, _Unknown.AT], unknown[i, _Unknown.BYTES]
        hashed = word_hash(text, at, length)
        index = entry_of(vocabulary, text, at, length, hashed)
        total = sums[entry]
        total[:] = 0
        rows[entry] = 0
        hashes[entry] = np.int32(np.uint32(hashed))
        if index >= num_words or (index < 0 and is_label(text, at, length)):
            rows[entry] = _IGNORED
            continue
        if is_end(text, at, length):
            rows[entry] = _ENDS
            continue
        if index >= 0:
            add_row(matrix, index, total)
            rows[entry] = 1
        first = 0
        while max_chars > 0 and first < length + 2:
            size = marked_part(text, at, length, first, part)
            is_last = first + size == length + 2
            found, done = char_grams(
                bits, buckets, min_chars, max_chars, part, size, first, is_last, keys
            )
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


@kernel
def _find_words(words, text, at, size, entries, unknown):  # type: ignore[no-untyped-def]
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
        end = at + 1
        while not _SPACES[text[end]]:  # a space stands behind the text
            end += 1
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
        if meta == 0:  # a word that is too long for the table takes an entry until there is room to make
            unknown[num_unknown, _Unknown.ENTRY] = entry
            unknown[num_unknown, _Unknown.AT], unknown[num_unknown, _Unknown.BYTES] = at, length
            num_unknown += 1
            next_entry += 1
        entries[count] = entry
        count += 1
        at = end
    words.used[0], words.used[1] = next_entry, num_bytes
    return count, num_unknown, at


@kernel
def _add_words(reader, words, entries, count, last, num_last, keys, total):  # type: ignore[no-untyped-def]
    """Add what entries[:count] and the n-grams that end in them add to `total`: (rows, words in `last`, whether the text ended)."""
    grams, matrix = reader.grams, reader.matrix
    table, bits, buckets, pruned = grams.table, grams.filter, np.uint64(grams.buckets), grams.pruned
    sums, row_counts, hashes = words.sums, words.rows, words.hashes
    with_grams = grams.buckets > 0 and len(last) > 0
    rows = found = 0
    ended = False
    for i in range(count):
        entry = np.int64(entries[i])
        if row_counts[entry] < 0:
            ended = row_counts[entry] == _ENDS
            if ended:
                break
            continue
        rows += row_counts[entry]
        for k in range(len(total)):
            total[k] += sums[entry, k]
        if with_grams:
            if found + len(last) > len(keys):
                found = keys_to_rows(table, pruned, grams.num_words, keys, found)
                add_rows(matrix, keys, found, total)
                rows += found
                found = 0
            found = append_word_grams(bits, buckets, last, num_last, hashes[entry], keys, found)
            num_last = min(num_last + 1, len(last))
    if found:
        found = keys_to_rows(table, pruned, grams.num_words, keys, found)
        add_rows(matrix, keys, found, total)
    return rows + found, num_last, ended


@kernel
def _end_of_chars(data, start, stop, max_chars):  # type: ignore[no-untyped-def]
    """Where the first `max_chars` characters of data[start:stop] end."""
    if stop - start <= max_chars:
        return stop
    at, left = start, max_chars
    while stop - at > 64 and left >= 64:
        leads = 0
        for i in range(at, at + 64):
            leads += (data[i] & 0xC0) != 0x80
        left -= leads
        at += 64
    while at < stop:
        if (data[at] & 0xC0) != 0x80:
            if left == 0:
                break
            left -= 1
        at += 1
    return at


class _Room(NamedTuple):
    """What a text is worked on in, reused from text to text: its entries, unknown words, n-grams and last words' hashes."""

    entries: npt.NDArray[np.int32]
    unknown: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    last: npt.NDArray[np.uint64]


@kernel
def _make_room_for_text(reader, words):  # type: ignore[no-untyped-def]
    at_once = min(WORDS_AT_ONCE, len(words.rows) // 2)
    return _Room(
        np.empty(at_once, np.int32),
        np.empty((at_once, 3), np.int64),
        np.empty(_KEYS_AT_ONCE, np.int64),
        np.zeros(max(0, reader.grams.max_words - 1), np.uint64),
    )


@kernel
def _average_rows(reader, words, text, size, room, total):  # type: ignore[no-untyped-def]
    """The mean of the rows of text[:size] in `total`; how many they are."""
    entries, last, keys = room.entries, room.last, room.keys
    total[:] = 0
    count = at = num_last = 0
    ended = False
    while not ended and at < size:
        found, num_unknown, at = _find_words(words, text, at, size, entries, room.unknown)
        if num_unknown:
            _fill_sums(reader, words, text, room.unknown, num_unknown, keys)
        rows, num_last, ended = _add_words(reader, words, entries, found, last, num_last, keys, total)
        count += rows
    if reader.end_row >= 0:
        add_row(reader.matrix, reader.end_row, total)
        count += 1
    if reader.grams.buckets > 0 and len(last) > 0:
        grams = reader.grams
        buckets, end_hash = np.uint64(grams.buckets), np.int32(reader.end_hash)
        found = append_word_grams(grams.filter, buckets, last, num_last, end_hash, keys, 0)
        found = keys_to_rows(grams.table, grams.pruned, grams.num_words, keys, found)
        add_rows(reader.matrix, keys, found, total)
        count += found
    if count:
        total *= np.float32(1.0 / count)
    return count


@kernel
def predict_labels(reader, outputs, words, offsets, data, max_chars, chosen, labels, scores, shares):  # type: ignore[no-untyped-def]
    """Fill the likeliest label of the first `max_chars` characters of each text, its score, and the scores of `chosen` labels.

    A label is -1 and a score 0 where the model gives none. A score is nan where the model's numbers overflow.
    """
    text = np.empty(1024, np.uint8)
    total = np.empty(words.sums.shape[1], np.float32)
    room = _make_room_for_text(reader, words)
    values = room_for_values(outputs)
    for row in range(len(offsets) - 1):
        start = offsets[row]
        size = _end_of_chars(data, start, offsets[row + 1], max_chars) - start
        if size + PADDING_BYTES > len(text):
            text = np.empty(size + (size >> 2) + PADDING_BYTES, np.uint8)
        text[:size] = data[start : start + size]
        text[size : size + PADDING_BYTES] = 0
        labels[row], scores[row] = -1, 0
        shares[row, :] = 0
        if not _average_rows(reader, words, text, size, room, total):
            continue
        if not fill_logits(outputs, total, values):
            scores[row] = np.nan
            continue
        labels[row], scores[row] = best_label(outputs, values)
        for i in range(len(chosen)):
            shares[row, i] = probability(outputs, values, chosen[i])
