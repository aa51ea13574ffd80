"""A finished run and lists of what must go in, a graph of the same run without it out: documents, tokens, mixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.chain import finished_documents, token_stages
from pipeline.graph import Graph, run_manifests
from pipeline.wiring import add_mixture
from stages.core import storage
from stages.core.documents import source_of
from stages.core.manifest import LEDGER, Manifest
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.mix.mixture import Mix
from stages.takedown.documents import RULE, FindHolders, Takedown, TakenShard
from stages.takedown.earlier import Earlier
from stages.takedown.requests import RequestLists
from stages.takedown.tokens import PackWithout
from stages.tokenize.pack import PackedShard
from stages.train.stage import Train

_BEFORE = "before:"
"""Begins the names of the stages of the run that documents are taken out of."""

_TAKEN = "takedown."
"""Begins the names of the stages that take them out."""


@dataclass(frozen=True)
class TakedownGraph:
    """The graph, the nodes that hold what is left of the documents, and the one that holds the mixture, if there is one."""

    graph: Graph
    documents: tuple[str, ...]
    mixture: str | None


def takedown_graph(run: str, lists: RequestLists, with_duplicates: bool) -> TakedownGraph:
    """The stages that take documents out of a run; a UserError where it has none, or they lie in no run.

    Tokenizer, quality and language models are taken over as they are; what was trained on the tokens stays in the old run.
    """
    graph = Graph()
    before = [_add_before(graph, one) for one in run_manifests(run).values()]
    for name in before:
        is_remade = is_made_by(graph.given[name], Mix) or is_made_by(graph.given[name], Train)
        graph.add(name.removeprefix(_BEFORE), Earlier(with_models=not is_remade), [name])
    options = lists.model_dump()
    holders = graph.add("takedown.holders", FindHolders(**options, with_duplicates=with_duplicates), before)
    documents = tuple(
        graph.add(
            f"{_TAKEN}{one.node.removeprefix(_TAKEN)}",
            Takedown(**options),
            [_add_before(graph, one), holders],
        )
        for one in finished_documents(run)
    )
    found = token_stages(run)
    if found is None:
        return TakedownGraph(graph, documents, None)
    tokens = graph.add("takedown.pack", PackWithout(), [_add_before(graph, found.packed), *documents])
    if found.mixed is None:
        return TakedownGraph(graph, documents, None)
    # a source may be empty now: what the mixture says of it is passed over, with a warning
    sources = sorted({source_of(shard.source) for shard in found.packed.facts_of(PackedShard)})
    options_of_mix = Mix.model_validate(found.mixed.config | {"may_be_empty": sources})
    mixture = add_mixture(graph.below("takedown"), options_of_mix, tokens).mixture
    return TakedownGraph(graph, documents, mixture)


def _add_before(graph: Graph, manifest: Manifest) -> str:
    """Add a finished stage of the old run, which the new one does not say where to find; its name."""
    for name, other in graph.given.items():
        if other.fingerprint == manifest.fingerprint:
            return name
    base, number = f"{_BEFORE}{manifest.node}", 2
    name = base
    while name in graph.given:
        name, number = f"{base}-{number}", number + 1
    graph.given[name] = manifest.model_copy(update={"folder": storage.absolute(manifest.folder)})
    graph.left_behind.add(name)
    return name


@dataclass(frozen=True)
class TakenOut:
    """What a takedown came to: documents that went, requests that nothing answers to, and duplicates of the rest.

    `duplicates_left` are documents that were kept for a duplicate that was asked for, and stay.
    """

    documents: int
    unmatched: tuple[str, ...]
    duplicates_left: int


def taken_out(made: TakedownGraph, manifests: Mapping[str, Manifest], lists: RequestLists) -> TakenOut:
    """What a finished takedown came to, by its manifests and ledgers."""
    asked = lists.read()
    answered: set[str] = set()
    ledgers = [uri for one in manifests.values() if one.folder for uri in one.uris(LEDGER)]
    for batch in read_batches(ledgers, ["id", "url"]):
        answered |= set(asked.reasons(batch.column("id"), batch.column("url")).values())
    return TakenOut(
        documents=sum(manifests[name].dropped.get(RULE, 0) for name in made.documents),
        unmatched=tuple(name for name in asked.names if name not in answered),
        duplicates_left=sum(
            shard.duplicates_left for name in made.documents for shard in manifests[name].facts_of(TakenShard)
        ),
    )
