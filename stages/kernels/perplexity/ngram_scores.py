"""Ids of words in, log10 of their probabilities out, from KenLM's hash tables (Heafield 2011, "KenLM", 3.1: probing).

The file is one array of 32-bit units. A table of n-grams is `buckets` entries of a 64-bit key, a probability and, but for the
longest n-grams, a back-off; a key of 0 is a free bucket, and who is not found before one is not there. An n-gram's key is
made from its last word backwards, so each longer one goes on from the key before. Sums are of single precision and in KenLM's
order: the scores are equal to its own, bit by bit.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel

MAX_ORDER = 6
"""Words in an n-gram at most: kenlm's own bound as its package is compiled."""

BLOCK = 1024
"""Words that are looked up at a time."""

MISSING = -1
NOT_THERE, GOES_ON, ENDS = range(3)
"""Of an n-gram: the model does not have it; a longer one may end in it; none does."""

MIDDLE_UNITS, LONGEST_UNITS, WORD_UNITS = 4, 3, 3
"""Units of an entry: key, probability, back-off; key, probability; key, id."""

_FIRST = np.uint64(8978948897894561157)
_SECOND = np.uint64(17894857484156487943)
_HIGH = np.uint64(32)
_SIGN = np.uint32(0x80000000)
"""Of a probability: no longer n-gram ends in this one."""


@kernel(inline="always")
def _find(units, start, buckets, width, key, bucket):  # type: ignore[no-untyped-def]
    """Where the values of `key`, which belongs into `bucket`, lie in the table at `start`, or MISSING."""
    for _ in range(buckets):  # a sound table has a free bucket
        at = start + bucket * width
        found = np.uint64(units[at]) | (np.uint64(units[at + 1]) << _HIGH)
        if found == key:
            return at + 2
        if found == 0:
            return np.int64(MISSING)
        bucket += 1
        if bucket == buckets:
            bucket = 0
    return np.int64(MISSING)


@kernel
def word_ids(units, start, buckets, hashes):  # type: ignore[no-untyped-def]
    """Ids (uint32) of the words with these hashes; 0, the unknown word, of those that are not there."""
    out = np.zeros(len(hashes), np.uint32)
    for i in range(len(hashes)):
        bucket = np.int64(hashes[i] % np.uint64(buckets))
        at = _find(units, start, buckets, WORD_UNITS, hashes[i], bucket)
        if at != MISSING:
            out[i] = units[at]
    return out


@kernel
def _look_up_words(units, values, unigrams, ids, probs, backoffs, states):  # type: ignore[no-untyped-def]
    """Probability, back-off and state of every word of a block."""
    for place in range(len(ids)):
        at = unigrams + 2 * np.int64(ids[place])
        probs[place] = -abs(values[at])
        backoffs[place] = values[at + 1]
        states[place] = ENDS if units[at] & _SIGN else GOES_ON


@kernel
def _first_buckets(ids, at, depths, keys, shorter, before, num_buckets, places, buckets):  # type: ignore[no-untyped-def]
    """Which places of a block have an n-gram of `before` + 1 words to look up, and the bucket each belongs into; how many."""
    count = 0
    for place in range(len(depths)):
        if shorter[place] != GOES_ON or depths[place] < before:
            continue
        word = np.uint64(ids[at + place - before])
        keys[place] = (keys[place] * _FIRST) ^ ((word + np.uint64(1)) * _SECOND)
        places[count], buckets[count] = place, np.int64(keys[place] % np.uint64(num_buckets))
        count += 1
    return count


@kernel
def _find_all(units, start, num_buckets, width, keys, places, buckets, held, hits):  # type: ignore[no-untyped-def]
    """Where the values of all keys lie that are in the table: `hits` (at most len(places), 2) gets place and unit; how many.

    Round by round, a bucket each: a loop that only reads has ten reads of memory under way, and one that only compares and
    moves on what is not done has no branch to guess. Bucket after bucket and key after key, the same takes twice as long.
    """
    found, left = 0, len(places)
    for _ in range(num_buckets):  # a sound table has a free bucket
        if left == 0:
            break
        for i in range(left):
            unit = start + buckets[i] * width
            held[i] = np.uint64(units[unit]) | (np.uint64(units[unit + 1]) << _HIGH)
        count, left = left, 0
        for i in range(count):
            place, bucket = places[i], buckets[i]
            is_hit = held[i] == keys[place]
            hits[found, 0], hits[found, 1] = place, start + bucket * width + 2
            found += is_hit
            following = bucket + 1
            places[left], buckets[left] = place, following * (following != num_buckets)
            left += (held[i] != keys[place]) & (held[i] != 0)
    return found


