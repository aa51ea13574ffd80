"""A recipe in, rates of its stages out that nobody measured on it: the labelled fallback of a plan without a sample.

Speeds are of one core of the machine of docs/benchmarks.md and its texts; sizes of written files those of a run of
`configs/shared.yaml` there. Another machine and other dumps have others: `altiplano plan --measure` measures them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.config import LoadedRecipe
from pipeline.expected import INGEST, Bounds
from pipeline.graph import Graph
from pipeline.plan.flow import EDGES_ALONE, FIXED_STAGES
from pipeline.plan.packing import AS_USUAL
from pipeline.plan.raw import SourceSize
from stages.core.manifest import DOCUMENTS, EXCHANGE, INDEX, TABLE
from stages.core.manifest import TOKENS as TOKENS_FILES
from stages.core.stage import AnyStage
from stages.filter.stage import Filter
from stages.ingest.base import RawStage

CORE_MB_PER_SECOND: Mapping[str, float] = MappingProxyType(
    {
        "ingest_common_crawl": 11.4,
        "ingest_c4": 30.0,
        "ingest_github": 33.9,
        "ingest_wikipedia": 3.9,
        "ingest_books": 50.5,
        "ingest_arxiv": 9.4,
        "ingest_stackexchange": 56.4,
        "reference_urls": 3.9,
        "encode": 25.0,
        "train_tokenizer": 1.3,
        "train_language_model": 1.0,
        **dict.fromkeys(EDGES_ALONE, 2000.0),
    }
)
"""MB of what a stage is given per second on one core (docs/benchmarks.md); of others: DEFAULT_MB_PER_SECOND.

That of EDGES_ALONE is an assumption: a byte of pairs for 20 of text.
"""

RULE_MB_PER_SECOND: Mapping[str, float] = MappingProxyType(
    {
        "language": 16.7,
        "perplexity": 6.3,
        "reference": 18.0,
        "model": 18.0,
        **dict.fromkeys(("gopher_quality", "gopher_repetition", "c4", "fineweb"), 4 * 37.7),
    }
)
"""MB of text that a rule of a filter judges per second on one core: docs/benchmarks.md, where those of the last line were
measured as one; `reference` and `model` as fastText's bigram models there."""

DEFAULT_MB_PER_SECOND = 100.0
"""About what the slowest of the dedup stages, signing, does."""

WORKER_MEMORY_BYTES = 1_500_000_000
"""Peak memory of a worker that the stages are built to (docs/design.md: memory does not depend on the input's size)."""

DOCUMENT_FILE_SHARE = 0.4
"""Bytes of a shard of documents (Parquet, zstd) per byte of their text."""

EXCHANGE_SHARE: Mapping[str, float] = MappingProxyType(
    {
        "lines_hash": 0.09,
        "sentences_hash": 0.16,
        "exact_hash": 0.006,
        "near_sign": 0.17,
        "near_match": 0.01,
        "books_sketch": 1.2,
        "ingest_stackexchange": 0.42,
        "encode": 0.44,
    }
)
"""Bytes of exchange files per byte given; of other stages: next to none."""

PACKED_SHARE = 0.59
"""Bytes of packed tokens per byte of text: two bytes a token, or four for a vocabulary above 65,536."""

TEXT_PER_RAW_BYTE: Mapping[str, float] = MappingProxyType(
    {
        "common_crawl": 2.5,
        "c4": 2.57,
        "github": 1.0,
        "wikipedia": 1.4,
        "books": 0.96,
        "arxiv": 0.48,
        "stackexchange": 0.6,
    }
)
"""Text per raw byte by kind: WET and C4 gzipped, tar.gz, bz2, plain books, LaTeX alone as tar.gz, plain Posts.xml."""

BYTES_PER_TOKEN: Mapping[str, float] = MappingProxyType(
    {
        "common_crawl": 3.87,
        "c4": 3.95,
        "github": 3.33,
        "wikipedia": 3.23,
        "books": 3.01,
        "arxiv": 2.79,
        "stackexchange": 2.87,
    }
)
"""LLaMA's table 1: disk size over 1.4T tokens x share / epochs, that is over the tokens of one pass."""

