"""Texts in, the labels that a fastText model gives them and their probabilities out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.fasttext.grams import append_word_grams, keys_to_rows
from stages.kernels.fasttext.matrix import add_dense_rows, add_row, add_rows
from stages.kernels.fasttext.outputs import best_label, fill_logits, probability, room_for_values
from stages.kernels.fasttext.word_sums import ENDS, UNKNOWN_COLUMNS, fill_sums, find_words
from stages.kernels.unicode.utf8 import end_of_chars
from stages.kernels.words.word_table import PADDING_BYTES

WORDS_AT_ONCE = 1 << 10
"""Words of a text that are found before what they add is added up: places in memory are known early."""

_KEYS_AT_ONCE = 1 << 11
"""n-grams that are looked for before their rows are added: more than begin at one character."""


@kernel
def _add_words(reader, words, entries, count, last, num_last, keys, total):  # type: ignore[no-untyped-def]
    """Add what entries[:count] and the n-grams that end in them add to `total`.

    Returns (rows, words in `last`, whether the text ended); `entries` then has those alone that are words.
    """
    grams, matrix = reader.grams, reader.matrix
    table, bits, buckets, pruned = grams.table, grams.filter, np.uint64(grams.buckets), grams.pruned
    sums, row_counts, hashes = words.sums, words.rows, words.hashes
    with_grams = grams.buckets > 0 and len(last) > 0
    rows = found = known = 0
    ended = False
    for i in range(count):
        entry = entries[i]
        added = row_counts[entry]
        if added < 0:
            ended = added == ENDS
            if ended:
                break
            continue
        rows += added
        entries[known] = entry
        known += 1
        if with_grams:
            if found + len(last) > len(keys):
                found = keys_to_rows(table, pruned, grams.num_words, keys, found)
                add_rows(matrix, keys, found, total)
                rows += found
                found = 0
            found = append_word_grams(bits, buckets, last, num_last, hashes[entry], keys, found)
            num_last = min(num_last + 1, len(last))
    add_dense_rows(sums, entries, known, total)
    if found:
        found = keys_to_rows(table, pruned, grams.num_words, keys, found)
        add_rows(matrix, keys, found, total)
    return rows + found, num_last, ended


class _Room(NamedTuple):
    """What a text is worked on in, reused from text to text: words' entries, unknown words, n-grams, last words' hashes."""

    entries: npt.NDArray[np.int64]
    unknown: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    last: npt.NDArray[np.uint64]


@kernel
def _make_room_for_text(reader, words):  # type: ignore[no-untyped-def]
    at_once = min(WORDS_AT_ONCE, len(words.rows) // 2)
    return _Room(
        np.empty(at_once, np.int64),
        np.empty((at_once, UNKNOWN_COLUMNS), np.int64),
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
        found, num_unknown, at = find_words(words, text, at, size, entries, room.unknown)
        if num_unknown:
            fill_sums(reader, words, text, room.unknown, num_unknown, keys)
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
    """Fill the likeliest label of the first `max_chars` characters of each text, its score, and those of `chosen` labels.

    A label is -1 and a score 0 where the model gives none. A score is nan where the model's numbers overflow.
    """
    text = np.empty(1024, np.uint8)
    total = np.empty(words.sums.shape[1], np.float32)
    room = _make_room_for_text(reader, words)
    values = room_for_values(outputs)
    for row in range(len(offsets) - 1):
        start = offsets[row]
        size = end_of_chars(data, start, offsets[row + 1], max_chars) - start
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
