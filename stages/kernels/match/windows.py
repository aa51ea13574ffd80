"""Texts in, anchors and hashes of their windows (n words in a row) out: what finds equal windows with little talk.

Winnowing (Schleimer, Wilkerson and Aiken 2003): of the grams in a window, some words each, the one with the least
hash is an anchor. Equal windows have equal least hashes, so only windows with an anchor that others have too can
have a twin; about one place in a quarter of a window is an anchor. A text of fewer words than a window has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import string_buffers
from stages.kernels.compiled import kernel
from stages.kernels.unicode.code_points import word_tables
from stages.kernels.words.words import mix64, next_word

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_PRIME = np.uint64(4294967291)  # 2^32 - 5: a field, where the sums modulo 2^64 are only a ring
_PRIME_BASE = np.uint64(2654435769)

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]


def gram_words(window_words: int) -> int:
    """Words in a gram: half a window, so that a window has as many grams as a gram has words."""
    return (window_words + 1) // 2


@dataclass(frozen=True)
class Anchors:
    """Anchors of a batch of texts in order: hash, row of the text, and place of the gram's first word."""

    keys: Keys
    rows: Rows
    places: Rows


def find_anchors(texts: pa.Array, seeds: Keys, window_words: int) -> Anchors:
    """The anchors of each text; texts with different seeds share none."""
    offsets, data = string_buffers(texts)
    table, multiple = word_tables(False)
    most = int(offsets[-1] - offsets[0]) // 2 + len(
        texts
    )  # a word and what parts it from the next: two bytes
    keys, rows, places = np.empty(most, np.uint64), np.empty(most, np.uint32), np.empty(most, np.uint32)
    count = _find_anchors(
        offsets, data, table, multiple, seeds, window_words, gram_words(window_words), keys, rows, places
    )
    return Anchors(keys[:count].copy(), rows[:count].copy(), places[:count].copy())


@dataclass(frozen=True)
class Windows:
    """Windows of a batch of texts in order: a hash of 96 bits, row of the text, and place of the first word."""

    highs: Keys
    lows: Rows
    rows: Rows
    places: Rows


def hash_windows(
    texts: pa.Array, seeds: Keys, window_words: int, starts: npt.NDArray[np.int64], anchors: Rows
) -> Windows:
    """The windows of each text whose anchor is listed: text i lists anchors[starts[i]:starts[i + 1]], ascending."""
    offsets, data = string_buffers(texts)
    table, multiple = word_tables(False)
    gram = gram_words(window_words)
    most = len(anchors) * (window_words - gram + 1)
    highs, lows = np.empty(most, np.uint64), np.empty(most, np.uint32)
    rows, places = np.empty(most, np.uint32), np.empty(most, np.uint32)
    count = _hash_windows(
        offsets, data, table, multiple, seeds, window_words, gram, starts, anchors, highs, lows, rows, places
    )
    return Windows(highs[:count].copy(), lows[:count].copy(), rows[:count].copy(), places[:count].copy())


def hash_all_windows(keys: Keys, starts: npt.NDArray[np.int64], seeds: Keys, window_units: int) -> Windows:
    """Every window of each text, whose units (sentences, say) have the hashes keys[starts[i]:starts[i + 1]]."""
    counts = np.maximum(np.diff(starts) - window_units + 1, 0)
    ends = np.cumsum(counts)
    rows = np.repeat(np.arange(len(counts)), counts).astype(np.uint32)
    places = (np.arange(len(rows)) - np.repeat(ends - counts, counts)).astype(np.uint32)
    highs, lows = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint32)
    _hash_all_windows(keys, starts, seeds, window_units, highs, lows)
    return Windows(highs, lows, rows, places)


@kernel(inline="always")
def _power(base, exponent):  # type: ignore[no-untyped-def]
    value = np.uint64(1)
    for _ in range(exponent):
        value *= base
    return value


@kernel
def _slide(grams, slot, least, key):  # type: ignore[no-untyped-def]
    """Put `key` into `slot` of the last grams; (slot of the least one, how many grams ago it was).

    `least` is the slot of the least one so far, -1 when there is none. A new gram takes over only when it is
    less, and the last of equal ones does when the least has left: so the place of the least never goes back.
    """
    grams[slot] = key
    if least >= 0 and least != slot:
        return slot if key < grams[least] else least
    best = slot
    i = slot
    for _ in range(len(grams) - 1):
        i = i - 1 if i else len(grams) - 1
        if grams[i] < grams[best]:
            best = i
    return best


@kernel
def _find_anchors(offsets, data, table, multiple, seeds, window, gram, keys, rows, places):  # type: ignore[no-untyped-def]
    width = window - gram + 1
    grams = np.empty(width, np.uint64)
    recent = np.empty(gram, np.uint64)
    leaving = _power(_BASE, gram)
    size = 0
    for row in range(len(offsets) - 1):
        recent[:] = 0
        grams[:] = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
        words = word_slot = gram_slot = 0
        least = sent = -1
        rolled = np.uint64(0)
        at = offsets[row]
        while True:
            word, at, found = next_word(data, at, offsets[row + 1], table, multiple)
            if not found:
                break
            rolled = rolled * _BASE + word - recent[word_slot] * leaving
            recent[word_slot] = word
            word_slot = word_slot + 1 if word_slot + 1 < gram else 0
            words += 1
            if words < gram:
                continue
            least = _slide(grams, gram_slot, least, mix64(rolled * _SPREAD ^ seeds[row]))
            if words >= window:
                age = gram_slot - least if least <= gram_slot else gram_slot - least + width
                place = words - gram - age
                if place != sent:
                    keys[size], rows[size], places[size] = grams[least], row, place
                    size += 1
                    sent = place
            gram_slot = gram_slot + 1 if gram_slot + 1 < width else 0
    return size


