"""A graph of stages in, all that is wrong with their options and the files that they name out, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from pipeline.graph import Graph, Node
from stages.core.mistakes import Mistakes
from stages.ingest.base import RawStage


def check_options(graph: Graph) -> None:
    """A MistakesError with what the stages know to be wrong of their options."""
    _check(graph, lambda node: None)


def check_inputs(graph: Graph) -> None:
    """The same, and the raw files that are not there: what a run knows of a recipe without reading anything."""
    _check(graph, _check_raw_files)


def check_all(graph: Graph, expected: Collection[str] = ()) -> None:
    """The same, and what of raw files, models and lists is not where the stages look for it.

    `expected` are sources whose raw files may come later.
    """
    _check(graph, partial(_check_places, expected=expected))


def _check(graph: Graph, look: Callable[[Node], None]) -> None:
    mistakes = Mistakes()
    for node in graph.nodes.values():
        with mistakes.below(node.name):
            look(node)
            node.stage.check()
    mistakes.end()


def _check_raw_files(node: Node) -> None:
    if isinstance(node.stage, RawStage):
        node.stage.raw_files()


def _check_places(node: Node, expected: Collection[str]) -> None:
    if not isinstance(node.stage, RawStage):
        node.stage.dependencies()
    elif node.stage.source not in expected:
        node.stage.raw_files()
