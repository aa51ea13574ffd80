"""Two lists of words in, which of the first stand in the second too, in order: longest common blocks first (Ratcliff 1988).

What difflib's SequenceMatcher finds without its junk heuristic, as a kernel: a page of 10,000 words takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel


def matched_words(words: Sequence[str], gold: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of `words` belong to a block that `gold` has too, shape (words,)."""
    numbers: dict[str, int] = {}
    left = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    right = np.array([numbers.setdefault(word, len(numbers)) for word in gold], np.int64)
    return _matched(left, right, len(numbers))  # type: ignore[no-any-return]


@kernel
def _matched(left, right, num_words):  # type: ignore[no-untyped-def]
    found = np.zeros(len(left), np.bool_)
    first = np.full(num_words, -1, np.int64)  # where a word stands first in `right`
    following = np.full(len(right), -1, np.int64)  # where the word of a place stands next
    for at in range(len(right) - 1, -1, -1):
        following[at] = first[right[at]]
        first[right[at]] = at
    waiting = [(0, len(left), 0, len(right))]
    runs = np.zeros((2, len(right) + 1), np.int64)
    while len(waiting) > 0:
        start, stop, low, high = waiting.pop()
        if start >= stop or low >= high:
            continue
        at, place, size = _longest_block(left, first, following, start, stop, low, high, runs)
        if size > 0:
            found[at : at + size] = True
            waiting.append((start, at, low, place))
            waiting.append((at + size, stop, place + size, high))
    return found


@kernel
def _longest_block(left, first, following, start, stop, low, high, runs):  # type: ignore[no-untyped-def]
    """(place in `left`, place in `right`, words) of the longest block of both ranges, the first of equals."""
    best_at, best_place, best = start, low, 0
    runs[:, low : high + 1] = 0
    for at in range(start, stop):
        before, now = runs[at & 1], runs[1 - (at & 1)]
        now[low : high + 1] = 0
        place = first[left[at]]
        while 0 <= place < high:
            if place >= low:
                # runs are told one place further on, so that none is needed before the first
                now[place + 1] = before[place] + 1 if place > low else 1
                if now[place + 1] > best:
                    best = now[place + 1]
                    best_at, best_place = at - best + 1, place - best + 1
            place = following[place]
    return best_at, best_place, best
