"""Texts in, sketches of them out; sketches in, clusters of near duplicates out (MinHash LSH, as in near dedup)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.dedup.columns import pack_words
from stages.kernels.sketch.buckets import link_buckets
from stages.kernels.sketch.minhash import DOCUMENT_BINS, band_keys, sign
from stages.kernels.sketch.union_find import components

SHINGLE_WORDS, BANDS, BAND_ROWS = 5, 14, 8
"""Near dedup's own defaults."""

THRESHOLD = (1 / BANDS) ** (1 / BAND_ROWS)
MAX_LEADERS = 16

SKETCH_FIELDS = [("bands", pa.binary(8 * BANDS)), ("sketch", pa.binary(DOCUMENT_BINS // 4))]
"""Null where a text has no words."""


def sketch_columns(texts: pa.Array) -> dict[str, pa.Array]:
    """SKETCH_FIELDS of each text."""
    signed = sign(texts, SHINGLE_WORDS, BANDS * BAND_ROWS)
    keys = band_keys(signed.values, BANDS, BAND_ROWS)
    empty = pa.array(~signed.any)
    packed = {"bands": pack_words(keys), "sketch": pack_words(signed.documents)}
    return {
        name: pa.array([], column.type) if not len(column) else _with_nulls(column, empty)
        for name, column in packed.items()
    }


def _with_nulls(column: pa.Array, empty: pa.Array) -> pa.Array:
    rows = np.arange(len(column))
    return column.take(pa.array(rows, mask=empty.to_numpy(zero_copy_only=False)))


def near_clusters(bands: pa.Array, sketches: pa.Array) -> npt.NDArray[np.int64]:
    """A number for each row, equal for rows that are near duplicates of each other, shape (rows,).

    Linked are texts of one band whose sketches agree to THRESHOLD, and clusters are what is linked in chains: rather too
    large than a text on both sides of a split.
    """
    clusters = np.arange(len(bands))
    there = np.flatnonzero(bands.is_valid().to_numpy(zero_copy_only=False))
    if not len(there):
        return clusters
    keys = _words(bands, there)
    order = np.lexsort((np.tile(there, BANDS), keys.T.ravel()))
    places = np.tile(np.arange(len(there)), BANDS)[order]
    words = _words(sketches, there)
    one, other = link_buckets(
        keys.T.ravel()[order], there[places].astype(np.uint64), words[places], THRESHOLD, MAX_LEADERS
    )
    nodes, labels = components(one, other)
    clusters[nodes.astype(np.int64)] = labels.astype(np.int64)
    return clusters


def _words(packed: pa.Array, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """The uint64 words of the given rows, none of them null, shape (rows, width)."""
    width = packed.type.byte_width // 8
    data = b"".join(packed.take(pa.array(rows)).to_pylist())
    return np.frombuffer(data, np.uint64).reshape(len(rows), width)
