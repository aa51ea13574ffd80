"""Texts in, exact Jaccard similarities of their word shingles out, for every pair above a floor; and variants of texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.corpus import deleted, inserted, replaced
from stages.kernels.words.ngrams import Sketches, sketch_shingles

SHINGLE_WORDS = 5
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Documents one[k] < other[k] and their exact Jaccard similarity, ordered by (one, other)."""

    one: Ints
    other: Ints
    jaccard: npt.NDArray[np.float64]


def our_shingles(texts: Sequence[str]) -> Sketches:
    """The distinct shingles by our words: runs of letters, marks and numbers, case folded; ideographs are words."""
    return sketch_shingles(pa.array(texts, pa.large_string()), SHINGLE_WORDS, 1, False)


def plain_words(text: str) -> list[str]:
    """Words between spaces, case folded, without the punctuation around them."""
    found = []
    for word in text.casefold().split():
        first, last = 0, len(word)
        while first < last and unicodedata.category(word[first])[0] in "PS":
            first += 1
        while last > first and unicodedata.category(word[last - 1])[0] in "PS":
            last -= 1
        if first < last:
            found.append(word[first:last])
    return found


def plain_shingles(texts: Sequence[str]) -> Sketches:
    """The distinct shingles by plain words; a text of fewer words than a shingle has one."""
    numbers: dict[str, int] = {}
    parts, counts = [], []
    weights = np.random.default_rng(1).integers(1, 1 << 62, SHINGLE_WORDS).astype(np.uint64) | np.uint64(1)
    for text in texts:
        ids = np.array([numbers.setdefault(w, len(numbers) + 1) for w in plain_words(text)], np.uint64)
        mixed = (ids * np.uint64(0x9E3779B97F4A7C15)) ^ (ids * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(29))
        width = min(SHINGLE_WORDS, len(ids))
        count = len(ids) - width + 1 if width else 0
        hashes = np.zeros(count, np.uint64)
        for k in range(width):
            hashes += mixed[k : k + count] * weights[k]
        parts.append(np.unique(hashes))
        counts.append(count)
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    return Sketches(starts, np.concatenate(parts), np.array(counts, np.int64))


def similar_pairs(shingles: Sketches, floor: float) -> Pairs:
    """Every pair whose exact Jaccard similarity is at least `floor` (above 0), by an inverted index of the shingles."""
    sizes = np.diff(shingles.starts)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    order = np.argsort(shingles.hashes, kind="stable")  # stable: the rows of a shingle stay sorted
    ordered = shingles.hashes[order]
    first = (
        np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, np.int64)
    )
    number = np.empty(len(ordered), np.int64)
    number[order] = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(ordered)]))
    one, other, jaccard = _overlaps(shingles.starts, number, first, rows[order], sizes, floor)
    places = np.lexsort((other, one))
    return Pairs(one[places], other[places], jaccard[places])


@numba.njit(cache=True)
def _overlaps(starts, number, first, posting, sizes, floor):  # type: ignore[no-untyped-def]
    """For each document, count what it shares with each earlier one."""
    one = np.empty(1024, np.int64)
    other = np.empty(1024, np.int64)
    jaccard = np.empty(1024, np.float64)
    shared = np.zeros(len(sizes), np.int32)
    touched = np.empty(len(sizes), np.int64)
    found = 0
    for row in range(len(sizes)):
        count = 0
        for place in range(starts[row], starts[row + 1]):
            at = first[number[place]]
            while posting[at] < row:  # the list of a shingle of `row` holds `row` itself
                earlier = posting[at]
                if shared[earlier] == 0:
                    touched[count] = earlier
                    count += 1
                shared[earlier] += 1
                at += 1
        for k in range(count):
            earlier = touched[k]
            both = shared[earlier]
            shared[earlier] = 0
            similarity = both / (sizes[row] + sizes[earlier] - both)
            if similarity >= floor:
                if found == len(one):
                    one = np.concatenate((one, np.empty_like(one)))
                    other = np.concatenate((other, np.empty_like(other)))
                    jaccard = np.concatenate((jaccard, np.empty_like(jaccard)))
                one[found], other[found], jaccard[found] = earlier, row, similarity
                found += 1
    return one[:found], other[:found], jaccard[:found]


Edit = Callable[[list[str], Sequence[Sequence[str]], Sequence[str], np.random.Generator], list[str]]


def _share(generator: np.random.Generator) -> float:
    return float(np.exp(generator.uniform(np.log(0.001), np.log(0.12))))


def _truncated(words: list[str], _: object, __: object, generator: np.random.Generator) -> list[str]:
    return words[: max(1, round(len(words) * generator.uniform(0.5, 1.0)))]


def _merged(
    words: list[str], others: Sequence[Sequence[str]], _: object, generator: np.random.Generator
) -> list[str]:
    return [*words, *others[int(generator.integers(len(others)))]]


def _after_boilerplate(
    words: list[str], others: Sequence[Sequence[str]], _: object, generator: np.random.Generator
) -> list[str]:
    """One of ten fixed beginnings, as the menu of a site: the last words of the first ten documents."""
    menu = others[int(generator.integers(min(10, len(others))))]
    return [*menu[-int(generator.integers(10, 101)) :], *words]


EDITS: dict[str, Edit] = {
    "replace": lambda words, _, pool, generator: replaced(words, _share(generator), pool, generator),
    "delete": lambda words, _, __, generator: deleted(words, _share(generator), generator),
    "insert": lambda words, _, pool, generator: inserted(words, _share(generator), pool, generator),
    "boilerplate": _after_boilerplate,
    "merge": _merged,
    "truncate": _truncated,
}


def variants(texts: Sequence[str], count: int, seed: int) -> list[tuple[int, str, str]]:
    """`count` variants: (row of the text, name of the edit, text); texts in turn, edits drawn.

    Words are replaced, deleted or inserted at a rate between 0.1% and 12%, log-uniform.
    """
    generator = np.random.default_rng(seed)
    words = [text.split() for text in texts]
    pool = [word for some in words[:200] for word in some]
    names = list(EDITS)
    made = []
    for k in range(count):
        row, name = k % len(texts), names[int(generator.integers(len(names)))]
        made.append((row, name, " ".join(EDITS[name](words[row], words, pool, generator))))
    return made
