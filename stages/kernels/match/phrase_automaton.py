"""Words and phrases of any script in, an Aho-Corasick automaton over folded code points, and its matches in texts, out.

A match stands between characters that are no letter, number or `_`, as C4's list of bad words is read; where a script
puts no spaces between words (Han, kana, Thai, Khmer, ...) it may stand anywhere. Case is folded, a run of white space is
one space.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.hash.hash_table import find_key, slots_for, spread
from stages.kernels.unicode.code_points import (
    CODE_MASK,
    NUM_CODE_POINTS,
    WORD_KIND_SHIFT,
    WORD_MULTIPLE,
    word_tables,
)
from stages.kernels.unicode.text_flags import ALONE, ALPHABETIC, SOLID, SPACE, text_flags
from stages.kernels.words.spaced_words import code_at, count_words

_SPACE_CODE = 32
_UNDERSCORE = 95
_NONE = -1


class Automaton(NamedTuple):
    """State 0 is the root; an edge is an open-addressed entry (state, code) -> state.

    `lengths` holds for each state the folded characters of the longest phrase that ends there (0: none), `outputs` the
    state of the next shorter phrase that ends there too (0: none), `phrase` the phrase's number, or -1.
    """

    keys: npt.NDArray[np.uint64]
    targets: npt.NDArray[np.int32]
    fails: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    phrase: npt.NDArray[np.int32]
    starts: npt.NDArray[np.bool_]
    max_length: int


@cache
def _folding() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """What each code point is under case folding (in the form of `word_tables`), for all code points."""
    words, multiple = word_tables(False)
    table = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    kinds = (words >> WORD_KIND_SHIFT) & 3
    folded = np.isin(kinds, (1, 3))  # a letter, or a character that is a word of its own
    table[folded] = words[folded] & np.uint32(CODE_MASK | WORD_MULTIPLE)
    table.flags.writeable = False
    return table, multiple


def fold_phrase(phrase: str) -> str:
    """A phrase as the automaton holds it: NFC, case folded, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFC", phrase).casefold().split())


def phrase_automaton(phrases: Sequence[str]) -> Automaton:
    """The automaton of folded phrases, none of them empty."""
    edges: list[dict[int, int]] = [{}]
    phrase_of = [_NONE]
    for number, phrase in enumerate(phrases):
        state = 0
        for character in phrase:
            code = ord(character)
            if code not in edges[state]:
                edges[state][code] = len(edges)
                edges.append({})
                phrase_of.append(_NONE)
            state = edges[state][code]
        if phrase_of[state] == _NONE:
            phrase_of[state] = number
    fails, outputs = _links(edges, phrase_of)
    lengths = [0 if number == _NONE else len(phrases[number]) for number in phrase_of]
    starts = np.zeros(NUM_CODE_POINTS, np.bool_)
    starts[list(edges[0])] = True
    keys, targets = _edge_table(edges)
    return Automaton(
        keys,
        targets,
        np.array(fails, np.int32),
        np.array(lengths, np.int32),
        np.array(outputs, np.int32),
        np.array(phrase_of, np.int32),
        starts,
        max(map(len, phrases)),
    )


def _links(edges: list[dict[int, int]], phrase_of: list[int]) -> tuple[list[int], list[int]]:
    """For each state that of its longest proper suffix, and that of its longest suffix which is a phrase."""
    fails, outputs = [0] * len(edges), [0] * len(edges)
    queue = deque(edges[0].values())
    while queue:
        state = queue.popleft()
        for code, target in edges[state].items():
            at = fails[state]
            while at and code not in edges[at]:
                at = fails[at]
            found = edges[at].get(code, 0)
            fails[target] = found if found != target else 0
            suffix = fails[target]
            outputs[target] = suffix if phrase_of[suffix] != _NONE else outputs[suffix]
            queue.append(target)
    return fails, outputs


