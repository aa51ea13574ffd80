"""A config in, the graph of its stages out; reads like section 2 of the LLaMA paper, source by source."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import ALL_SOURCES, LoadedRecipe
from pipeline.expected import INGEST, numbered
from pipeline.graph import Graph
from pipeline.sources import sources_in_order
from pipeline.wiring import add_mixture, add_quality, add_tokenizer, add_tokens, add_training
from stages.core.errors import UserError
from stages.core.verb import Verb
from stages.language_model.cutoffs import LanguageModelOutputs
from stages.tokenize.encode import Encode

WIKIPEDIA = "wikipedia"
QUALITY_PAGES = "quality.pages"
"""The pages of several sources that one classifier learns from."""


def build(loaded: LoadedRecipe) -> tuple[Graph, list[str]]:
    """The whole run as a graph, and the nodes that hold the finished documents of each source."""
    recipe, run = loaded.recipe, _Build(loaded)

    # A source that keeps nothing is a warning, and what the recipe says of it is passed over.
    sources = tuple(run.names)

    # 2.1 Pre-training data: every source by its own chain.
    documents = [run.source(source) for source in run.names]

    # Documents of different sources together: equal ones, benchmarks' texts.
    if loaded.all_sources:
        documents = [run.across(documents)]

    # 2.1 Tokenizer: byte-pair encoding, trained on a sample of what was kept.
    options, tokenizer = recipe.tokenizer, None
    if options.model is None:
        named = {name: group for name, group in recipe.groups.items() if name in options.weights}
        options = recipe.seeded(options).model_copy(update={"groups": named, "may_be_empty": sources})
        tokenizer = add_tokenizer(run.graph.below("tokenizer"), options, documents)

    # Tokens: encode, shuffle and pack; then the mixture (Table 1) and the trainer (2.2, 2.3).
    wiring = run.graph.below("")
    split = tuple(sorted(recipe.mixture.language_temperature))
    ends = {"bos": options.bos, "eos": options.eos}
    encode = Encode(
        model=options.model, seed=recipe.seed, split_languages=split, may_be_empty=sources, **ends
    )
    packed = add_tokens(wiring, encode, documents, tokenizer)
    mixture = recipe.mixture.model_copy(update={"groups": recipe.groups, "may_be_empty": sources})
    mixed = add_mixture(wiring, mixture, packed)
    if recipe.train is not None:
        training = recipe.train.model_copy(
            update={"sample_tokenizer": recipe.train.sample_tokenizer or options.model}
        )
        add_training(wiring, training, packed, mixed, tokenizer)
    return run.graph, documents


def build_quality(loaded: LoadedRecipe) -> tuple[Graph, str]:
    """The part of a run that trains its quality classifier, and the node that holds the model."""
    run, sources = _Build(loaded), loaded.sources
    waiting = [name for name in run.names if any(verb.needs_trained_model for verb in sources[name].steps)]
    if not waiting:
        raise UserError(
            "no source of the recipe waits for a quality classifier: add a step `filter: [reference]`"
        )
    return run.graph, run.model_for(waiting[0])


class _Build:
    """A graph that grows source by source; the quality classifier is trained once."""

    def __init__(self, loaded: LoadedRecipe) -> None:
        self.graph = Graph()
        self._loaded = loaded
        kinds = {name: recipe.ingest.kind for name, recipe in loaded.sources.items()}
        self.names = sources_in_order(loaded.sources, kinds)
        self._quality_model: str | None = None
        self._begun: dict[str, tuple[str, int]] = {}
        self._finished: dict[str, str | None] = {}
        self._language_models: dict[tuple[str, str], LanguageModelOutputs] = {}

    def source(self, source: str) -> str:
        """Raw files of one source to its finished documents."""
        if source not in self._finished:
            self._finished[source] = None
            documents, done = self._begin(source)
            self._finished[source] = self._steps(source, documents, self._loaded.sources[source].steps, done)
        finished = self._finished[source]
        if finished is None:
            raise UserError(
                f"perplexity: train_on: {source} waits for models that are trained on it; name another"
            )
        return finished

    def across(self, documents: Sequence[str]) -> str:
        """The steps that the documents of all sources go through together."""
        union = self.graph.add_union(ALL_SOURCES, documents)
        return self._steps(ALL_SOURCES, union, self._loaded.all_sources)

    def _begin(self, source: str) -> tuple[str, int]:
        """A source up to the step that waits for the classifier: its documents there, and how many steps that took."""
        if source not in self._begun:
            recipe = self._loaded.sources[source]
            documents = recipe.ingest.wire(self.graph.below(source))
            self.graph.steps.setdefault(documents, (source, INGEST))
            waits = [number for number, verb in enumerate(recipe.steps) if verb.needs_trained_model]
            first = waits[0] if waits else len(recipe.steps)
            self._begun[source] = self._steps(source, documents, recipe.steps, 0, first), first
        return self._begun[source]

    def model_for(self, source: str) -> str:
        """The output that holds the quality model for which a source waits."""
        return self._model(self._begin(source)[0])

    def _steps(
        self, source: str, documents: str, steps: Sequence[Verb], first: int = 0, last: int | None = None
    ) -> str:
        """The documents after the steps from `first` to `last` of a source."""
        names = numbered([verb.verb for verb in steps])
        for verb, name in list(zip(steps, names, strict=True))[first:last]:
            model_of = self._refuse_model if source == ALL_SOURCES else self._model
            try:
                below = self.graph.below(
                    f"{source}.{verb.verb}", model_of, verb.own_stage, self._language_model
                )
                documents = verb.wire(below, documents)
            except UserError as error:
                raise UserError(f"{source}: {error}") from error
            self.graph.steps.setdefault(documents, (source, name))
        return documents

    def _model(self, pages: str) -> str:
        """2.1 English CommonCrawl: a linear model tells pages used as references in Wikipedia from random ones.

        It learns from the pages of all sources that wait for it, as LLaMA's did from five dumps.
        """
        if self._quality_model is None:
            sources = self._loaded.sources
            options = self._loaded.recipe.seeded(self._loaded.recipe.quality_classifier)
            dumps = {n: sources[n].ingest.input for n in self.names if sources[n].ingest.kind == WIKIPEDIA}
            if not options.learns_from_references:
                dumps = {}
            elif not dumps:
                raise UserError(
                    "the reference rule learns from Wikipedia's citations: add a source of kind wikipedia, or name its "
                    "model; or say `classes`, `labels` or `labeller` in quality_classifier"
                )
            waiting = [n for n in self.names if any(verb.needs_trained_model for verb in sources[n].steps)]
            begun = [self._begin(name)[0] for name in waiting]
            together = self.graph.add_union(QUALITY_PAGES, begun) if len(begun) > 1 else pages
            self._quality_model = add_quality(self.graph.below("quality"), options, together, dumps)
        return self._quality_model

    def _language_model(self, source: str, language: str) -> LanguageModelOutputs:
        """CCNet 3.3, which 2.1 follows: the n-gram model of a language is trained on its Wikipedia, once for all dumps."""
        if (source, language) not in self._language_models:
            options = self._loaded.recipe.seeded(self._loaded.recipe.language_model)
            below = self.graph.below(f"language_model.{language}")
            self._language_models[source, language] = options.wire(below, language, self.source(source), None)
        return self._language_models[source, language]

    def _refuse_model(self, pages: str) -> str:
        raise UserError("the reference rule is for one source; put it into the source's steps")
