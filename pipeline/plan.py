"""A recipe in, what it would take out: its stages, and cores, memory, disk and time, before anything runs.

The estimates scale speeds measured on one core (docs/benchmarks.md) by the bytes of raw files; they are for planning
a cluster, not promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

from pipeline.check import check_all
from pipeline.config import LoadedRecipe
from pipeline.graph import Graph, Node
from pipeline.recipe import build
from quality_classifier.select import SelectPages
from quality_classifier.train import TrainQuality
from stages.core.errors import UserError
from stages.core.stage import AnyStage
from stages.ingest.base import RawStage
from stages.mix.mixture import Mix
from stages.mix.weights import parse_tokens, readable
from stages.tokenize.train import TrainTokenizer
from stages.train.config import Parallel, Recompute, TrainConfig
from stages.train.memory import CARD_BYTES, WORLD_SIZES, rank_bytes, world_size_needed
from stages.train.stage import Train

CORE_MB_PER_SECOND = {
    "ingest_common_crawl": 11.4,
    "ingest_c4": 30.0,
    "ingest_github": 33.9,
    "ingest_wikipedia": 3.9,
    "ingest_books": 50.5,
    "ingest_arxiv": 9.4,
    "ingest_stackexchange": 56.4,
    "reference_urls": 3.9,
    "filter": 27.9,
    "encode": 25.0,
}
"""MB of a stage's input per second on one core (docs/benchmarks.md); what is not named: DEFAULT_MB_PER_SECOND."""

NO_DATA_STAGES: tuple[type[AnyStage], ...] = (TrainTokenizer, SelectPages, TrainQuality, Mix, Train)
"""Stages whose work does not follow the bytes of the dumps."""

DEFAULT_MB_PER_SECOND = 100.0
"""About what the slowest of the dedup stages, signing, does."""

WORKER_MEMORY_GB = 1.5
"""Peak memory of a worker that the stages are built to (docs/design.md: memory does not depend on the input's size)."""

RUN_SPACE_FACTOR = 3.0
"""Bytes of a run per byte of text, about: shards of every stage, zstd, and tokens."""

A100_FLOPS = 312e12
TRAINING_UTILISATION = 0.47
"""LLaMA 65B ran at about 47% of peak on 2,048 A100 (the paper, section 2.4)."""

MEMORY_PARTS = ("weights", "gradients", "optimizer", "activations", "passing")


@dataclass(frozen=True)
class SourceSize:
    """Raw bytes of a source, and whether they were measured here or given by the recipe."""

    num_bytes: int
    num_files: int | None


def plan_lines(loaded: LoadedRecipe) -> list[str]:
    """The plan as lines of text; a MistakesError for what would stop the run: files that are not there, wrong options."""
    graph, _ = build(loaded)
    later = [name for name, source in loaded.sources.items() if source.expected_bytes is not None]
    check_all(graph, later)
    sizes = {source: _size(loaded, source) for source in loaded.sources}
    lines = [f"recipe {loaded.recipe.name}: {len(graph.nodes)} stages, run folder {loaded.recipe.run}"]
    lines += [
        f"  {number:02d} {node.name} <- {_inputs(node)}" for number, node in enumerate(graph.nodes.values())
    ]
    lines.append("raw input:")
    for source, size in sizes.items():
        lines.append(f"  {source}: {_size_text(size)}")
    known = {source: size.num_bytes for source, size in sizes.items() if size is not None}
    if known:
        lines += _estimates(graph, known)
    return lines + _training(loaded)


def plan_record(loaded: LoadedRecipe) -> dict[str, Any]:
    """The plan as a record: `stages` with their inputs, `sources` with files and bytes (null: not known), estimates."""
    lines = plan_lines(loaded)
    graph, _ = build(loaded)
    sizes = {source: _size(loaded, source) for source in loaded.sources}
    stages = [
        {"node": node.name, "stage": node.stage.stage_name, "inputs": list(node.inputs)}
        for node in graph.nodes.values()
    ]
    known = {source: size.num_bytes for source, size in sizes.items() if size is not None}
    return {
        "recipe": loaded.recipe.name,
        "run": loaded.recipe.run,
        "stages": stages,
        "sources": {
            source: {"files": None, "bytes": None}
            if size is None
            else {"files": size.num_files, "bytes": size.num_bytes}
            for source, size in sizes.items()
        },
        "core_hours": _core_seconds(graph, known) / 3600 if known else None,
        "worker_memory_bytes": int(WORKER_MEMORY_GB * 1e9),
        "disk_bytes": int(sum(known.values()) * RUN_SPACE_FACTOR) if known else None,
        "lines": lines,
    }


