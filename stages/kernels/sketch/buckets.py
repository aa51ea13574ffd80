"""Sketches sorted by group in, the near duplicates among them out, in time linear in a group's size.

A group is compared with at most `max_leaders` of its own documents, so tens of thousands of equal ones cost
no more than as many comparisons.
"""

from __future__ import annotations

import numpy as np

from stages.kernels.compiled import kernel
from stages.kernels.sketch.minhash import similarity


@kernel
def link_buckets(keys, nodes, sketches, threshold, max_leaders):  # type: ignore[no-untyped-def]
    """Edges (two arrays of nodes) between documents of equal key whose sketches agree to `threshold`.

    Rows are sorted by key. Each document is compared with the leaders of its bucket, those before it that
    agreed with no leader; a threshold below 0 links all to the first without comparing.
    """
    one = np.empty(1024, np.uint64)
    other = np.empty(1024, np.uint64)
    leaders = np.empty(max_leaders, np.int64)
    edges = 0
    num_leaders = 0
    for row in range(len(keys)):
        if row == 0 or keys[row] != keys[row - 1]:
            leaders[0] = row
            num_leaders = 1
            continue
        if edges + max_leaders > len(one):
            one = np.concatenate((one, np.empty_like(one)))
            other = np.concatenate((other, np.empty_like(other)))
        linked = False
        for leader in leaders[:num_leaders]:
            if threshold < 0 or similarity(sketches[row], sketches[leader]) >= threshold:
                one[edges], other[edges] = nodes[leader], nodes[row]
                edges += 1
                linked = True
        if not linked and num_leaders < max_leaders:
            leaders[num_leaders] = row
            num_leaders += 1
    return one[:edges], other[:edges]


@kernel
def choose_keepers(groups, removable, sketches, threshold, max_keepers):  # type: ignore[no-untyped-def]
    """For rows sorted by group and, inside, by who is to be kept: (row of the keeper or -1, similarity to
    it).

    A document is removed when its sketch agrees to `threshold` with that of a document that is kept, the
    first such one; a chain of near duplicates thus never removes what has no kept partner. A threshold
    below 0 keeps the first of a group only. At most `max_keepers` of a group are compared with; what agrees
    with none is kept, and so is what is not `removable`.
    """
    keepers = np.full(len(groups), -1, np.int64)
    values = np.ones(len(groups), np.float64)
    kept = np.empty(max_keepers, np.int64)
    num_kept = 0
    for row in range(len(groups)):
        if row == 0 or groups[row] != groups[row - 1]:
            num_kept = 0
        for keeper in kept[: num_kept if removable[row] else 0]:
            value = similarity(sketches[row], sketches[keeper])
            if value >= threshold:
                keepers[row], values[row] = keeper, value
                break
        if keepers[row] < 0 and num_kept < max_keepers:
            kept[num_kept] = row
            num_kept += 1
    return keepers, values
