"""A config in, the graph of its stages out; reads like section 2 of the LLaMA paper, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.config import LoadedRecipe, SourceRecipe
from pipeline.graph import Graph, sources_in_order
from pipeline.registry import FILTER_VERBS, FilterOptions, ingest_steps
from quality_classifier.references import ReferenceUrls
from stages.core.errors import UserError
from stages.tokenize.best_fit import FitSequences
from stages.tokenize.encode import Encode
from stages.tokenize.languages import CountLanguages
from stages.tokenize.pack import Pack
from stages.tokenize.train import SampleText, TrainTokenizer

ALL_SOURCES = "all_sources"
MIX_NODE = "mix"
PACK_NODE = "pack"
TRAIN_NODE = "train"


@dataclass
class _Build:
    loaded: LoadedRecipe
    graph: Graph = field(default_factory=Graph)
    quality_model: str | None = None


def build(loaded: LoadedRecipe) -> tuple[Graph, list[str]]:
    """The whole run as a graph, and the nodes that hold the finished documents of each source."""
    state = _Build(loaded)
    recipe = loaded.recipe

    # 2.1 Pre-training data: every source by its own chain.
    documents = [
        _source(state, source, loaded.sources[source]) for source in sources_in_order(loaded.sources)
    ]

    # Documents of different sources together: equal ones, benchmarks' texts.
    if loaded.all_sources:
        documents = [_across(state, documents)]

    # 2.1 Tokenizer: byte-pair encoding, trained on a sample of what was kept.
    inputs, model = list(documents), recipe.tokenizer.model
    if model is None:
        options = recipe.tokenizer
        sample = SampleText(seed=recipe.seed, max_text_bytes=options.max_text_bytes, weights=options.weights)
        sampled = state.graph.add("tokenizer.sample", sample, documents)
        train = TrainTokenizer(
            vocab_size=options.vocab_size, max_text_bytes=options.max_text_bytes, seed=recipe.seed
        )
        inputs.append(state.graph.add("tokenizer.train", train, [sampled]))

    # Tokens: encode, shuffle and pack; then the mixture (Table 1) and the trainer (2.2, 2.3).
    split = tuple(sorted(recipe.mixture.language_temperature))
    if split:
        counts = state.graph.add("count_languages", CountLanguages(split_languages=split), documents)
        inputs.insert(len(documents), counts)
    encode = Encode(model=model, seed=recipe.seed, split_languages=split)
    encoded = state.graph.add("encode", encode, inputs)
    packed = state.graph.add(PACK_NODE, Pack(), [encoded])
    fitted = []
    if recipe.mixture.packing == "best_fit":
        fitted = [
            state.graph.add("fit", FitSequences(sequence_length=recipe.mixture.sequence_length), [packed])
        ]
    mixture = state.graph.add(MIX_NODE, recipe.mixture, [packed, *fitted])
    if recipe.train is not None:
        state.graph.add(TRAIN_NODE, recipe.train, [packed, mixture, *fitted])
    return state.graph, documents


def _source(state: _Build, source: str, recipe: SourceRecipe) -> str:
    node = state.graph.add_chain(source, ingest_steps(recipe.ingest), ())
    return _steps(state, source, node, recipe.steps)


def _across(state: _Build, documents: list[str]) -> str:
    return _steps(state, ALL_SOURCES, state.graph.add_union(ALL_SOURCES, documents), state.loaded.all_sources)


def _steps(state: _Build, source: str, node: str, steps: Sequence[tuple[str, Any]]) -> str:
    for verb, options in steps:
        if verb in FILTER_VERBS:
            node = _filter(state, f"{source}.{verb}", node, options)
        else:
            node = state.graph.add_chain(f"{source}.{verb}", options.steps(), [node])
    return node


def _filter(state: _Build, name: str, node: str, options: FilterOptions) -> str:
    stage = options.stage()
    if not stage.needs_trained_model:
        return state.graph.add(name, stage, [node])
    if name.startswith(f"{ALL_SOURCES}."):
        raise UserError(
            f"{ALL_SOURCES}: the reference rule is for one source; put it into the source's stages"
        )
    if options.rules[0].rule != "reference":
        raise UserError(
            f"sources.{name.partition('.')[0]}.stages: the classifier learns from the pages that enter the filter, so a "
            "reference rule without a model comes first: put the rules before it into a filter of their own"
        )
    if state.quality_model is None:
        state.quality_model = _quality(state, node)
    return state.graph.add(name, stage, [node, state.quality_model])


def _quality(state: _Build, pages: str) -> str:
    """2.1 English CommonCrawl: a linear model tells pages used as references in Wikipedia from random ones."""
    wikipedia: Any = state.loaded.sources.get("wikipedia")
    if wikipedia is None:
        raise UserError(
            "sources: the reference rule learns from Wikipedia's citations: add the source wikipedia, or name its model"
        )
    references = state.graph.add("quality.references", ReferenceUrls(input=wikipedia.ingest.input))
    steps = state.loaded.recipe.quality_classifier.steps(state.loaded.recipe.seed)
    return state.graph.add_chain("quality", steps, [pages, references])
