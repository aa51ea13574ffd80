"""n-grams of characters and of words in, rows of a fastText matrix out (Bojanowski et al. 2017; fastText's dictionary.cc).

An n-gram's row is its hash modulo the buckets; a pruned model has rows of some of them, found in a table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.fasttext.vocabulary import FNV_OFFSET, fnv_step
from stages.kernels.hash.hash_table import SPREAD, SPREAD_SHIFT, slots_for

MAX_GRAM = 100
"""Characters or words of an n-gram, at most: a file that asks for more would take the square of a text's length."""

MAX_CHAR_BYTES = 4
"""Of a character in UTF-8."""

_BEGIN, _END = np.uint8(ord("<")), np.uint8(ord(">"))
_WORD_FACTOR = np.uint64(116_049_371)
_KEY_SHIFT, _ROW_MASK, _ONE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1)
_WORD_SHIFT, _BIT_MASK = np.uint64(6), np.uint64(63)
_BITS_PER_GRAM = 16
"""Of the filter: one in sixteen n-grams that a pruned model has not is looked up all the same."""


class GramRows(NamedTuple):
    """How n-grams are made and where their rows are: `buckets` 0 where there are none.

    Characters of an n-gram are `min_chars` to `max_chars`, words 2 to `max_words`; rows come after those of `num_words`.
    Where `pruned`, those in `table` alone are there: hash modulo buckets << 32 | row + 1, or 0 where a slot is free.
    `filter` has a bit for the low bits of each, so that most of the others cost one look.
    """

    buckets: int
    min_chars: int
    max_chars: int
    max_words: int
    num_words: int
    pruned: bool
    table: npt.NDArray[np.uint64]
    filter: npt.NDArray[np.uint64]


def gram_table(
    pairs: npt.NDArray[np.int32] | None,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """`table` and `filter` of the n-grams that a pruned model keeps, `pairs` of hash and row.

    The last of equal hashes counts, as in fastText. None where all are kept: then the filter lets all through.
    """
    if pairs is None:
        return np.zeros(1, np.uint64), np.full(1, 2**64 - 1, np.uint64)
    count = max(1, len(pairs))
    table = np.zeros(slots_for(count), np.uint64)
    bits = np.zeros(max(1, slots_for(count, _BITS_PER_GRAM) // 64), np.uint64)
    _fill_pruned(table, bits, pairs)
    return table, bits


@kernel(inline="always")
def _pruned_slot(table, key):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(table) - 1)
    slot = ((key * SPREAD) >> SPREAD_SHIFT) & mask
    while table[slot] and table[slot] >> _KEY_SHIFT != key:
        slot = (slot + _ONE) & mask
    return slot


@kernel
def _fill_pruned(table, bits, pairs):  # type: ignore[no-untyped-def]
    mask = np.uint64(64 * len(bits) - 1)
    for i in range(len(pairs)):
        key = np.uint64(pairs[i, 0])
        table[_pruned_slot(table, key)] = (key << _KEY_SHIFT) | np.uint64(pairs[i, 1] + 1)
        bits[(key & mask) >> _WORD_SHIFT] |= _ONE << (key & _BIT_MASK)


@kernel(inline="always")
def append_gram(bits, buckets, hashed, keys, count):  # type: ignore[no-untyped-def]
    """Append an n-gram with the hash `hashed` (uint64) to keys[:count], unless the filter says no; the new count."""
    key = hashed % buckets
    keys[count] = np.int64(key)
    place = key & np.uint64(64 * len(bits) - 1)
    return count + np.int64((bits[place >> _WORD_SHIFT] >> (place & _BIT_MASK)) & _ONE)


@kernel(inline="always")
def keys_to_rows(table, pruned, num_words, keys, count):  # type: ignore[no-untyped-def]
    """Put rows in the place of the n-grams keys[:count]; those that a pruned model has not go. The new count."""
    found = count
    if pruned:
        found = 0
        for i in range(count):
            slot = table[_pruned_slot(table, np.uint64(keys[i]))]
            keys[found] = num_words + np.int64(slot & _ROW_MASK) - 1
            found += slot != 0
    else:
        for i in range(count):
            keys[i] += num_words
    return found


@kernel
def marked_part(data, at, length, first, part):  # type: ignore[no-untyped-def]
    """Write bytes of the word data[at:at + length] between `<` and `>`, from byte `first` on, to `part`.

    A 0 stands behind them. How many they are: all that follow, or what there is room for.
    """
    size = min(length + 2 - first, len(part) - 1)
    begin = 1 if first == 0 else 0
    if begin:
        part[0] = _BEGIN
    stop = min(length + 1, first + size)
    for i in range(first + begin, stop):
        part[i - first] = data[at + i - 1]
    if first + size == length + 2:
        part[size - 1] = _END
    part[size] = 0
    return size


@kernel
def char_grams(bits, buckets, min_chars, max_chars, part, size, first, is_last, keys):  # type: ignore[no-untyped-def]
    """The n-grams of characters that begin in part[:size], bytes of a word from `first` on (`is_last`: to its end).

    They fill `keys` as far as all that begin at a character have room and are surely in `part`. (How many, bytes done).
    """
    stop = size if is_last else size - MAX_CHAR_BYTES * max_chars
    room = len(keys) - max_chars
    count = i = 0
    while i < stop and count <= room:
        value = FNV_OFFSET
        j = after = i
        for chars in range(1, max_chars + 1):
            value = fnv_step(value, part[j])
            j += 1
            while part[j] & 0xC0 == 0x80:
                value = fnv_step(value, part[j])
                j += 1
            is_mark = False
            if chars == 1:
                after = j
                is_mark = first + i == 0 or (is_last and j == size)
            if chars >= min_chars and not is_mark:
                count = append_gram(bits, buckets, value, keys, count)
            if j >= size:
                break
        i = after
    return count, i


@kernel(inline="always")
def append_word_grams(bits, buckets, last, num_last, hashed, keys, count):  # type: ignore[no-untyped-def]
    """Append the n-grams of words that end in a word with the hash `hashed` (int32) to keys[:count]; the new count.

    last[j] (uint64) is the hash of the j + 1 words before, for j < `num_last`; it becomes that of the words up to this one.
    """
    lane = np.uint64(np.int64(hashed))
    for j in range(num_last - 1, -1, -1):
        value = last[j] * _WORD_FACTOR + lane
        count = append_gram(bits, buckets, value, keys, count)
        if j + 1 < len(last):
            last[j + 1] = value
    last[0] = lane
    return count
