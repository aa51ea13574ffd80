"""Shingles of books in, shared shingles by pair of books out; pairs in, the books to remove out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.dedup.columns import require_unique, split_nodes
from stages.dedup.remove import REMOVALS_SCHEMA
from stages.kernels.sketch.pairs import pair_rows

HASHES_SCHEMA = pa.schema(
    [
        ("hash", pa.uint64()),
        ("node", pa.uint64()),
        ("order", pa.uint64()),
        ("words", pa.uint32()),
        ("size", pa.uint32()),
    ]
)
"""A shingle of a book: the book's number, hash of its id, length in shingles and size of its sketch."""

PAIRS_SCHEMA = pa.schema(
    [
        ("one", pa.uint64()),
        ("other", pa.uint64()),
        ("shared", pa.uint32()),
        ("one_size", pa.uint32()),
        ("other_size", pa.uint32()),
    ]
)
"""Shingles that two books share, as far as one range knows; `one` is the longer book."""

BOOKS_SCHEMA = pa.schema(
    [
        ("node", pa.uint64()),
        ("id", pa.string()),
        ("words", pa.uint32()),
        ("size", pa.uint32()),
        ("quality", pa.float64()),
    ]
)

MAX_PARTNERS = 16
"""Books that a book is compared with for a shingle that more of them have: the longest."""

PIECE_PAIRS = 4 << 20


def shared_shingles(rows: pa.Table) -> Iterator[pa.RecordBatch]:
    """PAIRS_SCHEMA from shingles (HASHES_SCHEMA) of one range; a pair may come several times."""
    order = [("hash", "ascending"), ("words", "descending"), ("order", "ascending")]
    rows = rows.take(pc.sort_indices(rows, sort_keys=order)).combine_chunks()
    hashes, nodes, sizes = (rows.column(name).to_numpy() for name in ("hash", "node", "size"))
    start = 0
    while start < len(hashes):
        one, other, start = pair_rows(hashes, start, MAX_PARTNERS, PIECE_PAIRS)
        shared = np.ones(len(one), np.uint32)
        columns = [nodes[one], nodes[other], shared, sizes[one], sizes[other]]
        yield sum_pairs(pa.Table.from_arrays(list(map(pa.array, columns)), schema=PAIRS_SCHEMA))


def sum_pairs(pairs: pa.Table) -> pa.RecordBatch:
    """One row per pair, with the sum of `shared`, sorted by pair."""
    one, other, shared = (pairs.column(name).to_numpy() for name in ("one", "other", "shared"))
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    new = np.ones(len(one), bool)
    new[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    starts = np.flatnonzero(new)
    sums = np.add.reduceat(shared[order], starts) if len(starts) else shared
    sizes = [pairs.column(name).to_numpy()[order[starts]] for name in ("one_size", "other_size")]
    columns = [one[starts], other[starts], sums.astype(np.uint32), *sizes]
    return pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=PAIRS_SCHEMA)


def decide(
    pairs: pa.Table, books: pa.Table, max_containment: float
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """Removals and their shards: from the longest book on, each goes that a kept one before it contains.

    Near equals, which contain each other, come together, the best text first. Of equally good ones the longer comes
    first, then the one compared with more others, then the smaller id.
    """
    require_unique(books.column("id"))
    nodes = np.concatenate([pairs.column("one").to_numpy(), pairs.column("other").to_numpy()])
    known, degrees = np.unique(nodes, return_counts=True)
    books = books.filter(pc.is_in(books.column("node"), pa.array(known)))
    degree = dict(zip(known.tolist(), degrees.tolist(), strict=True))
    listed = books.sort_by("id").to_pylist()
    by_length = sorted(listed, key=lambda book: (-book["words"], -degree[book["node"]], book["id"]))
    rank = {book["node"]: index for index, book in enumerate(by_length)}
    listed = sorted(by_length, key=_in_groups(pairs, by_length, rank, max_containment))
    place = {book["node"]: index for index, book in enumerate(listed)}
    containers: dict[int, list[tuple[int, float]]] = {}
    for pair in pairs.to_pylist():
        first, later = sorted((place[pair["one"]], place[pair["other"]]))
        containment = pair["shared"] / listed[later]["size"]
        if containment > max_containment:
            containers.setdefault(later, []).append((first, containment))
    removals = []
    removed: set[int] = set()
    for index in sorted(containers):
        kept = [(-containment, first) for first, containment in containers[index] if first not in removed]
        if kept:
            containment, partner = min(kept)
            removed.add(index)
            removals.append((listed[index]["node"], -containment, listed[partner]["id"]))
    shards, rows = split_nodes(np.array([node for node, _, _ in removals], np.uint64))
    columns = {
        "row": rows,
        "rule": ["contained_book"] * len(removals),
        "value": [containment for _, containment, _ in removals],
        "threshold": [max_containment] * len(removals),
        "partner": [partner for _, _, partner in removals],
        "detail": [None] * len(removals),
    }
    return pa.RecordBatch.from_pydict(columns, schema=REMOVALS_SCHEMA), shards


def _in_groups(
    pairs: pa.Table, by_length: list[dict[str, Any]], rank: dict[int, int], max_containment: float
) -> Callable[[dict[str, Any]], tuple[int, float, int]]:
    """A key that puts each book beside its near equals, where the longest of them stands, the best first."""
    size = {book["node"]: book["size"] for book in by_length}
    group = list(range(len(by_length)))

    def leader(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    for pair in pairs.to_pylist():
        larger = max(size[pair["one"]], size[pair["other"]])
        if pair["shared"] / larger > max_containment:
            first, later = sorted((leader(rank[pair["one"]]), leader(rank[pair["other"]])))
            group[later] = first
    return lambda book: (leader(rank[book["node"]]), -book["quality"], rank[book["node"]])
