"""A recipe in, what it would take out: its stages, and cores, memory, disk, time and tokens, before anything runs.

Rates come from a sample of the raw files (`--measure`), or else from constants that the plan says are such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.check import check_all
from pipeline.config import LoadedRecipe
from pipeline.graph import Graph, Node
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.estimate import Estimate, estimate_run
from pipeline.plan.rates import Rates, fallback_rates
from pipeline.plan.raw import SourceSize, size_of_files
from pipeline.plan.show import estimate_lines, size_lines
from pipeline.plan.training import training_needs
from pipeline.recipe import build
from quality_classifier.score_texts import ScoreTexts
from stages.core.errors import UserError
from stages.core.manifest import EXCHANGE


@dataclass(frozen=True)
class Plan:
    """A recipe's graph, raw sizes, rates, and the estimate; none where no size is known."""

    loaded: LoadedRecipe
    graph: Graph
    sizes: dict[str, SourceSize | None]
    rates: Rates
    cluster: ClusterOptions
    estimate: Estimate | None

    @property
    def lines(self) -> list[str]:
        """The plan as lines of text."""
        recipe, graph = self.loaded.recipe, self.graph
        lines = [f"recipe {recipe.name}: {len(graph.nodes)} stages, run folder {recipe.run}"]
        for number, node in enumerate(graph.nodes.values()):
            lines.append(f"  {number:02d} {node.name} <- {_inputs(node)}")
        lines += size_lines(self.sizes)
        if self.estimate is not None:
            lines += estimate_lines(self.estimate, self.rates, self.cluster, recipe.groups)
        lines += [_unknown_speed(node) for node in graph.nodes.values() if isinstance(node.stage, ScoreTexts)]
        return lines + training_needs(self.loaded)

    @property
    def record(self) -> dict[str, Any]:
        """The plan as a record, as docs/looking.md describes it."""
        found = self.estimate
        stages = {} if found is None else {one.node: one for one in found.stages}
        return {
            "recipe": self.loaded.recipe.name,
            "run": self.loaded.recipe.run,
            "stages": [_stage_record(node, stages) for node in self.graph.nodes.values()],
            "sources": {
                source: {
                    "files": None if size is None else size.num_files,
                    "bytes": None if size is None else size.num_bytes,
                }
                for source, size in self.sizes.items()
            },
            "core_hours": None if found is None else found.core_seconds / 3600,
            "start_core_hours": None if found is None else found.start_seconds / 3600,
            "worker_memory_bytes": None if found is None else found.memory_bytes,
            "disk_bytes": None if found is None else found.disk_bytes,
            "disk_peak_bytes": None if found is None else found.disk_peak_bytes,
            "exchange_bytes": None if found is None else found.exchange_bytes,
            "exchange_reads": None if found is None else found.requests.exchange_reads,
            "get_requests": None if found is None else found.requests.gets,
            "put_requests": None if found is None else found.requests.puts,
            "wall_seconds": None if found is None else found.timetable.seconds,
            "critical_path": [] if found is None else list(found.timetable.critical),
            "cost": {} if found is None else dict(found.cost),
            "tokens": [] if found is None else [vars(one) for one in found.tokens],
            "lines": self.lines,
        }


def make_plan(
    loaded: LoadedRecipe, cluster: ClusterOptions | None = None, rates: Rates | None = None
) -> Plan:
    """The plan of a recipe, by rates that a sample gave or by constants.

    A MistakesError for what would stop the run: files that are not there, wrong options.
    """
    cluster = cluster or ClusterOptions()
    graph, final = build(loaded)
    check_all(graph, [name for name, one in loaded.sources.items() if one.expected.raw_bytes is not None])
    sizes = {source: source_size(loaded, source) for source in loaded.sources}
    known = {source: size for source, size in sizes.items() if size is not None}
    rates = rates or fallback_rates(loaded, graph, sizes)
    found = estimate_run(loaded, graph, final, known, rates, cluster) if known else None
    return Plan(loaded, graph, sizes, rates, cluster, found)


def source_size(loaded: LoadedRecipe, source: str) -> SourceSize | None:
    """Raw bytes of a source: of the files that are there, else by the recipe; None where nobody knows."""
    recipe = loaded.sources[source]
    try:
        files = recipe.ingest.raw_files()
    except UserError:
        expected = recipe.expected
        if expected.raw_bytes is None:
            return None
        return SourceSize(expected.raw_bytes, expected.raw_files, is_there=False)
    return size_of_files(recipe.ingest, files, loaded.recipe.seed)


def _unknown_speed(node: Node) -> str:
    """What is said of a stage that asks a language model, of which nobody knows how fast it is."""
    assert isinstance(node.stage, ScoreTexts)
    count = node.stage.max_documents
    asked = "every document" if count is None else f"{count:,} documents"
    return f"{node.name}: asks a language model of {asked}; its time is not in these hours"


def _inputs(node: Node) -> str:
    return ", ".join(node.inputs) if node.inputs else "raw files"


def _stage_record(node: Node, stages: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"node": node.name, "stage": node.stage.stage_name, "inputs": list(node.inputs)}
    if (one := stages.get(node.name)) is not None:
        record |= {
            "given_bytes": one.given_bytes,
            "text_bytes": one.text_bytes,
            "core_seconds": one.core_seconds,
            "tasks": one.tasks,
            "memory_bytes": one.memory_bytes,
            "written_bytes": one.written_bytes,
            "exchange_bytes": one.written.get(EXCHANGE, 0),
            "exchange_reads": one.requests.exchange_reads,
            "get_requests": one.requests.gets,
            "put_requests": one.requests.puts,
            "longest_task_seconds": one.longest_seconds,
        }
    return record
