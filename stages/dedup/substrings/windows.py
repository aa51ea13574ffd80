"""Anchors and windows of a hash range in, those that repeat out; texts and their repeated anchors in, windows out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.dedup.repeats.windows import WINDOWS_SCHEMA
from stages.kernels.match.windows import hash_windows

ANCHORS_SCHEMA = pa.schema([("key", pa.uint64()), ("node", pa.uint64()), ("place", pa.uint32())])
"""An anchor: its hash, the document's number, the place of its first word there."""

MARKS_SCHEMA = pa.schema([("row", pa.uint32()), ("place", pa.uint32())])
"""An anchor that repeats, for the shard that has it."""

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
