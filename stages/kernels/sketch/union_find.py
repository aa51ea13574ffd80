"""Edges between 64-bit nodes in, connected components out, by union-find with path halving.

A component is named by its smallest node, so the answer depends neither on order nor on direction of edges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

Nodes = npt.NDArray[np.uint64]


def components(one: Nodes, other: Nodes) -> tuple[Nodes, Nodes]:
    """All nodes of the edges, sorted, and the smallest node of each one's component, shape (nodes,) each."""
    nodes = np.unique(np.concatenate([one, other]))  # without its inverse, which takes five times the memory
    roots = _roots(np.searchsorted(nodes, one), np.searchsorted(nodes, other), len(nodes))
    return nodes, nodes[roots]


def forest(one: Nodes, other: Nodes) -> tuple[Nodes, Nodes]:
    """The fewest edges with the same components: one from each component's smallest node to every other."""
    nodes, smallest = components(one, other)
    linked = nodes != smallest
    return smallest[linked], nodes[linked]


@kernel
def _find(parents, place):  # type: ignore[no-untyped-def]
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@kernel
def _roots(one, other, count):  # type: ignore[no-untyped-def]
    parents = np.arange(count)
    for i in range(len(one)):
        a, b = _find(parents, one[i]), _find(parents, other[i])
        parents[max(a, b)] = min(a, b)
    for place in range(count):
        parents[place] = _find(parents, place)
    return parents
