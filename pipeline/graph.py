"""Stages and what they read, as a graph of named nodes: the form in which a recipe is run, planned and inspected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import ConfigDict, Field

from pipeline.registry import check_stage
from stages.core import storage
from stages.core.discover import is_own
from stages.core.errors import UserError
from stages.core.given import merged_fingerprint
from stages.core.manifest import (
    DOCUMENTS,
    MANIFEST_NAME,
    Manifest,
    Record,
    read_manifest,
    read_record,
)
from stages.core.names import below
from stages.core.plugins import class_place
from stages.core.stage import AnyStage

RUN_FILE = "run.json"


@dataclass(frozen=True)
class Node:
    """One stage of a run and the names of the nodes whose manifests it reads, in order."""

    name: str
    stage: AnyStage
    inputs: tuple[str, ...]


@dataclass
class Graph:
    """Nodes in an order in which each comes after its inputs.

    `given` are finished outputs from outside the run; `unions` are the documents of several nodes taken as one input.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    given: dict[str, Manifest] = field(default_factory=dict)
    unions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_behind: set[str] = field(default_factory=set)
    """Names of `given` whose place the run does not record: nobody finds by it what was taken out of the run."""
    steps: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the output that holds a recipe's documents after a step: its source, and the step's name."""

    def add(self, name: str, stage: AnyStage, inputs: Sequence[str] = ()) -> str:
        """Add a node; returns its name, numbered when the name is taken. A UserError for a stranger's stage that cannot
        stand beside the others."""
        self._check_stage(type(stage))
        base, number = name, 2
        while name in self.nodes or name in self.given:
            name, number = f"{base}-{number}", number + 1
        for wanted in inputs:
            self._check_there(name, wanted)
        self.nodes[name] = Node(name, stage, tuple(inputs))
        return name

    def add_union(self, name: str, inputs: Sequence[str]) -> str:
        """Take the documents of several nodes together under one name."""
        if name in self.nodes or name in self.given or name in self.unions:
            raise ValueError(f"{name} is in the graph already")
        for wanted in inputs:
            self._check_there(name, wanted)
        self.unions[name] = tuple(inputs)
        return name

    def _check_stage(self, kind: type[AnyStage]) -> None:
        check_stage(kind)
        for node in self.nodes.values():
            other = type(node.stage)
            if node.stage.stage_name == kind.stage_name and other is not kind and not is_own(kind):
                raise UserError(
                    f"{class_place(kind)} and {class_place(other)} have one stage_name, {kind.stage_name!r}; rename one"
                )

    def _check_there(self, reader: str, wanted: str) -> None:
        if wanted not in self.nodes and wanted not in self.given and wanted not in self.unions:
            raise ValueError(f"{reader} reads {wanted}, which is not in the graph yet")

    def below(
        self,
        prefix: str,
        trained_model: Callable[[str], str] | None = None,
        own_stage: str = "",
        language_model: Callable[[str, str], tuple[str, str]] | None = None,
    ) -> Below:
        """Where verbs put their stages: the nodes are named `<prefix>.<stage>`, a single stage `<prefix>`.

        `trained_model` gives the output that holds the quality model learnt from some documents, `language_model` those
        that hold the perplexity models of a language learnt from a source, and their cut-offs.
        """
        return Below(self, prefix, trained_model, own_stage, language_model)

    def fingerprints(self) -> dict[str, str]:
        """Fingerprint of every node and given input."""
        found = {name: manifest.fingerprint for name, manifest in self.given.items()}
        for node in self.nodes.values():
            for name in node.inputs:
                if name in self.unions:
                    found[name] = merged_fingerprint([found[part] for part in self.unions[name]])
            found[node.name] = node.stage.fingerprint([found[name] for name in node.inputs])
        return found

    def parts(self, names: Iterable[str]) -> tuple[str, ...]:
        """The nodes and given inputs behind these names."""
        return tuple(part for name in names for part in self.unions.get(name, (name,)))


@dataclass(frozen=True)
class Below:
    """A graph as verbs see it (`Wiring`): a stage is added below a prefix, and read by the name that it got."""

    graph: Graph
    prefix: str
    model_of: Callable[[str], str] | None
    own_stage: str
    language_model_of: Callable[[str, str], tuple[str, str]] | None = None

    def add(self, stage: AnyStage, *inputs: str) -> str:
        """Add a stage that reads the outputs named `inputs`; the name of its own."""
        name = f"{self.prefix}.{stage.stage_name}" if self.prefix else stage.stage_name
        return self.graph.add(self.prefix if stage.stage_name == self.own_stage else name, stage, inputs)

    def trained_model(self, documents: str) -> str:
        """The output that holds the quality model learnt from these documents."""
        if self.model_of is None:
            raise UserError("the reference rule needs a model; train one with `altiplano quality train`")
        return self.model_of(documents)

    def language_model(self, source: str, language: str) -> tuple[str, str]:
        """The outputs that hold the models of a language, learnt from a source of the recipe, and their cut-offs."""
        if self.language_model_of is None:
            raise UserError(
                "train_on trains models in a recipe's run; train them with `altiplano lm train`, and name their folder in"
                " `models`"
            )
        return self.language_model_of(source, language)


def sources_of(graph: Graph) -> dict[str, str]:
    """By node, in order, the source that it is of: its name, of several how many they are, of none nothing."""
    found = {name: set(manifest.sources) for name, manifest in graph.given.items()}
    for node in graph.nodes.values():
        source = getattr(node.stage, "source", None)
        above = (found.get(name, set()) for name in graph.parts(node.inputs))
        found[node.name] = {source} if isinstance(source, str) and source else set().union(*above)
    return {
        name: next(iter(found[name])) if len(found[name]) == 1 else f"{len(found[name])} sources"
        for name in graph.nodes
    } | {name: "" for name in graph.nodes if not found[name]}


class RunNode(Record):
    """A node as `run.json` keeps it; with the SHA-256 of its manifest, the file, once it is finished."""

    name: str
    stage: str
    fingerprint: str
    folder: str
    inputs: tuple[str, ...]
    manifest_sha256: str | None = None


class RunRecord(Record):
    """What a run consists of: `run.json` in the run's folder; folders are relative to it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    nodes: tuple[RunNode, ...]
    given: dict[str, str] = Field(default_factory=dict)
    outputs: tuple[str, ...] = ()


def read_run(run: str) -> RunRecord:
    """The record of a run; a UserError when the folder is no run."""
    uri = storage.join(run, RUN_FILE)
    if not storage.exists(uri):
        raise UserError(f"{run}: not a run (no {RUN_FILE}); give the folder that `altiplano run` printed")
    return read_record(uri, RunRecord)


def run_manifests(run: str) -> dict[str, Manifest]:
    """Manifests of the finished nodes of a run, in its order."""
    found = {}
    for node in read_run(run).nodes:
        folder = below(run, node.folder)
        if storage.exists(storage.join(folder, MANIFEST_NAME)):
            found[node.name] = read_manifest(folder)
    return found


def final_document_uris(run: str) -> list[str]:
    """The document shards that a run ended with, or that it was given from other runs; those that are still there."""
    record, manifests = read_run(run), run_manifests(run)
    uris = [uri for name in record.outputs if name in manifests for uri in manifests[name].uris(DOCUMENTS)]
    for folder in record.given.values():
        if folder and storage.exists(storage.join(folder, MANIFEST_NAME)):
            uris += read_manifest(folder).uris(DOCUMENTS)
    return [uri for uri in dict.fromkeys(uris) if storage.exists(uri)]