@kernel
def _enter(units, values, width, hits, probs, backoffs, states):  # type: ignore[no-untyped-def]
    """Probability, back-off and state of the n-grams that were found."""
    states[:] = NOT_THERE
    for i in range(len(hits)):
        place, unit = hits[i]
        if width == LONGEST_UNITS:
            probs[place], states[place] = values[unit], ENDS
        else:
            probs[place], backoffs[place] = -abs(values[unit]), values[unit + 1]
            states[place] = ENDS if units[unit] & _SIGN else GOES_ON


@kernel(inline="always")
def _begins_more(backoff):  # type: ignore[no-untyped-def]
    """Whether a longer n-gram begins with this one: -0.0 says that none does."""
    return backoff != 0 or not np.signbit(backoff)


@kernel(inline="always")
def _word_score(place, length, waiting, probs, backoffs, states):  # type: ignore[no-untyped-def]
    """(log10 p of the word at `place` after `length` words of back-offs `waiting`; how many words the next one sees)."""
    order = len(probs)
    known, kept = 0, int(_begins_more(backoffs[0, place]))
    while known < length and states[known + 1, place] != NOT_THERE:
        known += 1
        if known < order - 1 and _begins_more(backoffs[known, place]):
            kept = known + 1
        if states[known, place] == ENDS:
            break
    prob = probs[known, place]
    for i in range(known, length):
        prob += waiting[i]
    for i in range(kept):
        waiting[i] = backoffs[i, place]
    return prob, kept


@kernel
def sentence_scores(units, values, unigrams, starts, buckets, ids, offsets):  # type: ignore[no-untyped-def]
    """log10 p of each sentence ids[offsets[i]:offsets[i + 1]] but for its first word, which only stands before, float32.

    `units` is the file as uint32, `values` the same as float32; `unigrams` and `starts` (order - 1,) are where its tables
    begin, `buckets` (order - 1,) their sizes. No sentence is empty, every id is below the number of unigrams.
    """
    order = len(starts) + 1
    probs = np.empty((order, BLOCK), np.float32)
    backoffs = np.empty((order, BLOCK), np.float32)
    states = np.empty((order, BLOCK), np.uint8)
    keys, depths = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int64)
    waiting = np.zeros(MAX_ORDER, np.float32)
    out = np.zeros(len(offsets) - 1, np.float32)
    places, found_in = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    held, hits = np.empty(BLOCK, np.uint64), np.empty((BLOCK + 1, 2), np.int64)
    row, length, total = 0, 0, np.float32(0)
    for at in range(0, len(ids), BLOCK):
        count = min(BLOCK, len(ids) - at)
        first = row
        for place in range(count):
            if at + place == offsets[first + 1]:
                first += 1
            depths[place] = at + place - offsets[first]
            keys[place] = ids[at + place]
        _look_up_words(units, values, unigrams, ids[at : at + count], probs[0], backoffs[0], states[0])
        for level in range(1, order):
            width = LONGEST_UNITS if level == order - 1 else MIDDLE_UNITS
            start, size = starts[level - 1], buckets[level - 1]
            looked = _first_buckets(
                ids, at, depths[:count], keys, states[level - 1], level, size, places, found_in
            )
            looked = _find_all(units, start, size, width, keys, places[:looked], found_in, held, hits)
            _enter(units, values, width, hits[:looked], probs[level], backoffs[level], states[level])
        for place in range(count):
            if depths[place] == 0:
                total, length = np.float32(0), 1
                waiting[0] = backoffs[0, place]
            else:
                prob, length = _word_score(place, length, waiting, probs, backoffs, states)
                total += prob
            if at + place + 1 == offsets[row + 1]:
                out[row] = total
                row += 1
    return out