def _inputs(node: Node) -> str:
    return ", ".join(node.inputs) if node.inputs else "raw files"


def _size(loaded: LoadedRecipe, source: str) -> SourceSize | None:
    recipe = loaded.sources[source]
    try:
        files = recipe.ingest.raw_files()
    except UserError:
        return None if recipe.expected_bytes is None else SourceSize(recipe.expected_bytes, None)
    return SourceSize(sum(file.size for file in files), len(files))


def _size_text(size: SourceSize | None) -> str:
    if size is None:
        return "no raw files here, and no `expected` size in the recipe"
    if size.num_files is None:
        return f"no raw files here; {_bytes(size.num_bytes)} expected"
    return f"{size.num_files:,} files, {_bytes(size.num_bytes)}"


def input_bytes(graph: Graph, sizes: dict[str, int]) -> dict[str, int]:
    """Bytes that each node reads, about: those of its sources' raw files, whatever the stages between drop."""
    sources: dict[str, frozenset[str]] = {}
    for node in graph.nodes.values():
        if isinstance(node.stage, RawStage):
            sources[node.name] = frozenset([node.stage.source])
        else:
            parts = graph.parts(node.inputs)
            read = [sources[p] for p in parts if not isinstance(graph.nodes[p].stage, NO_DATA_STAGES)]
            sources[node.name] = frozenset().union(*read)
    return {name: sum(sizes.get(source, 0) for source in behind) for name, behind in sources.items()}


def _core_seconds(graph: Graph, sizes: dict[str, int]) -> float:
    core_seconds = 0.0
    read = input_bytes(graph, sizes)
    for node in graph.nodes.values():
        if not isinstance(node.stage, NO_DATA_STAGES):
            speed = CORE_MB_PER_SECOND.get(node.stage.stage_name, DEFAULT_MB_PER_SECOND)
            core_seconds += read[node.name] / 1e6 / speed
    return core_seconds


def _estimates(graph: Graph, sizes: dict[str, int]) -> list[str]:
    hours = _core_seconds(graph, sizes) / 3600
    total = sum(sizes.values())
    return [
        f"data stages: about {hours:,.1f} core-hours; on 2 cores {hours / 2:,.1f} h, on 1,000 cores {hours / 1000:,.2f} h",
        f"memory: {WORKER_MEMORY_GB} GB per worker; disk: about {_bytes(total * RUN_SPACE_FACTOR)} for the run",
    ]


def _training(loaded: LoadedRecipe) -> list[str]:
    train: Train | None = loaded.recipe.train
    if train is None:
        return []
    vocab_size, budget = loaded.recipe.tokenizer.vocab_size, loaded.recipe.mixture.budget
    lines = []
    if budget is not None:
        tokens, parameters = parse_tokens(budget), train.sizes.num_parameters(vocab_size)
        hours = 6 * parameters * tokens / (A100_FLOPS * TRAINING_UTILISATION) / 3600
        lines.append(
            f"training: {parameters / 1e9:.2f} B parameters on {readable(Fraction(tokens))} tokens:"
            f" about {hours:,.0f} A100-hours"
            f" at {TRAINING_UTILISATION:.0%} of peak, {hours / 2048 / 24:,.1f} days on 2,048"
        )
    return lines + cards_needed(train, vocab_size, loaded.recipe.mixture.sequence_length)


def cards_needed(train: TrainConfig, vocab_size: int, sequence_length: int) -> list[str]:
    """Which world size a training needs, a process a card: as it is told, and by FSDP with each policy of recomputation."""
    lines = [
        f"memory of training, {train.micro_batch_sequences} sequences of {sequence_length:,} at a time,"
        f" on cards of {_bytes(CARD_BYTES)}:"
    ]
    told = (train.parallel, train.recompute)
    ways: list[tuple[Parallel, Recompute]] = [told, *(("fsdp", policy) for policy in get_args(Recompute))]
    for parallel, recompute in dict.fromkeys(ways):
        config = train.model_copy(update={"parallel": parallel, "recompute": recompute})
        number = world_size_needed(config, vocab_size, sequence_length)
        shown = rank_bytes(config, vocab_size, sequence_length, number or WORLD_SIZES[-1])
        parts = ", ".join(f"{name} {_bytes(getattr(shown, name))}" for name in MEMORY_PARTS)
        enough = (
            f"{number:,} or more processes"
            if number
            else "fits on no number of cards, lower micro_batch_sequences"
        )
        lines.append(f"  --parallel {parallel} --recompute {recompute}: {enough}; each {parts}")
    return lines


def _bytes(number: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
