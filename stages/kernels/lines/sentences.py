"""Texts in, their sentences (C4's unit of duplicates: Raffel et al. 2020, section 2.2) and 64-bit keys of them out.

A line ends a sentence; inside it the marks of all scripts do (`text_flags`), behind five words at least, as many as
C4 asks of a line. There is no list of abbreviations: those five, and that a single letter with a full stop ends nothing,
spare most of them (`Mr. Smith`, `J. R. R. Tolkien`, `1/2 tsp. Salt`), and a name cut in two is cut so everywhere. What
has no word is part of the sentence before or behind it in its line, and a line without words of none. A key is a hash
of the words, case folded (`words.next_word`): punctuation and white space say nothing, numbers do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import Bytes, Offsets, string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import IGNORED, LETTER, SINGLE, WORD_KIND_SHIFT, word_tables
from stages.kernels.unicode.text_flags import CLOSER, LOWER, SPACE, TERMINAL, WIDE_TERMINAL, text_flags
from stages.kernels.unicode.utf8 import previous
from stages.kernels.words.spaced_words import code_at, next_line
from stages.kernels.words.words import mix64, next_word, word_bounds

_BASE = np.uint64(0x9E3779B97F4A7C15)
_FULL_STOP = 46
_OPENING_QUOTE, _GUILLEMET = 0x201C, 0xAB
"""“ and «, which close in some languages: between two spaces, as in French, they open, where other quotes close."""


MIN_SENTENCE_WORDS = 5
"""Of a sentence that a mark ends and another one follows in its line: Raffel et al. 2020, section 2.2, of lines."""


@dataclass(frozen=True)
class TextSentences:
    """The sentences of a batch of texts: text i has starts[i]:starts[i + 1]; sentence j is data[begins[j]:ends[j]]."""

    offsets: Offsets
    data: Bytes
    starts: npt.NDArray[np.int64]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


def find_sentences(texts: pa.Array) -> TextSentences:
    """The sentences of each text."""
    offsets, data = string_buffers(texts)
    starts = np.zeros(len(offsets), np.int64)
    # a sentence has a word and, but for the last one of a text, a mark or line break behind it
    most = int(offsets[-1] - offsets[0]) // 2 + len(texts)
    begins, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    count = _find(offsets, data, text_flags(), word_tables(False)[0], starts, begins, ends)
    return TextSentences(offsets, data, starts, begins[:count].copy(), ends[:count].copy())


def sentence_keys(sentences: TextSentences) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The key of each sentence and how many words it has, shape (sentences,)."""
    keys = np.empty(len(sentences.begins), np.uint64)
    words = np.zeros(len(sentences.begins), np.int64)
    _hash(sentences.data, sentences.begins, sentences.ends, *word_tables(False), keys, words)
    return keys, words


@kernel
def next_sentence(text, at, end, flags, spaces_end):  # type: ignore[no-untyped-def]
    """(where the sentence at `at` of the line text[at:end] ends, where the next one starts).

    A sentence ends at an end mark, with what closes quotes and brackets behind it, before a space and a character
    that is no lower-case letter; at an end mark of a script without spaces, before anything; and with the line. With
    `spaces_end` it also ends before a space. A quote or bracket that stands right before the next one opens that.
    """
    stop = at  # behind the last character that is no space
    something = False
    ended = False
    parted = False
    spaced = False  # the last character was a space
    opener = opener_code = before_opener = -1
    while at < end:
        code, width = code_at(text, at)
        flag = flags[code]
        if flag & SPACE:
            ended |= spaces_end and something
            parted |= ended
            spaced = True
            if opener_code != _OPENING_QUOTE and opener_code != _GUILLEMET:
                opener = opener_code = -1
            at += width
            continue
        if flag & (TERMINAL | WIDE_TERMINAL):
            ended = True
            parted |= flag & WIDE_TERMINAL != 0
            something = True
            opener = opener_code = -1
        elif ended and flag & CLOSER:
            if not spaces_end and opener < 0 and (spaced or (parted and code == _OPENING_QUOTE)):
                opener, opener_code, before_opener = at, code, stop
        else:
            if ended and parted and not flag & LOWER:
                return (stop, at) if opener < 0 else (before_opener, opener)
            ended = False
            parted = False
            something = True
            opener = opener_code = -1
        spaced = False
        at += width
        stop = at
    return stop, end


@kernel
def count_sentences(text, at, end, flags, spaces_end):  # type: ignore[no-untyped-def]
    """Sentences in the line text[at:end], as `next_sentence` finds them."""
    sentences = 0
    while at < end:
        stop, following = next_sentence(text, at, end, flags, spaces_end)
        sentences += stop > at
        at = following
    return sentences


@kernel
def _words_at_most(data, at, end, table, most):  # type: ignore[no-untyped-def]
    """Words in data[at:end], or `most` when there are more."""
    words = 0
    while words < most:
        first, _, at = word_bounds(data, at, end, table)
        if first < 0:
            break
        words += 1
    return words


@kernel
def _ends_in_letter(data, start, end, table):  # type: ignore[no-untyped-def]
    """Whether the last word of data[start:end], in a script with spaces, is one character before a full stop."""
    place = end
    while place > start:
        place = previous(data, place)
        code, width = code_at(data, place)
        kind = (table[code] >> WORD_KIND_SHIFT) & 3
        if kind == SINGLE:
            return False
        if kind == LETTER:
            if place + width == end or data[place + width] != _FULL_STOP:
                return False
            if place == start:
                return True
            before, _ = code_at(data, previous(data, place))
            kind = (table[before] >> WORD_KIND_SHIFT) & 3
            return kind != LETTER and kind != IGNORED
    return False


@kernel
def _line_sentences(data, start, end, flags, table, begins, ends, count):  # type: ignore[no-untyped-def]
    """Write where the sentences of the line data[start:end] begin and end behind the first `count`; the new count."""
    before = count
    begin = at = start
    words = 0
    while at < end:
        stop, following = next_sentence(data, at, end, flags, False)
        if words < MIN_SENTENCE_WORDS:
            words += _words_at_most(data, at, stop, table, MIN_SENTENCE_WORDS - words)
        goes_on = words < MIN_SENTENCE_WORDS or _ends_in_letter(data, at, stop, table)
        at = following
        if at < end and goes_on:
            continue
        if words:
            begins[count] = begin
            ends[count] = stop
            count += 1
        elif count > before:
            ends[count - 1] = stop
        begin = at
        words = 0
    return count


@kernel
def _find(offsets, data, flags, table, starts, begins, ends):  # type: ignore[no-untyped-def]
    count = 0
    for row in range(len(offsets) - 1):
        at = offsets[row]
        while at < offsets[row + 1]:
            start, end, at = next_line(data, at, offsets[row + 1], flags)
            count = _line_sentences(data, start, end, flags, table, begins, ends, count)
        starts[row + 1] = count
    return count


@kernel
def _hash(data, begins, ends, table, multiple, keys, words):  # type: ignore[no-untyped-def]
    for index in range(len(begins)):
        key = np.uint64(0)
        at = begins[index]
        while True:
            word, at, found = next_word(data, at, ends[index], table, multiple)
            if not found:
                break
            key = key * _BASE + word
            words[index] += 1
        keys[index] = mix64(key)
