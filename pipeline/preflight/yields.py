"""The yields that a recipe gives bounds and finished nodes in, a line for a step that left them out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.config import LoadedRecipe
from pipeline.expected import INGEST, Bounds
from pipeline.graph import Graph
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.ingest.base import RawStage

MIN_DOCUMENTS = 10_000
"""Documents, or raw records, that a step is given before its yield is judged.

The relative standard error of a ratio over n documents is their coefficient of variation over the root of n; lengths of
web pages, the widest, vary by some three times their mean, so it is about 3% here, and above 10% below 1,000.
"""


@dataclass(frozen=True)
class BoundStep:
    """A step whose yield has bounds: its source and name, and the output that it was given; None: raw files."""

    source: str
    step: str
    bounds: Bounds
    before: str | None


class YieldBounds:
    """Yields of a recipe that are bounds; one number is only reckoned with."""

    def __init__(self, loaded: LoadedRecipe, graph: Graph, run: str) -> None:
        self._graph, self._run = graph, run
        self._steps: dict[str, BoundStep] = {}
        before: dict[str, str] = {}
        for output, (source, step) in graph.steps.items():
            recipe = loaded.sources.get(source)
            bounds = None if recipe is None else recipe.expected.yields.get(step)
            if bounds is not None and bounds[0] < bounds[1]:
                self._steps[output] = BoundStep(source, step, bounds, before.get(source))
            before[source] = output

    def check(self, node: str, finished: Mapping[str, Manifest]) -> None:
        """A UserError when a finished node ends a step whose text out per byte in is out of bounds."""
        step = self._steps.get(node)
        if step is None or (given := self._given(step, node, finished)) is None:
            return
        documents, given_bytes = given
        totals = finished[node].sources.get(step.source)
        text_bytes = 0 if totals is None else totals.text_bytes
        low, high = step.bounds
        if documents < MIN_DOCUMENTS or not given_bytes or low <= text_bytes / given_bytes <= high:
            return
        what = "raw records" if step.step == INGEST else "documents"
        shown = f"{shlex.quote(self._run)} --source {shlex.quote(step.source)}"
        raise UserError(
            f"{step.source}: step {step.step} left {text_bytes / given_bytes:.3g} bytes of text for each byte of its"
            f" {documents:,} {what}, and its `yields` are [{low:g}, {high:g}]; the ledger of {node} says why: `altiplano"
            f" inspect dropped {shown}`; mend the step, its input or its bounds: the same command then goes on"
        )

    def _given(self, step: BoundStep, node: str, finished: Mapping[str, Manifest]) -> tuple[int, int] | None:
        """Documents and bytes that a step was given; None where a run that is taken up does not hold them any more."""
        if step.before is not None:
            if step.before not in finished:
                return None
            totals = finished[step.before].sources.get(step.source)
            return None if totals is None else (totals.documents, totals.text_bytes)
        raw = [finished[name] for name in self._raw_nodes(node) if name in finished]
        records = sum(manifest.documents_in + manifest.created for manifest in raw)
        return records, sum(manifest.bytes_in for manifest in raw)

    def _raw_nodes(self, node: str) -> Iterator[str]:
        """The nodes before an output that read raw files."""
        names = [node]
        while names:
            name = names.pop()
            if name in self._graph.nodes:
                if isinstance(self._graph.nodes[name].stage, RawStage):
                    yield name
                names += self._graph.parts(self._graph.nodes[name].inputs)
