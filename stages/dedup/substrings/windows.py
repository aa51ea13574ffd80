"""Anchors and windows of a hash range in, those that repeat out; texts and their repeated anchors in, windows out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.dedup.columns import split_nodes
from stages.kernels.match.windows import find_twins, hash_windows

KeepSpans = Literal["first", "none"]

ANCHORS_SCHEMA = pa.schema([("key", pa.uint64()), ("node", pa.uint64()), ("place", pa.uint32())])
"""An anchor: its hash, the document's number, the place of its first word there."""

MARKS_SCHEMA = pa.schema([("row", pa.uint32()), ("place", pa.uint32())])
"""An anchor that repeats, for the shard that has it."""

WINDOWS_SCHEMA = pa.schema(
    [
        ("high", pa.uint64()),
        ("low", pa.uint32()),
        ("rank", pa.uint64()),
        ("node", pa.uint64()),
        ("place", pa.uint32()),
    ]
)
"""A window: its hash of 96 bits, the document's rank among others and number, the place of its first word.

Two different windows of 10^11 have one hash with odds of about 10^-7.
"""

TWINS_SCHEMA = pa.schema([("row", pa.uint32()), ("place", pa.uint32()), ("keeper", pa.uint64())])
"""A window to remove from a shard, and the document that has it first."""

PIECE_ANCHORS = 64 << 10


def repeated_anchors(anchors: pa.Table) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Document and place of each anchor (ANCHORS_SCHEMA) whose hash another one of the table has."""
    keys = anchors.column("key").to_numpy()
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    repeated = np.zeros(len(keys), bool)
    repeated[1:] = same
    repeated[:-1] |= same
    chosen = order[repeated]
    return anchors.column("node").to_numpy()[chosen], anchors.column("place").to_numpy()[chosen]


def window_rows(
    texts: pa.Array,
    seeds: npt.NDArray[np.uint64],
    ranks: npt.NDArray[np.uint64],
    nodes: npt.NDArray[np.uint64],
    marked: npt.NDArray[np.int64],
    places: npt.NDArray[np.uint32],
    min_words: int,
) -> Iterator[pa.RecordBatch]:
    """Windows (WINDOWS_SCHEMA) of `texts` at the anchors in text marked[j] at places[j], sorted by both.

    The other columns are those of the texts. A piece holds the windows of about PIECE_ANCHORS anchors.
    """
    rows, firsts = np.unique(marked, return_index=True)
    bounds = np.append(firsts, len(marked))
    start = 0
    while start < len(rows):
        stop = max(start + 1, int(np.searchsorted(bounds, bounds[start] + PIECE_ANCHORS, side="right")) - 1)
        taken = rows[start:stop]
        begin, end = bounds[start], bounds[stop]
        windows = hash_windows(
            texts.take(pa.array(taken)),
            seeds[taken],
            min_words,
            bounds[start : stop + 1] - begin,
            places[begin:end],
        )
        of_text = taken[windows.rows]
        columns = [windows.highs, windows.lows, ranks[of_text], nodes[of_text], windows.places]
        yield pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=WINDOWS_SCHEMA)
        start = stop


def repeated_windows(
    windows: pa.Table, min_words: int, keep: KeepSpans
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """Windows to remove (TWINS_SCHEMA) and their shards from all windows (WINDOWS_SCHEMA) of a hash range."""
    highs, lows, ranks, nodes, places = (windows.column(name).to_numpy() for name in WINDOWS_SCHEMA.names)
    order = np.argsort(highs, kind="stable")
    twins = find_twins(order, highs, lows, ranks, nodes, places, min_words, keep == "first")
    removed = np.flatnonzero(twins >= 0)
    shards, rows = split_nodes(nodes[removed])
    columns = [rows, places[removed], nodes[twins[removed]]]
    return pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=TWINS_SCHEMA), shards