def _edge_table(
    edges: list[dict[int, int]],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    size = slots_for(sum(len(found) for found in edges))
    keys, targets = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    listed = [(state, code, target) for state, found in enumerate(edges) for code, target in found.items()]
    states, codes, to = (np.array(column, np.int64) for column in zip(*listed, strict=True))
    _fill_table(states, codes, to, keys, targets)
    return keys, targets


@kernel(inline="always")
def _key(state, code):  # type: ignore[no-untyped-def]
    """Never 0, which marks an empty place."""
    return ((np.uint64(state) << np.uint64(21)) | np.uint64(code)) + np.uint64(1)


@kernel
def _fill_table(states, codes, to, keys, targets):  # type: ignore[no-untyped-def]
    for i in range(len(states)):
        key = _key(states[i], codes[i])
        at = find_key(keys, spread(key), key)
        keys[at] = key
        targets[at] = to[i]


@kernel(inline="always")
def _step(keys, targets, fails, state, code):  # type: ignore[no-untyped-def]
    """The state after `code`: along an edge, or along that of the longest suffix which has one."""
    while True:
        key = _key(state, code)
        at = find_key(keys, spread(key), key)
        if keys[at] == key:
            state = np.int64(targets[at])
            break
        if state == 0:
            break
        state = np.int64(fails[state])
    return state


def count_listed_phrases(
    texts: pa.Array, auto: Automaton
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Of each text: matches that do not overlap, words, and the number of the first phrase found (-1: none)."""
    offsets, data = string_buffers(texts)
    counts = np.zeros(len(texts), np.int64)
    words = np.zeros(len(texts), np.int64)
    first = np.full(len(texts), _NONE, np.int32)
    table, multiple = _folding()
    _count(offsets, data, text_flags(), table, multiple, auto, counts, words, first)
    return counts, words, first


@kernel(inline="always")
def _in_word(code, flags):  # type: ignore[no-untyped-def]
    """Whether a neighbour of this kind stands in the way of a match."""
    flag = flags[code]
    return (flag & (SOLID | ALPHABETIC) != 0 or code == _UNDERSCORE) and flag & ALONE == 0


@kernel
def _count(offsets, data, flags, table, multiple, auto, counts, words, first):  # type: ignore[no-untyped-def]
    # the arrays one by one: handing the tuple to a function for every character costs ten times as much
    keys, targets, fails, lengths, outputs = auto.keys, auto.targets, auto.fails, auto.lengths, auto.outputs
    starts, phrase = auto.starts, auto.phrase
    # before[k]: whether a match may begin at folded character k of the text; the size is a power of two, k wraps around
    size = 1
    while size < auto.max_length + multiple.shape[1] + 1:
        size *= 2
    before = np.zeros(size, np.bool_)
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        words[row], _ = count_words(data, at, stop, flags)
        state = np.int64(0)
        folded = 0
        free_from = 0
        boundary = True
        was_space = False
        while at < stop:
            code, width = code_at(data, at)
            at += width
            is_space = flags[code] & SPACE != 0
            if is_space and was_space:
                continue
            was_space = is_space
            alone = flags[code] & ALONE != 0
            may_begin = boundary or alone
            boundary = not _in_word(code, flags)
            entry = table[_SPACE_CODE] if is_space else table[code]
            several = entry & WORD_MULTIPLE != 0
            folds_to = np.int64(entry & CODE_MASK)
            if state == 0 and (not may_begin or (not several and not starts[folds_to])):
                continue
            for i in range(multiple.shape[1] if several else 1):
                if several:
                    code = np.int64(multiple[folds_to, i])
                    if code == 0:
                        break
                else:
                    code = folds_to
                before[folded & (size - 1)] = may_begin and i == 0
                folded += 1
                state = _step(keys, targets, fails, state, code)
            # the longest phrase that ends here, begins at a boundary and does not overlap the last match
            end = state
            while end:
                length = lengths[end]
                if length and folded - length >= free_from and before[(folded - length) & (size - 1)]:
                    break
                end = np.int64(outputs[end])
            if end and (alone or at >= stop or not _in_word(code_at(data, at)[0], flags)):
                counts[row] += 1
                free_from = folded
                if first[row] == _NONE:
                    first[row] = phrase[end]
