"""A graph and what is finished of it in, the nodes that can start, or never will, out.

A node that cannot work because something before it kept nothing is given up with all that reads it; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.graph import Graph, Node
from stages.core.errors import EmptyInputError, UserError
from stages.core.manifest import Manifest


class Waiting:
    """Nodes that have not started, in the graph's order. `manifests` grows while others finish."""

    def __init__(self, graph: Graph, manifests: Mapping[str, Manifest]) -> None:
        self._graph, self._manifests = graph, manifests
        self._nodes = [node for node in graph.nodes.values() if node.name not in manifests]
        self._given_up: dict[str, UserError] = {}

    def __bool__(self) -> bool:
        return bool(self._nodes)

    @property
    def first(self) -> Node:
        """The one that waits for longest."""
        return self._nodes[0]

    def ready(self) -> list[Node]:
        """Those whose inputs are finished."""
        return [node for node in self._nodes if all(name in self._manifests for name in node.inputs)]

    def start(self, node: Node) -> None:
        """Take a node out: it runs."""
        self._nodes.remove(node)

    def give_up(self, node: Node, error: UserError) -> None:
        """Pass over a node that ends in a user's mistake, and all that needs it; raises it unless what it reads is empty."""
        behind = self._behind(node)
        if not any(_lost_all(self._manifests[name]) for name in behind if name in self._manifests):
            raise error
        self._given_up[node.name] = error
        lost = {node.name}
        for later in self._graph.nodes.values():
            if not lost.isdisjoint(self._graph.parts(later.inputs)):
                lost.add(later.name)
        self._nodes = [waiting for waiting in self._nodes if waiting.name not in lost]

    def end(self) -> None:
        """An EmptyInputError when a node was given up: of the first in the graph's order."""
        for name in self._graph.nodes:
            if name in self._given_up:
                raise EmptyInputError(
                    f"{name}: {self._given_up[name]}; all that does not need it is finished"
                )

    def _behind(self, node: Node) -> set[str]:
        """All nodes that a node stands on."""
        found: set[str] = set()
        names = list(self._graph.parts(node.inputs))
        while names:
            if (name := names.pop()) not in found:
                found.add(name)
                names += (
                    self._graph.parts(self._graph.nodes[name].inputs) if name in self._graph.nodes else ()
                )
        return found


def _lost_all(manifest: Manifest) -> bool:
    return manifest.documents_in + manifest.created > 0 and manifest.documents_out == 0
