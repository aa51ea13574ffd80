"""A graph, raw bytes by source and yields by step in, the bytes that every stage is given out, by source.

A step's stages hash, match and remove what one stretch of documents holds, so the work of each follows the bytes that its
step is given: the raw files of a source, or the text of the documents before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.graph import Graph
from quality_classifier.select import SelectPages
from quality_classifier.train import TrainQuality
from stages.core.manifest import add_counts
from stages.core.stage import AnyStage
from stages.ingest.base import RawStage
from stages.language_model.cutoffs import MeasureCutoffs
from stages.language_model.train import TrainLanguageModel
from stages.mix.mixture import Mix
from stages.tokenize.train import TrainTokenizer
from stages.train.stage import Train

FIXED_STAGES: tuple[type[AnyStage], ...] = (
    TrainTokenizer,
    SelectPages,
    TrainQuality,
    TrainLanguageModel,
    MeasureCutoffs,
    Mix,
    Train,
)
"""Stages whose options bound what they take of the dumps: their work does not follow the dumps' bytes."""

RAW_OF = "raw:"
"""Begins the name of a source's raw files among origins, which no output has."""

BytesBySource = Mapping[str, int]


@dataclass(frozen=True)
class Flow:
    """By node the bytes that it is given, and by the output of a step the text of its documents; both by source."""

    given: Mapping[str, BytesBySource]
    documents: Mapping[str, BytesBySource]

    def given_bytes(self, node: str) -> int:
        """Bytes that a node is given in all."""
        return sum(self.given[node].values())


def origins(graph: Graph) -> dict[str, frozenset[str]]:
    """What every node's work follows: outputs of steps, and raw files; none for what has bounds of its own."""
    found: dict[str, frozenset[str]] = {}
    for node in graph.nodes.values():
        if isinstance(node.stage, RawStage):
            found[node.name] = frozenset([RAW_OF + node.stage.source])
            continue
        behind: set[str] = set()
        for part in graph.parts(node.inputs):
            if part in graph.steps:
                behind.add(part)
            elif part in graph.nodes and not isinstance(graph.nodes[part].stage, FIXED_STAGES):
                behind |= found[part]
        found[node.name] = frozenset(behind)
    return found


def flow_of(graph: Graph, raw: BytesBySource, yield_of: Callable[[str, str], float]) -> Flow:
    """The bytes that every node of a graph is given. `yield_of(output, source)`: text out of a step per byte given."""
    documents: dict[str, BytesBySource] = {}
    given: dict[str, BytesBySource] = {}
    for name, behind in origins(graph).items():
        parts = [
            {origin.removeprefix(RAW_OF): raw.get(origin.removeprefix(RAW_OF), 0)}
            if origin.startswith(RAW_OF)
            else documents[origin]
            for origin in sorted(behind)
        ]
        given[name] = add_counts(parts)
        if name in graph.steps:
            documents[name] = {
                source: round(size * yield_of(name, source)) for source, size in given[name].items()
            }
    return Flow(given, documents)
