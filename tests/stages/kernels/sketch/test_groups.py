"""Union-find, key sets, pairs and buckets against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.kernels.hash import key_set
from stages.kernels.sketch.buckets import choose_keepers, link_buckets
from stages.kernels.sketch.pairs import pair_rows
from stages.kernels.sketch.union_find import components, forest
from tests.linear import assert_linear

NODES = st.integers(0, 12).map(lambda n: n * (1 << 33) + n)
EDGES = st.lists(st.tuples(NODES, NODES), max_size=20)


def arrays(edges: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in edges], np.uint64), np.array([b for _, b in edges], np.uint64)


def reference_components(edges: list[tuple[int, int]]) -> dict[int, int]:
    label = {node: node for edge in edges for node in edge}
    for _ in label:
        for a, b in edges:
            label[a] = label[b] = min(label[a], label[b])
    return label


@given(EDGES)
def test_components_equal_plain_python(edges: list[tuple[int, int]]) -> None:
    nodes, labels = components(*arrays(edges))
    assert dict(zip(nodes.tolist(), labels.tolist(), strict=True)) == reference_components(edges)


@given(EDGES, st.randoms())
def test_components_depend_neither_on_order_nor_on_a_forest_between(edges: list, random: object) -> None:
    half = len(edges) // 2
    parts = [forest(*arrays(edges[:half])), arrays(edges[half:])]
    mixed = [np.concatenate(side)[::-1] for side in zip(*parts, strict=True)]
    nodes, labels = components(mixed[1], mixed[0])
    found = dict(zip(nodes.tolist(), labels.tolist(), strict=True))
    assert found == {n: c for n, c in reference_components(edges).items() if n in found}
    alone = {node for node in reference_components(edges) if node not in found}
    assert all(reference_components(edges)[node] == node for node in alone)


@given(st.lists(st.integers(0, 30)), st.lists(st.integers(0, 40)))
def test_key_set_finds_what_it_holds(keys: list[int], wanted: list[int]) -> None:
    held = np.array(keys, np.uint64)
    found = key_set.find(held, key_set.build(held), np.array(wanted, np.uint64))
    assert found.tolist() == [keys.index(value) if value in keys else -1 for value in wanted]


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=8), max_size=6))
def test_repeats_are_counted_inside_each_group(groups: list[list[tuple[int, bool]]]) -> None:
    starts = np.cumsum([0, *map(len, groups)])
    keys = np.array([key for group in groups for key, _ in group], np.uint64)
    skip = np.array([skipped for group in groups for _, skipped in group], np.bool_)
    expected = []
    for group in groups:
        seen: set[int] = set()
        for key, skipped in group:
            expected.append(not skipped and key in seen)
            seen |= set() if skipped else {key}
    assert key_set.repeats(keys, starts, skip).tolist() == expected


@given(st.lists(st.integers(0, 4), max_size=20).map(sorted), st.integers(1, 6), st.integers(1, 7))
def test_each_row_meets_the_first_ones_of_its_key(keys: list[int], max_partners: int, max_pairs: int) -> None:
    expected = []
    for row, key in enumerate(keys):
        first = keys.index(key)
        expected += [(partner, row) for partner in range(first, min(row, first + max_partners))]
    pairs: list[tuple[int, int]] = []
    start = 0
    while start < len(keys):
        one, other, start = pair_rows(np.array(keys, np.uint64), start, max_partners, max_pairs)
        pairs += list(zip(one.tolist(), other.tolist(), strict=True))
    assert pairs == expected


def words_of(*codes: int) -> np.ndarray:
    """Sketches of one word whose 32 bins all have one code, 1 to 3."""
    return np.array([[code * 0x5555_5555_5555_5555] for code in codes], np.uint64)


def links(keys: list[int], codes: list[int], threshold: float, max_leaders: int = 4) -> list[tuple[int, int]]:
    nodes = np.arange(len(keys), dtype=np.uint64)
    one, other = link_buckets(np.array(keys, np.uint64), nodes, words_of(*codes), threshold, max_leaders)
    return list(zip(one.tolist(), other.tolist(), strict=True))


def test_similar_documents_of_a_bucket_are_linked_to_its_leaders() -> None:
    assert links([1, 1, 1, 1, 2, 2], [1, 2, 1, 2, 1, 3], 0.7) == [(0, 2), (1, 3)]
    assert links([1, 1, 1, 2, 2], [1, 2, 1, 1, 3], -1.0) == [(0, 1), (0, 2), (3, 4)]
    assert links([1, 1, 1], [1, 2, 2], 0.7, max_leaders=1) == []


def test_identical_documents_in_tens_of_thousands_take_linear_time() -> None:
    count = 20_000
    assert links([1] * count, [3] * count, 0.7) == [(0, row) for row in range(1, count)]

    def equal_documents(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        nodes = np.arange(count, dtype=np.uint64)
        return np.ones(count, np.uint64), nodes, np.repeat(words_of(3), count, axis=0)

    assert_linear(lambda documents: link_buckets(*documents, 0.7, 4), equal_documents, count // 8)


def test_keepers_are_chosen_from_the_top_and_never_through_a_chain() -> None:
    a, b, c = (np.ones(32, np.uint64) for _ in range(3))
    b[:6], c[:12] = 2, 2  # a and b agree in 26 of 32, b and c too, a and c only in 20
    packed = np.array([[sum(int(v) << 2 * i for i, v in enumerate(row))] for row in (a, b, c)], np.uint64)
    everyone = np.ones(3, np.bool_)
    keepers, values = choose_keepers(np.zeros(3, np.int64), everyone, packed, 0.7, 8)
    assert keepers.tolist() == [-1, 0, -1]
    assert np.allclose(values, [1.0, 1.5 * (26 - 32 / 3) / 32, 1.0])
    assert choose_keepers(np.array([0, 0, 1]), everyone, packed, -1.0, 8)[0].tolist() == [-1, 0, -1]
    assert choose_keepers(np.array([0, 0, 1]), ~everyone, packed, -1.0, 8)[0].tolist() == [-1, -1, -1]
