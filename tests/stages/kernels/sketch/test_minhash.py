"""MinHash signatures against datasketch, and sketches and bands against plain Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.kernels.sketch import minhash
from stages.kernels.words.ngrams import sketch_shingles

TEXTS = st.lists(st.text(st.sampled_from("abc é日\n"), max_size=60), max_size=4)


def datasketch_values(shingles: np.ndarray, num_hashes: int, seed: int) -> list[int]:
    oracle = MinHash(num_hashes, seed=seed, scheme="affine32", hashfunc=lambda value: value)
    oracle.update_batch([int(value) & 0xFFFF_FFFF for value in shingles])
    return [int(value) for value in oracle.hashvalues]


@given(TEXTS, st.sampled_from([1, 16, 112]), st.integers(1, 3))
@settings(max_examples=50)
def test_signatures_are_those_of_datasketch(texts: list[str], num_hashes: int, seed: int) -> None:
    column = pa.array(texts, pa.large_string())
    signatures = minhash.sign(column, 3, num_hashes, seed)
    sketches = sketch_shingles(column, 3, 1, False)
    for row in range(len(texts)):
        shingles = sketches.hashes[sketches.starts[row] : sketches.starts[row + 1]]
        assert signatures.values[row].tolist() == datasketch_values(shingles, num_hashes, seed)
        assert signatures.any[row] == (len(shingles) > 0)


@pytest.mark.parametrize("words", [2047, 2048, 2052, 2053, 9000])
def test_texts_longer_than_a_tile(words: int) -> None:
    column = pa.array([" ".join(map(str, range(words)))], pa.large_string())
    shingles = sketch_shingles(column, 5, 1, False).hashes
    assert minhash.sign(column, 5, 32).values[0].tolist() == datasketch_values(shingles, 32, 1)


def test_permutations_are_those_of_datasketch() -> None:
    oracle = MinHash(128, seed=5, scheme="affine32")
    factors, terms = minhash.permutations(128, 5)
    assert np.array_equal(np.array([factors, terms]), oracle.permutations)


def sketch_by_hand(shingles: set[int], bins: int) -> list[int]:
    """The two bits of each bin: the least of the 31 bits below the nine that name one of 512 bins."""
    least: dict[int, int] = {}
    for shingle in shingles:
        place, value = (shingle >> 55) * bins // 512, shingle >> 24 & 0x7FFF_FFFF
        least[place] = min(value, least.get(place, value))
    return [1 + ((least[i] & 0xFFFF) * 3 >> 16) if i in least else 0 for i in range(bins)]


def unpacked(words: np.ndarray) -> list[int]:
    return [int(word) >> shift & 3 for word in words for shift in range(0, 64, 2)]


@given(TEXTS)
@settings(max_examples=30)
def test_sketches_are_those_made_by_hand(texts: list[str]) -> None:
    column = pa.array(texts, pa.large_string())
    signatures = minhash.sign(column, 3, 8)
    exact = sketch_shingles(column, 3, 1, False)
    for row, (start, stop) in enumerate(pairwise(exact.starts)):
        shingles = set(exact.hashes[start:stop].tolist())
        assert unpacked(signatures.documents[row]) == sketch_by_hand(shingles, minhash.DOCUMENT_BINS)
        assert unpacked(signatures.bands[row]) == sketch_by_hand(shingles, minhash.BAND_BINS)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=64, max_size=64))
def test_similarity_counts_equal_bins_and_takes_off_what_chance_gives(pairs: list[tuple[int, int]]) -> None:
    one, other = (
        np.array([sum(bins[32 * w + i] << 2 * i for i in range(32)) for w in range(2)], np.uint64)
        for bins in zip(*pairs, strict=True)
    )
    either = sum(a > 0 or b > 0 for a, b in pairs)
    both = sum(a > 0 and b > 0 for a, b in pairs)
    equal = sum(a == b > 0 for a, b in pairs)
    expected = 1.0 if equal == either else max(0.0, 1.5 * (equal - both / 3) / either)
    assert minhash.similarity(one, other) == pytest.approx(expected)


def test_similarity_of_equal_and_of_wholly_different_texts() -> None:
    texts = [" ".join(f"{letter}{n}" for n in range(300)) for letter in "aab"]
    for sketches in (
        minhash.sign(pa.array(texts), 5, 8).documents,
        minhash.sign(pa.array(texts), 5, 8).bands,
    ):
        assert minhash.similarity(sketches[0], sketches[1]) == 1.0
        assert minhash.similarity(sketches[0], sketches[2]) < 0.1


@pytest.mark.parametrize("words", [30, 200, 2000, 50_000])
def test_estimated_similarity_is_near_the_jaccard_of_the_shingles(words: int) -> None:
    first = [str(number) for number in range(words)]
    cuts = (0, words // 10, words // 4, words // 2)
    texts = [" ".join([*first[: words - cut], *(f"x{n}" for n in range(cut))]) for cut in cuts]
    column = pa.array(texts, pa.large_string())
    signatures = minhash.sign(column, 5, 8)
    exact = sketch_shingles(column, 5, 1, False)
    sets = [set(exact.hashes[a:b].tolist()) for a, b in pairwise(exact.starts)]
    for row in range(1, 4):
        jaccard = len(sets[0] & sets[row]) / len(sets[0] | sets[row])
        for sketches, margin in ((signatures.documents, 0.08), (signatures.bands, 0.1)):
            assert minhash.similarity(sketches[0], sketches[row]) == pytest.approx(jaccard, abs=margin)


def test_band_keys_are_equal_where_the_band_is() -> None:
    values = np.array([[1, 2, 3, 4, 5, 6], [1, 2, 9, 4, 5, 6], [3, 4, 1, 2, 5, 6]], np.uint32)
    keys = minhash.band_keys(values, 3, 2)
    assert (keys[0] == keys[1]).tolist() == [True, False, True]
    assert (keys[0] == keys[2]).tolist() == [False, False, True]
    assert len(set(keys.ravel().tolist())) == 6
