"""The lines of a page's plain text in, a row of TEXT_FEATURES for each out: what tells content where no tag does.

Shallow text features of a line, its place and its neighbours, after Kohlschuetter et al. 2010 ("Boilerplate detection using
shallow text features"); none knows a word of the text's language.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.line_counts import MIN_PROSE_CHARS, count_lines
from stages.kernels.compiled import kernel
from stages.kernels.hash.hashing import xxh64
from stages.kernels.page.columns import START, STOP, Page
from stages.kernels.unicode.text_flags import ALPHABETIC, LOWER, text_flags
from stages.kernels.unicode.utf8 import decode

COUNTED_FEATURES = (
    "chars",
    "words",
    "ends_sentence",
    "ends_colon",
    "punctuation_per_word",
    "commas",
    "letter_share",
    "digit_share",
    "symbol_share",
    "chars_per_word",
    "copyright",
    "year",
    "time",
    "in_title",
    "holds_title",
    "starts_symbol",
    "upper_share",
    "capital_word_share",
    "starts_lower",
    "prose",
)
"""Of OWN_FEATURES, those that need no tag."""

CASE_FEATURES = ("upper_share", "capital_word_share", "starts_lower")
"""-1 in lines of scripts without case."""

REPEAT_FEATURES = ("copies", "copies_before")
"""Lines of the page with the same text, and those of them before this one."""

PLACE_FEATURES = (
    "index",
    "lines_after",
    "lines",
    "page_chars",
    "page_prose_chars",
    "share_before",
    "prose_share_before",
    "lines_since_prose",
    "lines_to_prose",
    "lines_since_sentence",
    "lines_to_sentence",
    "page_prose_line_share",
    "page_chars_per_line",
    "short_run",
    "chars_in_2",
    "sentences_in_2",
    "prose_in_2",
    "longest_in_2",
    "chars_in_6",
    "sentences_in_6",
    "prose_in_6",
    "longest_in_6",
    "chars_in_16",
    "sentences_in_16",
    "prose_in_16",
    "longest_in_16",
)
"""Of the line's place in the page; `in_6` is of 6 lines before and after it, `short_run` the lines on end around it that
are shorter than MIN_PROSE_CHARS."""

NEAR = (2, 6, 16)
NEIGHBOUR_COLUMNS = (
    "chars",
    "ends_sentence",
    "punctuation_per_word",
    "digit_share",
    "symbol_share",
    "capital_word_share",
)
NEIGHBOUR_LINES = (-3, -2, -1, 1, 2, 3)
"""Lines away; beyond the page's ends a neighbour's features are -1."""

TEXT_FEATURES = (
    *COUNTED_FEATURES,
    *REPEAT_FEATURES,
    *PLACE_FEATURES,
    *(f"{name}{distance:+d}" for distance in NEIGHBOUR_LINES for name in NEIGHBOUR_COLUMNS),
)

_FAR = 30
"""Lines away at most: beyond, the distance tells nothing."""

_COUNTED = np.array([OWN_FEATURES.index(name) for name in COUNTED_FEATURES])
_CHARS, _WORDS, _ENDS, _PUNCTUATION, _PER_WORD, _LETTERS, _PROSE = (
    TEXT_FEATURES.index(name)
    for name in (
        "chars",
        "words",
        "ends_sentence",
        "punctuation_per_word",
        "chars_per_word",
        "letter_share",
        "prose",
    )
)
_CASE = TEXT_FEATURES.index(CASE_FEATURES[0])
_COPIES, _PLACE = (TEXT_FEATURES.index(names[0]) for names in (REPEAT_FEATURES, PLACE_FEATURES))
_IN_NEAR = _PLACE + PLACE_FEATURES.index("chars_in_2")
_NEIGHBOURS = _PLACE + len(PLACE_FEATURES)
_COPIED = tuple(TEXT_FEATURES.index(name) for name in NEIGHBOUR_COLUMNS)


def text_features(page: Page) -> npt.NDArray[np.float64]:
    """TEXT_FEATURES of each line of a page of plain text, shape (lines, features), float64; its first line is its title."""
    own = np.empty((len(page.lines), len(OWN_FEATURES)))
    title = (
        page.text[slice(*page.lines[0, [START, STOP]])].tobytes().decode("utf-8", "replace")
        if len(own)
        else ""
    )
    count_lines(page, title, own)
    features = np.empty((len(own), len(TEXT_FEATURES)))
    features[:, : len(_COUNTED)] = own[:, _COUNTED]
    _mark_caseless(page.text, page.lines, text_flags(), features)
    _count_copies(page.text, page.lines, features)
    _describe_places(features)
    _copy_neighbours(features)
    return features


@kernel
def _mark_caseless(text, rows, flags, features):  # type: ignore[no-untyped-def]
    """-1 for the case of lines without case; prose counts what stands in links: plain text has none."""
    for i in range(len(rows)):
        line = features[i]
        cased, at = False, rows[i, START]
        while at < rows[i, STOP] and not cased:
            if text[at] < 0x80:
                cased = 97 <= text[at] | 32 <= 122
                at += 1
                continue
            code, width = decode(text, at)
            flag = flags[code]
            cased = flag & LOWER != 0 or (flag & ALPHABETIC != 0 and code < 0x590)
            at += width
        if not cased:
            line[_CASE : _CASE + 3] = -1
        line[_PROSE] = line[_CHARS] >= MIN_PROSE_CHARS and line[_ENDS] > 0


@kernel
def _count_copies(text, rows, features):  # type: ignore[no-untyped-def]
    keys = np.empty(len(rows), np.uint64)
    for i in range(len(rows)):
        keys[i] = xxh64(text, rows[i, START], rows[i, STOP], np.uint64(0))
    order = np.argsort(keys, kind="mergesort")  # stable: copies stay in their order
    start = 0
    for at in range(1, len(order) + 1):
        if at < len(order) and keys[order[at]] == keys[order[start]]:
            continue
        for place in range(start, at):
            features[order[place], _COPIES] = at - start
            features[order[place], _COPIES + 1] = place - start
        start = at


@kernel
def _describe_places(features):  # type: ignore[no-untyped-def]
    """Fill PLACE_FEATURES out of the lines' own."""
    size = len(features)
    sums = np.zeros((size + 1, 4))
    for i in range(size):
        line = features[i]
        sums[i + 1, 0] = sums[i, 0] + line[_CHARS]
        sums[i + 1, 1] = sums[i, 1] + line[_CHARS] * line[_PROSE]
        sums[i + 1, 2] = sums[i, 2] + line[_ENDS]
        sums[i + 1, 3] = sums[i, 3] + line[_PROSE]
    chars, prose_chars = sums[size, 0], sums[size, 1]
    since_prose, since_sentence, run = _FAR, _FAR, 0
    for i in range(size):
        line = features[i]
        place = line[_PLACE:_IN_NEAR]
        place[0], place[1], place[2], place[3], place[4] = i, size - i - 1, size, chars, prose_chars
        place[5], place[6] = sums[i, 0] / max(1.0, chars), sums[i, 1] / max(1.0, prose_chars)
        place[7], place[9] = since_prose, since_sentence
        place[11], place[12] = sums[size, 3] / size, chars / size
        since_prose = 1 if line[_PROSE] else min(_FAR, since_prose + 1)
        since_sentence = 1 if line[_ENDS] else min(_FAR, since_sentence + 1)
        run = 0 if line[_CHARS] >= MIN_PROSE_CHARS else run + 1
        place[13] = run
        _describe_near(i, features, sums)
    to_prose, to_sentence, run = _FAR, _FAR, 0
    for i in range(size - 1, -1, -1):
        line = features[i]
        line[_PLACE + 8], line[_PLACE + 10] = to_prose, to_sentence
        to_prose = 1 if line[_PROSE] else min(_FAR, to_prose + 1)
        to_sentence = 1 if line[_ENDS] else min(_FAR, to_sentence + 1)
        run = 0 if line[_CHARS] >= MIN_PROSE_CHARS else max(run, int(line[_PLACE + 13]))
        line[_PLACE + 13] = run


@kernel
def _describe_near(i, features, sums):  # type: ignore[no-untyped-def]
    """Fill what is told of the lines around line i, by the sums of all lines before each."""
    column = _IN_NEAR
    for near in NEAR:
        first, last = max(0, i - near), min(len(features), i + near + 1)
        longest = 0.0
        for j in range(first, last):
            longest = max(longest, features[j, _CHARS])
        features[i, column] = sums[last, 0] - sums[first, 0]
        features[i, column + 1] = sums[last, 2] - sums[first, 2]
        features[i, column + 2] = sums[last, 3] - sums[first, 3]
        features[i, column + 3] = longest
        column += 4


@kernel
def _copy_neighbours(features):  # type: ignore[no-untyped-def]
    size = len(features)
    for i in range(size):
        column = _NEIGHBOURS
        for distance in NEIGHBOUR_LINES:
            for feature in _COPIED:
                inside = 0 <= i + distance < size
                features[i, column] = features[i + distance, feature] if inside else -1.0
                column += 1
