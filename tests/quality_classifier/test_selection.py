"""Which pages are learnt from and measured on: by host, capped, without near duplicates, alike in length."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from quality_classifier.duplicates import near_clusters, sketch_columns
from quality_classifier.selection import (
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
    SelectOptions,
    capped,
    one_of_each_cluster,
    select_pages,
    split_hosts,
)

ANY = SelectOptions(match_lengths=False)


GOOD_AND_BAD = ("good", "bad")


def pages_of(rows: list[tuple[str, bool, int]]) -> pa.Table:
    hosts, positive, chars = zip(*rows, strict=True)
    label = ["good" if own else "bad" for own in positive]
    order = np.random.default_rng(1).permutation(len(rows)).astype(np.uint64)
    columns = {"order": order, "label": label, "host": hosts, "language": ["en"] * len(rows)}
    return pa.table({**columns, "chars": pa.array(chars, pa.int32())})


def test_each_class_has_its_share_of_hosts_in_every_part() -> None:
    hosts = [f"a{i}" for i in range(20)] + [f"b{i}" for i in range(40)]
    positive = np.array([host[0] == "a" for host in hosts])
    part = split_hosts(pa.array(hosts), np.where(positive, 0, 1), ANY, seed=1)
    counts = {
        (name, own): int(((part == name) & (positive == own)).sum()) for name in set(part) for own in (0, 1)
    }
    assert counts == {
        (TEST, 0): 4,
        (TEST, 1): 2,
        (VALIDATION, 0): 4,
        (VALIDATION, 1): 2,
        (TRAIN, 0): 32,
        (TRAIN, 1): 16,
    }


ROWS = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(200, 4000)), min_size=1, max_size=80)


@given(ROWS, st.integers(0, 3))
def test_no_host_in_two_parts_and_every_cell_has_as_many_of_both_classes(
    rows: list[tuple[int, bool, int]], seed: int
) -> None:
    named = [(f"{'p' if positive else 'n'}{host}", positive, chars) for host, positive, chars in rows]
    part = select_pages(
        pages_of(named), GOOD_AND_BAD, np.arange(len(rows)), SelectOptions(max_pages_per_host=5), 10, seed
    )
    for host in {row[0] for row in named}:
        own = {name for name, row in zip(part, named, strict=True) if row[0] == host} - {UNUSED}
        assert len(own) <= 1
        assert sum(1 for name, row in zip(part, named, strict=True) if row[0] == host and name != UNUSED) <= 5
    for name in (TRAIN, VALIDATION, TEST):
        classes = [row[1] for own, row in zip(part, named, strict=True) if own == name]
        assert sum(classes) * 2 == len(classes)
        assert name != TRAIN or sum(classes) <= 10


def test_trap_length_tells_nothing_after_matching() -> None:
    rows = [(f"p{i}", True, 500 if i % 4 else 3000) for i in range(40)]
    rows += [(f"n{i}", False, 3000 if i % 4 else 500) for i in range(40)]
    part = select_pages(pages_of(rows), GOOD_AND_BAD, np.arange(80), SelectOptions(), 100, 0)
    used = [row for name, row in zip(part, rows, strict=True) if name != UNUSED]
    long = {
        own: sum(1 for _, positive, chars in used if positive == own and chars == 3000)
        for own in (True, False)
    }
    assert long[True] == long[False] > 0


def test_of_near_duplicates_the_positive_stays_and_else_the_first() -> None:
    clusters, classes = np.array([0, 0, 2, 3, 3]), np.array([1, 0, 1, 1, 1])
    order = np.array([1, 5, 1, 9, 2], np.uint64)
    assert one_of_each_cluster(clusters, classes, order).tolist() == [False, True, True, False, True]


def test_a_cap_takes_the_first_of_each_group() -> None:
    groups, order = np.array([1, 1, 1, 2]), np.array([3, 1, 2, 0], np.uint64)
    assert capped(groups, order, 2).tolist() == [False, True, True, True]
    assert capped(groups, order, np.array([1, 1, 1, 0])).tolist() == [False, True, False, False]


def test_near_duplicates_are_one_cluster_and_texts_without_words_none() -> None:
    words = [f"w{i}" for i in range(200)]
    other = " ".join(f"x{i}" for i in range(200))
    texts = pa.array([" ".join(words), other, " ".join([*words[:-3], "end"]), "", ""], pa.large_string())
    columns = sketch_columns(texts)
    assert near_clusters(columns["bands"], columns["sketch"]).tolist() == [0, 1, 0, 3, 4]
    assert columns["bands"].null_count == 2
    assert len(near_clusters(columns["bands"][:0], columns["sketch"][:0])) == 0


def test_languages_are_matched_only_where_both_classes_say_theirs() -> None:
    def kept(languages: list[str | None]) -> int:
        pages = pa.table(
            {
                "order": pa.array(range(40), pa.uint64()),
                "label": ["good" if i % 2 == 0 else "bad" for i in range(40)],
                "host": [f"host{i}" for i in range(40)],
                "language": pa.array(languages, pa.string()),
                "chars": pa.array([500] * 40, pa.int32()),
            }
        )
        options = SelectOptions(held_out=0.1, validation=0.0)
        return int((select_pages(pages, GOOD_AND_BAD, np.arange(40), options, 100, 0) != UNUSED).sum())

    assert kept(["en" if i % 2 == 0 else None for i in range(40)]) == 40
    assert kept([None] * 40) == 40
    assert kept(["en" if i % 2 == 0 else "de" for i in range(40)]) == 0