@kernel(inline="always")
def _power_modulo(exponent):  # type: ignore[no-untyped-def]
    value = np.uint64(1)
    for _ in range(exponent):
        value = value * _PRIME_BASE % _PRIME
    return value


@kernel(inline="always")
def _roll(high, low, key, left, leaving_high, leaving_low):  # type: ignore[no-untyped-def]
    """Both hashes of a window, modulo 2^64 and modulo _PRIME, when `key` enters it and `left` leaves."""
    high = high * _BASE + key - left * leaving_high
    low = (low * _PRIME_BASE + (key >> np.uint64(32))) % _PRIME
    low = (low + _PRIME - (left >> np.uint64(32)) % _PRIME * leaving_low % _PRIME) % _PRIME
    return high, low


@kernel
def _hash_all_windows(keys, starts, seeds, window, highs, lows):  # type: ignore[no-untyped-def]
    leaving_high, leaving_low = _power(_BASE, window), _power_modulo(window)
    size = 0
    for row in range(len(starts) - 1):
        high, low = np.uint64(0), np.uint64(0)
        for unit in range(starts[row], starts[row + 1]):
            left = keys[unit - window] if unit >= starts[row] + window else np.uint64(0)
            high, low = _roll(high, low, keys[unit], left, leaving_high, leaving_low)
            if unit >= starts[row] + window - 1:
                highs[size] = mix64(high * _SPREAD ^ seeds[row])
                lows[size] = low
                size += 1


@kernel
def _hash_windows(  # type: ignore[no-untyped-def]
    offsets, data, table, multiple, seeds, window, gram, starts, anchors, highs, lows, rows, places
):
    width = window - gram + 1
    grams = np.empty(width, np.uint64)
    recent = np.empty(window, np.uint64)
    leaving_gram, leaving_window = _power(_BASE, gram), _power(_BASE, window)
    leaving_low = _power_modulo(window)
    size = 0
    for row in range(len(offsets) - 1):
        anchor = starts[row]
        recent[:] = 0
        grams[:] = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
        words = word_slot = gram_slot = 0
        least = -1
        rolled, high, low = np.uint64(0), np.uint64(0), np.uint64(0)
        at = offsets[row]
        while anchor < starts[row + 1]:
            word, at, found = next_word(data, at, offsets[row + 1], table, multiple)
            if not found:
                break
            before = word_slot - gram if word_slot >= gram else word_slot - gram + window
            left = recent[word_slot]
            rolled = rolled * _BASE + word - recent[before] * leaving_gram
            high, low = _roll(high, low, word, left, leaving_window, leaving_low)
            recent[word_slot] = word
            word_slot = word_slot + 1 if word_slot + 1 < window else 0
            words += 1
            if words < gram:
                continue
            least = _slide(grams, gram_slot, least, mix64(rolled * _SPREAD ^ seeds[row]))
            if words >= window:
                age = gram_slot - least if least <= gram_slot else gram_slot - least + width
                place = words - gram - age
                while anchor < starts[row + 1] and anchors[anchor] < place:
                    anchor += 1
                if anchor < starts[row + 1] and anchors[anchor] == place:
                    highs[size] = mix64(high * _SPREAD ^ seeds[row])
                    lows[size], rows[size], places[size] = low, row, words - window
                    size += 1
            gram_slot = gram_slot + 1 if gram_slot + 1 < width else 0
    return size


@kernel
def find_twins(order, highs, lows, ranks, nodes, places, window, keep_first):  # type: ignore[no-untyped-def]
    """For each window the index of an equal one because of which it is removed, or -1 when it stays.

    `order` sorts `highs`. The first of equal windows, by rank, node and place, stays (or goes with the others,
    without `keep_first`); so do those that overlap it in its own text.
    """
    twins = np.full(len(order), -1, np.int64)
    seen = np.zeros(len(order), np.bool_)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and highs[order[stop]] == highs[order[start]]:
            stop += 1
        for i in range(start, stop if stop - start > 1 else start):
            if not seen[i]:
                _find_group(
                    order[i:stop], seen[i:stop], lows, ranks, nodes, places, window, keep_first, twins
                )
        start = stop
    return twins


@kernel(inline="always")
def _before(one, other, ranks, nodes, places):  # type: ignore[no-untyped-def]
    if ranks[one] != ranks[other]:
        return ranks[one] < ranks[other]
    if nodes[one] != nodes[other]:
        return nodes[one] < nodes[other]
    return places[one] < places[other]


@kernel
def _find_group(group, seen, lows, ranks, nodes, places, window, keep_first, twins):  # type: ignore[no-untyped-def]
    low = lows[group[0]]
    first = group[0]
    for i in range(len(group)):
        if lows[group[i]] == low and _before(group[i], first, ranks, nodes, places):
            first = group[i]
    second = -1
    for i in range(len(group)):
        one = group[i]
        if lows[one] != low:
            continue
        seen[i] = True
        if nodes[one] != nodes[first] or places[one] >= places[first] + window:
            twins[one] = first
            if second < 0 or _before(one, second, ranks, nodes, places):
                second = one
    if second < 0 or keep_first:
        return
    for i in range(len(group)):
        if lows[group[i]] == low and twins[group[i]] < 0:
            twins[group[i]] = second