DEFAULT_BYTES_PER_TOKEN = 3.9


@dataclass(frozen=True)
class StageRates:
    """What a stage takes for every byte that it is given: core-seconds, and bytes of files by kind; the rest by task."""

    core_seconds_per_byte: float = 0.0
    core_seconds_per_task: float = 0.0
    written_per_byte: Mapping[str, float] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)
    """Bytes by kind of what does not grow with the bytes given."""
    memory_bytes: int = WORKER_MEMORY_BYTES


@dataclass(frozen=True)
class Rates:
    """Rates by node, yields by (output of a step, source) with bounds, and bytes per token by source; and of what they are.

    `spread` is half the interval of a source's tokens, as a share, where a sample gives one; `start_seconds` what a worker
    takes once, to compile or load kernels and to load models.
    """

    stages: Mapping[str, StageRates]
    yields: Mapping[tuple[str, str], Bounds]
    bytes_per_token: Mapping[str, float]
    origin: tuple[str, ...]
    spread: Mapping[str, float] = field(default_factory=dict)
    core_spread: float | None = None
    start_seconds: float = 0.0


FALLBACK = (
    "rates: nothing was measured for this plan: speeds and sizes of files are constants from docs/benchmarks.md, yields",
    "  are the recipe's `yields`, or else all text goes on; `--measure 1%` measures it all on a sample of the raw files",
)


def fallback_rates(loaded: LoadedRecipe, graph: Graph, sizes: Mapping[str, SourceSize | None]) -> Rates:
    """Constants by the names of stages, and what the recipe declares; raw files by what they hold."""
    held = {source: AS_USUAL if size is None else size.held for source, size in sizes.items()}
    yields: dict[tuple[str, str], Bounds] = {}
    for output, (owner, step) in graph.steps.items():
        for source, recipe in loaded.sources.items():
            if owner == source:
                default = 1.0
                if step == INGEST:
                    default = TEXT_PER_RAW_BYTE.get(recipe.ingest.kind, 1.0) * held.get(source, AS_USUAL).text
                yields[output, source] = recipe.expected.yields.get(step, (default, default))
    kinds = {source: recipe.ingest.kind for source, recipe in loaded.sources.items()}
    per_token = {source: BYTES_PER_TOKEN.get(kind, DEFAULT_BYTES_PER_TOKEN) for source, kind in kinds.items()}
    stages = {}
    for node in graph.nodes.values():
        name = node.stage.stage_name
        written = {EXCHANGE: EXCHANGE_SHARE.get(name, 0.0), TABLE: 0.0, INDEX: 0.0}
        written[TOKENS_FILES] = PACKED_SHARE if name == "pack" else 0.0
        if node.name in graph.steps:
            owner = graph.steps[node.name][0]
            low, high = yields.get((node.name, owner), (1.0, 1.0))
            written[DOCUMENTS] = DOCUMENT_FILE_SHARE * middle((low, high))
        own = held.get(node.stage.source, AS_USUAL) if isinstance(node.stage, RawStage) else AS_USUAL
        written[EXCHANGE] *= own.work
        # What a tokenizer or a language model is trained on has a bound, and its speed is known; of others it is neither.
        fixed = isinstance(node.stage, FIXED_STAGES) and name not in CORE_MB_PER_SECOND
        stages[node.name] = StageRates(
            0.0 if fixed else _core_seconds_per_mb(node.stage) * 1e-6 * own.work,
            written_per_byte={} if fixed else {k: v for k, v in written.items() if v},
        )
    return Rates(stages, yields, per_token, FALLBACK)


def _core_seconds_per_mb(stage: AnyStage) -> float:
    if isinstance(stage, Filter):
        return sum(1 / RULE_MB_PER_SECOND.get(rule.rule, DEFAULT_MB_PER_SECOND) for rule in stage.rules)
    return 1 / CORE_MB_PER_SECOND.get(stage.stage_name, DEFAULT_MB_PER_SECOND)


def middle(bounds: Bounds) -> float:
    """The geometric middle of bounds: yields multiply."""
    return float((bounds[0] * bounds[1]) ** 0.5)
