"""A finished run and lists of what must go in, a graph of the same run without it out: documents, tokens, mixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.chain import last_documents, run_of, token_stages
from pipeline.graph import Graph, read_run, run_manifests
from pipeline.wiring import add_mixture
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, MANIFEST_NAME, Manifest, read_manifest
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.mix.mixture import Mix
from stages.takedown.documents import RULE, FindHolders, Takedown, TakenShard
from stages.takedown.earlier import Earlier
from stages.takedown.requests import RequestLists
from stages.takedown.tokens import PackWithout
from stages.tokenize.encode import Encode
from stages.tokenize.pack import PackedShard
from stages.train.stage import Train

_BEFORE = "before:"
"""Begins the names of the stages of the run that documents are taken out of."""


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
        graph.add(f"takedown.{one.node}", Takedown(**options), [_add_before(graph, one), holders])
        for one in _documents(run)
    )
    found = token_stages(run)
    if found is None:
        return TakedownGraph(graph, documents, None)
    tokens = graph.add("takedown.pack", PackWithout(), [_add_before(graph, found.packed), *documents])
    if found.mixed is None:
        return TakedownGraph(graph, documents, None)
    # a source may be empty now: what the mixture says of it is passed over, with a warning
    sources = sorted({shard.source for shard in found.packed.facts_of(PackedShard)})
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


def _documents(run: str) -> list[Manifest]:
    """The stages whose documents a run ended with: those that its tokens were made of, where it has tokens."""
    found = token_stages(run)
    if found is None:
        documents = last_documents(run)
    else:
        home = run_of(found.packed) or run
        record, own = read_run(home), run_manifests(home)
        encoded = [node for node in record.nodes if node.stage == Encode.stage_name]
        if not encoded:  # documents were taken out of it before
            documents = last_documents(home)
        else:
            documents = [_stage(home, name, own, record.given) for name in encoded[-1].inputs]
    documents = [one for one in documents if one.of_kind(DOCUMENTS)]
    if not documents:
        raise UserError(f"{run}: holds no documents to take out; give the run that made them")
    return documents


def _stage(run: str, name: str, own: Mapping[str, Manifest], given: Mapping[str, str]) -> Manifest:
    """A stage by its name, in a run or among those that it was given."""
    if name in own:
        return own[name]
    folder = given.get(name, "")
    if not folder or not storage.exists(storage.join(folder, MANIFEST_NAME)):
        raise UserError(
            f"{run}: what its tokens were made of ({name}) lies in no run, or is not there any more; put it back, or take"
            " the documents out where they are and tokenize again"
        )
    return read_manifest(folder)


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
