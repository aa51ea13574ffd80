"""A config in, the graph of its stages out; reads like section 2 of the LLaMA paper, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config import LoadedRecipe
from pipeline.graph import Graph, sources_in_order
from pipeline.wiring import add_mixture, add_quality, add_tokenizer, add_tokens, add_training
from stages.core.errors import UserError
from stages.core.verb import Verb
from stages.tokenize.encode import Encode

ALL_SOURCES = "all_sources"


def build(loaded: LoadedRecipe) -> tuple[Graph, list[str]]:
    """The whole run as a graph, and the nodes that hold the finished documents of each source."""
    recipe, run = loaded.recipe, _Build(loaded)

    # 2.1 Pre-training data: every source by its own chain.
    documents = [run.source(source) for source in sources_in_order(loaded.sources)]

    # Documents of different sources together: equal ones, benchmarks' texts.
    if loaded.all_sources:
        documents = [run.across(documents)]

    # 2.1 Tokenizer: byte-pair encoding, trained on a sample of what was kept.
    options, tokenizer = recipe.tokenizer, None
    if options.model is None:
        tokenizer = add_tokenizer(run.graph.below("tokenizer"), recipe.seeded(options), documents)

    # Tokens: encode, shuffle and pack; then the mixture (Table 1) and the trainer (2.2, 2.3).
    wiring = run.graph.below("")
    split = tuple(sorted(recipe.mixture.language_temperature))
    encode = Encode(model=options.model, seed=recipe.seed, split_languages=split)
    packed = add_tokens(wiring, encode, documents, tokenizer)
    mixed = add_mixture(wiring, recipe.mixture, packed)
    if recipe.train is not None:
        add_training(wiring, recipe.train, packed, mixed)
    return run.graph, documents


class _Build:
    """A graph that grows source by source; the quality classifier is trained once."""

    def __init__(self, loaded: LoadedRecipe) -> None:
        self.graph = Graph()
        self._loaded = loaded
        self._quality_model: str | None = None

    def source(self, source: str) -> str:
        """Raw files of one source to its finished documents."""
        recipe = self._loaded.sources[source]
        documents = recipe.ingest.wire(self.graph.below(source))
        return self._steps(source, documents, recipe.steps)

    def across(self, documents: Sequence[str]) -> str:
        """The steps that the documents of all sources go through together."""
        union = self.graph.add_union(ALL_SOURCES, documents)
        return self._steps(ALL_SOURCES, union, self._loaded.all_sources)

    def _steps(self, source: str, documents: str, steps: Sequence[Verb]) -> str:
        for verb in steps:
            model_of = self._refuse_model if source == ALL_SOURCES else self._model
            try:
                below = self.graph.below(f"{source}.{verb.verb}", model_of, verb.is_one_stage)
                documents = verb.wire(below, documents)
            except UserError as error:
                raise UserError(f"{source}: {error}") from error
        return documents

    def _model(self, pages: str) -> str:
        """2.1 English CommonCrawl: a linear model tells pages used as references in Wikipedia from random ones."""
        if self._quality_model is None:
            wikipedia: Any = self._loaded.sources.get("wikipedia")
            if wikipedia is None:
                raise UserError(
                    "the reference rule learns from Wikipedia's citations: add the source wikipedia, or name its model"
                )
            options = self._loaded.recipe.seeded(self._loaded.recipe.quality_classifier)
            self._quality_model = add_quality(
                self.graph.below("quality"), options, pages, wikipedia.ingest.input
            )
        return self._quality_model

    def _refuse_model(self, pages: str) -> str:
        raise UserError("the reference rule is for one source; put it into the source's steps")
