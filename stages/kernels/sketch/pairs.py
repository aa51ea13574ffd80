"""Rows sorted by key in, pairs of rows with equal keys out: boundedly many for each row, piece by piece."""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel


@kernel
def pair_rows(keys, start, max_partners, max_pairs):  # type: ignore[no-untyped-def]
    """Pairs (first, later) of row numbers with equal keys from row `start` on, and the row to go on from.

    Each row meets at most the `max_partners` first ones of its key, so a key that everyone has costs no
    more than its rows times that. About `max_pairs` pairs are returned at a time.
    """
    first = np.empty(max_pairs + max_partners, np.int64)
    later = np.empty(max_pairs + max_partners, np.int64)
    count = 0
    row = start
    group = start
    while group > 0 and keys[group] == keys[group - 1]:
        group -= 1
    while row < len(keys) and count < max_pairs:
        if row and keys[row] != keys[row - 1]:
            group = row
        for partner in range(group, min(row, group + max_partners)):
            first[count], later[count] = partner, row
            count += 1
        row += 1
    return first[:count], later[:count], row
