"""MinHash signatures against datasketch, and sketches and bands against plain Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.kernels import minhash
from stages.kernels.ngrams import sketch_shingles

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


@given(st.integers(1, 40), st.integers(0, 1 << 30))
@settings(max_examples=50)
def test_sketch_similarity_counts_equal_nibbles(num_hashes: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 4, (2, num_hashes)).astype(np.uint32) * 5
    one, other = minhash.sketch(values)
    equal = float(np.mean(values[0] % 16 == values[1] % 16))
    expected = max(0.0, (equal - 1 / 16) / (15 / 16))
    assert minhash.similarity(one, other, num_hashes) == pytest.approx(expected)


def test_similarity_of_equal_and_of_wholly_different_sketches() -> None:
    values = np.array([[0] * 112, [15] * 112], np.uint32)
    one, other = minhash.sketch(values)
    assert minhash.similarity(one, one, 112) == 1.0
    assert minhash.similarity(one, other, 112) == 0.0


def test_estimated_similarity_is_near_the_jaccard_of_the_shingles() -> None:
    first = [str(number) for number in range(2000)]
    texts = [" ".join([*first[: 2000 - cut], *(f"x{n}" for n in range(cut))]) for cut in (0, 200, 600, 1200)]
    column = pa.array(texts, pa.large_string())
    sketches = minhash.sketch(minhash.sign(column, 5, 896).values)
    exact = sketch_shingles(column, 5, 1, False)
    sets = [set(exact.hashes[a:b].tolist()) for a, b in pairwise(exact.starts)]
    for row in range(1, 4):
        jaccard = len(sets[0] & sets[row]) / len(sets[0] | sets[row])
        assert minhash.similarity(sketches[0], sketches[row], 896) == pytest.approx(jaccard, abs=0.06)


def test_band_keys_are_equal_where_the_band_is() -> None:
    values = np.array([[1, 2, 3, 4, 5, 6], [1, 2, 9, 4, 5, 6], [3, 4, 1, 2, 5, 6]], np.uint32)
    keys = minhash.band_keys(values, 3, 2)
    assert (keys[0] == keys[1]).tolist() == [True, False, True]
    assert (keys[0] == keys[2]).tolist() == [False, False, True]
    assert len(set(keys.ravel().tolist())) == 6
