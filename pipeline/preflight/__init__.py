"""What a run asks before its work begins and after each finished node: may it go on? A UserError where it may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.config import LoadedRecipe
from pipeline.gate import Gate
from pipeline.graph import Graph
from pipeline.preflight.contents import check_contents, raw_files_left
from pipeline.preflight.room import Machine, check_room
from pipeline.preflight.yields import YieldBounds
from pipeline.run_folder import Keep
from stages.core.manifest import Manifest
from stages.core.mistakes import Mistakes


@dataclass(frozen=True)
class RecipeGate(Gate):
    """The gate of a recipe's run: raw files of another kind, too little disk or memory, yields out of bounds.

    `outputs` are the nodes that hold the finished documents. What can be known before the first task is told at once, a
    line each; what is finished counts as done.
    """

    loaded: LoadedRecipe
    graph: Graph
    outputs: tuple[str, ...]
    run: str
    keep: Keep
    machine: Machine

    def before_work(self, finished: Mapping[str, Manifest]) -> None:
        """Refuse a run that cannot end well, when there is work left and no pool is open."""
        mistakes, files = Mistakes(), raw_files_left(self.graph, finished)
        with mistakes.below():
            check_contents(self.graph, files, self.loaded.recipe.seed)
        for node in finished:
            with mistakes.below():
                self.after_node(node, finished)
        with mistakes.below():
            check_room(self, finished, files)
        mistakes.end()

    def after_node(self, node: str, finished: Mapping[str, Manifest]) -> None:
        """Stop a run where a step that is over left more or less text than its source's bounds say."""
        YieldBounds(self.loaded, self.graph, self.run).check(node, finished)
