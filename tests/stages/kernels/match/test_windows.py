"""Windows and anchors: what every two equal windows share, and which of equal windows stays."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.arrow import string_buffers
from stages.kernels.match.windows import find_anchors, find_twins, gram_words, hash_windows
from stages.kernels.unicode.code_points import word_tables
from stages.kernels.words.words import next_word, word_bounds

WORDS = st.lists(st.sampled_from("abc"), max_size=40)


@given(st.lists(WORDS, max_size=4), st.integers(2, 9))
def test_every_window_has_the_anchor_of_its_least_gram(texts: list[list[str]], size: int) -> None:
    column = pa.array([" ".join(words) for words in texts], pa.large_string())
    anchors = find_anchors(column, np.zeros(len(texts), np.uint64), size)
    gram = gram_words(size)
    keys: dict[tuple[str, ...], int] = {}
    for key, row, place in zip(anchors.keys.tolist(), anchors.rows, anchors.places, strict=True):
        assert keys.setdefault(tuple(texts[row][place : place + gram]), key) == key
    assert len(set(keys.values())) == len(keys)
    found = set(zip(anchors.rows.tolist(), anchors.places.tolist(), strict=True))
    assert len(found) == len(anchors.rows)
    for row, words in enumerate(texts):
        for start in range(len(words) - size + 1):
            grams = range(start, start + size - gram + 1)
            least = min(keys.get(tuple(words[g : g + gram]), 1 << 64) for g in grams)
            assert any((row, g) in found and keys[tuple(words[g : g + gram])] == least for g in grams)


@given(st.lists(WORDS, max_size=4), st.integers(2, 9))
def test_all_anchors_give_all_windows_and_equal_hashes_mean_equal_words(
    texts: list[list[str]], size: int
) -> None:
    column = pa.array([" ".join(words) for words in texts], pa.large_string())
    seeds = np.zeros(len(texts), np.uint64)
    anchors = find_anchors(column, seeds, size)
    starts = np.searchsorted(anchors.rows, np.arange(len(texts) + 1))
    windows = hash_windows(column, seeds, size, starts, anchors.places)
    places = list(zip(windows.rows.tolist(), windows.places.tolist(), strict=True))
    assert places == [(r, p) for r, words in enumerate(texts) for p in range(len(words) - size + 1)]
    for hashes in (windows.highs.tolist(), windows.lows.tolist()):
        by_words = {(tuple(texts[r][p : p + size]), h) for (r, p), h in zip(places, hashes, strict=True)}
        assert len(by_words) == len({w for w, _ in by_words}) == len({h for _, h in by_words})


def test_only_windows_of_listed_anchors_are_hashed() -> None:
    text = pa.array([" ".join(f"w{n}" for n in range(100))], pa.large_string())
    seeds = np.zeros(1, np.uint64)
    anchors = find_anchors(text, seeds, 10)
    listed = anchors.places[3:4]
    windows = hash_windows(text, seeds, 10, np.array([0, 1]), listed)
    assert 0 < len(windows.places) <= 6
    assert all(p <= listed[0] and listed[0] + gram_words(10) <= p + 10 for p in windows.places)


def test_texts_with_other_seeds_share_no_hash() -> None:
    texts = pa.array(["a b c d e f"] * 2, pa.large_string())
    seeds = np.array([1, 2], np.uint64)
    anchors = find_anchors(texts, seeds, 4)
    starts = np.searchsorted(anchors.rows, [0, 1, 2])
    windows = hash_windows(texts, seeds, 4, starts, anchors.places)
    for hashes, rows in ((anchors.keys, anchors.rows), (windows.highs, windows.rows)):
        assert not set(hashes[rows == 0]) & set(hashes[rows == 1])


def twins(rows: list[tuple[int, int, int, int, int]], window: int, keep_first: bool) -> list[int]:
    highs, lows, ranks, nodes, places = (np.array(column) for column in zip(*rows, strict=True))
    found = find_twins(
        np.argsort(highs, kind="stable"),
        highs.astype(np.uint64),
        lows.astype(np.uint32),
        ranks.astype(np.uint64),
        nodes.astype(np.uint64),
        places.astype(np.uint32),
        window,
        keep_first,
    )
    return list(found.tolist())


def test_the_first_by_rank_node_and_place_stays() -> None:
    rows = [(7, 1, 5, 0, 0), (7, 1, 4, 9, 9), (7, 1, 4, 9, 3), (7, 1, 4, 8, 50), (3, 1, 0, 0, 0)]
    assert twins(rows, 4, True) == [3, 3, 3, -1, -1]
    assert twins(rows, 4, False) == [3, 3, 3, 2, -1]


def test_windows_of_one_high_hash_and_two_low_ones_are_different() -> None:
    rows = [(7, 1, 0, 0, 0), (7, 2, 0, 1, 0), (7, 1, 0, 2, 0), (7, 2, 0, 3, 0), (7, 3, 0, 4, 0)]
    assert twins(rows, 4, True) == [-1, -1, 0, 1, -1]


def test_windows_that_overlap_the_first_in_its_text_stay() -> None:
    rows = [(7, 1, 0, 0, p) for p in (0, 2, 3, 4, 6)]
    assert twins(rows, 4, True) == [-1, -1, -1, 0, 0]
    assert twins(rows[:3], 4, False) == [-1, -1, -1]
    assert twins(rows, 4, False) == [3, 3, 3, 0, 0]


TEXT = st.text(st.sampled_from("ab é'’\u200d\u0301漢字ก\n.-ß7"), max_size=30)


@given(TEXT)
def test_bounds_agree_with_the_words_that_are_hashed(text: str) -> None:
    _, data = string_buffers(pa.array([text], pa.large_string()))
    table, multiple = word_tables(False)
    at = place = 0
    stop = len(text.encode())
    while True:
        word, at, found = next_word(data, at, stop, table, multiple)
        start, end, place = word_bounds(data, place, stop, table)
        assert found == (start >= 0)
        if not found:
            break
        assert place == at and place >= end
        assert next_word(data[start:end], 0, end - start, table, multiple)[0] == word
        assert not re.match(r"[ '’.\n-]", data[start:end].tobytes().decode())
