"""`altiplano tokenize|mix|train`: documents to packed tokens, a mixture of them, and a model trained on it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from pipeline.cli.output import AsJson, say
from pipeline.cli.running import Documents, WhereGiven, given_stage, run_graph, show_facts, show_mixture
from pipeline.given import add_given
from pipeline.graph import Graph
from pipeline.wiring import MixOutputs, add_mixture, add_tokens, add_training
from stages.core.errors import UserError
from stages.mix.mixture import Mix
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.encode import Encode, EncodedShard
from stages.tokenize.pack import Pack
from stages.train.stage import Train

Packed = Annotated[str, Parameter(help="run that holds packed tokens")]


def tokenize(
    inputs: Documents,
    /,
    *,
    options: Annotated[Encode | None, Parameter(name="*")] = None,
    where: WhereGiven,
) -> None:
    """Encode documents with a tokenizer and pack them, shuffled, into token shards."""
    if options is None or options.model is None:
        raise UserError("tokenize: needs --model; train one with `altiplano tokenizer train`")
    graph = Graph()
    packed = add_tokens(graph.below(""), options, add_given(graph, inputs), None)
    result = run_graph(graph, "tokenize", where, [packed])
    encoded = result.manifests[graph.nodes[packed].inputs[0]]
    for encoder in sorted({shard.encoder for shard in encoded.facts_of(EncodedShard)}):
        say(f"encoder: {encoder}")


def mix(
    packed: Packed,
    /,
    *,
    options: Annotated[Mix | None, Parameter(name="*")] = None,
    where: WhereGiven,
) -> None:
    """Solve the mixture over packed tokens from weights, epochs and a token budget; show it as `inspect tokens` does."""
    name, manifest = given_stage(packed, Pack)
    graph = Graph(given={name: manifest})
    last = add_mixture(graph.below(""), options or Mix(), name).mixture
    result = run_graph(graph, "mix", where, [last])
    show_mixture(where.out, result.manifests[last])


def train(
    packed: Packed,
    /,
    *,
    mixture: Annotated[str, Parameter(help="run that holds the mixture")],
    options: Annotated[Train | None, Parameter(name="*")] = None,
    as_json: AsJson = False,
    where: WhereGiven,
) -> None:
    """Train a LLaMA on packed tokens by the schedule of a mixture; resumes from its last checkpoint."""
    tokens, mixed = given_stage(packed, Pack), given_stage(mixture, Mix)
    given = dict([tokens, mixed])
    fitted = None
    if mixed[1].config["packing"] == "best_fit":
        fitted, manifest = given_stage(mixture, FitSequences)
        given[fitted] = manifest
    graph = Graph(given=given)
    last = add_training(graph.below(""), options or Train(), tokens[0], MixOutputs(mixed[0], fitted))
    show_facts(run_graph(graph, "train", where, [last], as_json), last, where, as_json)
