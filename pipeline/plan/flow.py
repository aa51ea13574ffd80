"""A graph, raw bytes by source and yields by step in, the bytes that every stage is given out, by source.

A step's stages hash, match and remove what one stretch of documents holds, so the work of each follows the bytes that its
step is given: the raw files of a source, or the text of the documents before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.graph import Graph, Node
from quality_classifier.select import SelectPages
from quality_classifier.train import TrainQuality
from stages.core.manifest import add_counts
from stages.core.stage import AnyStage
from stages.ingest.base import RawStage
from stages.language_model.cutoffs import MeasureCutoffs
from stages.language_model.train import TrainLanguageModel
from stages.mix.mixture import Mix
from stages.tokenize.train import SampleText, TrainTokenizer
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

EDGES_ALONE = ("near_cluster", "books_decide", "overlaps_total")
"""Names of stages of one task that see pairs of documents and no text."""

ONE_TASK = (*(stage.stage_name for stage in FIXED_STAGES), *EDGES_ALONE)
"""Names of stages that run as one task, whatever they are given."""

FIRST_INPUT_ALONE = ("hash_references",)
"""Names of stages whose other inputs say how many destinations there are, and hold nothing for them to read."""

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
        for part in followed_inputs(graph, node):
            if part in graph.steps:
                behind.add(part)
            elif part in graph.nodes and not isinstance(graph.nodes[part].stage, FIXED_STAGES):
                behind |= found[part]
        found[node.name] = frozenset(behind)
    return found


def followed_inputs(graph: Graph, node: Node) -> tuple[str, ...]:
    """The nodes that a node's work follows."""
    return graph.parts(node.inputs[:1] if node.stage.stage_name in FIRST_INPUT_ALONE else node.inputs)


def flow_of(graph: Graph, raw: BytesBySource, text_of: Callable[[str, BytesBySource], BytesBySource]) -> Flow:
    """The bytes that every node of a graph is given. `text_of(output, given)`: the text of a step's documents."""
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
            documents[name] = text_of(name, given[name])
    return Flow(given, documents)


def work_bytes(graph: Graph, flow: Flow, node: str) -> int:
    """Bytes that a node's work follows: what it is given, up to the bound that its options set."""
    given, stage = flow.given_bytes(node), graph.nodes[node].stage
    bounds = [given]
    if isinstance(stage, TrainLanguageModel):
        bounds.append(stage.max_text_bytes)
    if isinstance(stage, TrainTokenizer):
        behind = [graph.nodes[part].stage for part in graph.parts(graph.nodes[node].inputs)]
        bounds += [one.max_text_bytes for one in behind if isinstance(one, SampleText)]
    return min(bounds)
