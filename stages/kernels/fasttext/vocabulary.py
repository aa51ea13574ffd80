"""The dictionary of a fastText model in, a table of its words and labels out (fastText's dictionary.cc)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import slots_for

ENTRY_TAIL_BYTES = 9
"""Count (int64) and kind (int8) after the text of an entry and its NUL."""

LABEL_MARK = b"__label__"
"""What begins a label in a text; fastText reads it as no word, known or not."""

END_OF_TEXT = b"</s>"
"""The word that ends a text, and that fastText puts at the end of each."""

_END = np.frombuffer(END_OF_TEXT, np.uint8)
_MARK = np.frombuffer(LABEL_MARK, np.uint8)
FNV_OFFSET = np.uint64(2_166_136_261)
"""The hash of nothing."""

_FNV_PRIME = np.uint64(16_777_619)
_SIGN, _LOW_32 = np.uint64(0xFFFFFF00), np.uint64(0xFFFFFFFF)


class Vocabulary(NamedTuple):
    """Entry i is data[starts[i]:starts[i] + lengths[i]]; words come first. `table` has the index + 1 of an entry, or 0."""

    table: npt.NDArray[np.int32]
    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    num_words: int


@kernel
def has_capitals(vocabulary):  # type: ignore[no-untyped-def]
    """Whether a word, and no label, has one of A to Z."""
    for i in range(vocabulary.num_words):
        for k in range(vocabulary.starts[i], vocabulary.starts[i] + vocabulary.lengths[i]):
            if 65 <= vocabulary.data[k] <= 90:
                return True
    return False


@kernel
def read_entries(data, starts, lengths, kinds, counts):  # type: ignore[no-untyped-def]
    """Read as many entries as the arrays have room for from the start of `data`; where they end, -1 if it ends before."""
    at = 0
    for i in range(len(starts)):
        end = at
        while end < len(data) and data[end] != 0:
            end += 1
        if end + 1 + ENTRY_TAIL_BYTES > len(data):
            return -1
        starts[i], lengths[i] = at, end - at
        count = np.uint64(0)
        for k in range(8):
            count |= np.uint64(data[end + 1 + k]) << np.uint64(8 * k)
        counts[i], kinds[i] = np.int64(count), data[end + ENTRY_TAIL_BYTES]
        at = end + 1 + ENTRY_TAIL_BYTES
    return at


@kernel(inline="always")
def fnv_step(value, byte):  # type: ignore[no-untyped-def]
    """One byte of fastText's 32-bit FNV-1a, which reads bytes as signed numbers; `value` uint64."""
    lane = np.uint64(byte)
    if byte >= 128:
        lane |= _SIGN
    return ((value ^ lane) * _FNV_PRIME) & _LOW_32


@kernel
def word_hash(data, at, length):  # type: ignore[no-untyped-def]
    """fastText's hash of data[at:at + length], uint64 below 2**32."""
    value = FNV_OFFSET
    for i in range(at, at + length):
        value = fnv_step(value, data[i])
    return value


@kernel(inline="always")
def _equal(data, at, other, start, length):  # type: ignore[no-untyped-def]
    same = True
    for i in range(length):
        if data[at + i] != other[start + i]:
            same = False
            break
    return same


@kernel
def _slot_of(vocabulary, data, at, length, hashed):  # type: ignore[no-untyped-def]
    """The slot of a word or label, or the free one where it would go."""
    table, mask = vocabulary.table, np.uint64(len(vocabulary.table) - 1)
    slot = hashed & mask
    while table[slot]:
        i = table[slot] - 1
        if vocabulary.lengths[i] == length and _equal(
            data, at, vocabulary.data, vocabulary.starts[i], length
        ):
            break
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def entry_of(vocabulary, data, at, length, hashed):  # type: ignore[no-untyped-def]
    """The index of data[at:at + length], which has the hash `hashed`, among words and labels; -1 when it is none."""
    return np.int64(vocabulary.table[_slot_of(vocabulary, data, at, length, hashed)]) - 1


@kernel
def fill_vocabulary(vocabulary):  # type: ignore[no-untyped-def]
    """Fill the empty table; the last of equal entries counts, as in fastText.

    The index of a label that is there twice, or -1.
    """
    twice = -1
    for i in range(len(vocabulary.starts)):
        start, length = vocabulary.starts[i], vocabulary.lengths[i]
        slot = _slot_of(vocabulary, vocabulary.data, start, length, word_hash(vocabulary.data, start, length))
        if vocabulary.table[slot] and i >= vocabulary.num_words:
            twice = i
        vocabulary.table[slot] = i + 1
    return twice


@kernel
def is_label(data, at, length):  # type: ignore[no-untyped-def]
    """Whether data[at:at + length] begins as labels do."""
    return length >= len(_MARK) and _equal(data, at, _MARK, 0, len(_MARK))


@kernel
def is_end(data, at, length):  # type: ignore[no-untyped-def]
    """Whether data[at:at + length] is END_OF_TEXT."""
    return length == len(_END) and _equal(data, at, _END, 0, len(_END))


def make_vocabulary(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    num_words: int,
) -> tuple[Vocabulary, int]:
    """The vocabulary, and the index of a label that is there twice, or -1."""
    table = np.zeros(slots_for(max(1, len(starts))), np.int32)
    vocabulary = Vocabulary(table, data, starts, lengths, num_words)
    return vocabulary, int(fill_vocabulary(vocabulary))
