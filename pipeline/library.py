"""Recipes in, runs, documents, ledgers and packed tokens out, as Python values: what `import altiplano` gives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.chain import token_stages
from pipeline.check import check_inputs
from pipeline.config import LoadedRecipe, load_recipe, parse_recipe
from pipeline.emptied import emptied_stages
from pipeline.given import given_documents
from pipeline.graph import RUN_FILE, read_run, run_manifests
from pipeline.plan import make_plan
from pipeline.pools import TaskResources, open_pool
from pipeline.preflight import RecipeGate
from pipeline.preflight.room import Machine
from pipeline.progress import Progress
from pipeline.quality_notes import quality_notes
from pipeline.recipe import build
from pipeline.registry import source_kinds, verbs
from pipeline.runner import OnError, Runner
from pipeline.shipped import recipe_file
from pipeline.unjudged import unjudged_lines
from quality_classifier.classifier import QualityClassifier
from stages.core import parquet, storage
from stages.core.errors import UserError
from stages.core.manifest import LEDGER, MANIFEST_NAME, Manifest, document_uris, read_manifest
from stages.core.parquet import read_batches
from stages.core.verb import Verb
from stages.filter.rule import Rule, rule_classes
from stages.filter.stage import Filter
from stages.ingest.base import RawStage
from stages.mix.mixture import Mix, Mixed
from stages.mix.schedule import Mixture, Schedule, read_mixture
from stages.mix.sequences import ScheduledSequences
from stages.tokenize.cache import default_cache
from stages.tokenize.encode import Encode
from stages.tokenize.export.documents import document_batches
from stages.tokenize.pack import Pack
from stages.tokenize.read import PackedTokens
from stages.tokenize.shards import token_shards
from stages.tokenize.train import TokenizerOptions
from stages.train.stage import Train

Recipe = str | os.PathLike[str] | Mapping[str, Any]
"""A file, the name of a shipped recipe, or what such a file holds."""

Folder = str | os.PathLike[str]

OTHER_CLASSES: tuple[type[Any], ...] = (Encode, Filter, Mix, Pack, QualityClassifier, TokenizerOptions, Train)
"""What a recipe has beside kinds of source, steps and rules."""


@dataclass(frozen=True)
class Finished:
    """A finished run: its folder, the manifest of every stage by node, and what its owner should know."""

    folder: str
    manifests: Mapping[str, Manifest]
    outputs: tuple[str, ...]
    tasks_run: int
    warnings: tuple[str, ...]

    def documents(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The documents that the run ended with."""
        return read_documents(self.folder, columns)

    def ledger(self) -> Iterator[pa.RecordBatch]:
        """A row for each document that was dropped, edited or merged."""
        return read_ledger(self.folder)

    @cached_property
    def tokens(self) -> Packed:
        """The packed tokens and the mixture."""
        return Packed(self.folder)


def run(
    recipe: Recipe,
    *,
    set: Mapping[str, str] | None = None,
    run: Folder | None = None,
    workers: int | None = None,
    address: str | None = None,
    on_error: OnError = "stop",
    allow_tight: bool = False,
    quiet: bool = True,
) -> Finished:
    """Run a recipe, or go on with it: what is finished in its folder is kept.

    `set` gives its variables, `run` another folder; `workers` are processes on this machine, None: one for each core, 0:
    this process alone, without Ray; `address` is a Ray cluster's; `allow_tight` starts where disk or memory is less than the
    plan's estimate. A UserError is a mistake in the recipe or in what it reads,
    a StageFailedError a task that kept failing.
    """
    loaded = _loaded(recipe, set)
    folder = str(run) if run is not None else loaded.recipe.run
    graph, outputs = build(loaded)
    check_inputs(graph)
    keep = loaded.recipe.keep
    machine = Machine(workers, address, allow_tight=allow_tight)
    gate = RecipeGate(loaded, graph, tuple(outputs), folder, keep, machine)
    runner = Runner(graph, folder, loaded.recipe.name, Progress(quiet=quiet), on_error, keep, gate=gate)
    result = runner.run(lambda: open_pool(workers, address, TaskResources()), outputs)
    (mixed,) = result.manifests[Mix.stage_name].facts_of(Mixed)
    emptied = (one.line() for one in emptied_stages(graph, result.manifests))
    lines = (*quality_notes(result.manifests), *unjudged_lines(result.manifests))
    warnings = (*loaded.notes, *emptied, *lines, *mixed.warnings)
    return Finished(folder, result.manifests, tuple(outputs), result.tasks_run, warnings)


def plan(recipe: Recipe, *, set: Mapping[str, str] | None = None) -> list[str]:
    """What `altiplano plan` prints: the stages of a recipe, and what its raw files will take."""
    return make_plan(_loaded(recipe, set)).lines


def read_documents(folder: Folder, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The documents that a run ended with, of a stage's folder, or of files of anyone's, as Arrow batches."""
    with given_documents([str(folder)]) as manifests:
        yield from parquet.read_documents(document_uris(manifests), columns)


def read_ledger(folder: Folder, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The ledger of a run, stage by stage, or of a stage's folder, as Arrow batches."""
    uris = [uri for manifest in _manifests(str(folder)).values() for uri in manifest.uris(LEDGER)]
    return read_batches(uris, columns)


class Packed:
    """Packed tokens of a run: by document, and in the order in which a trainer sees them where the run has a mixture."""

    def __init__(self, folder: Folder, cache: Folder | None = None) -> None:
        """Open a run that packed tokens, or mixed those of another one, or the folder of its pack stage.

        Tokens of a store are copied into the local folder `cache` as they are read, once for all processes of a machine;
        $ALTIPLANO_CACHE or a folder in the user's cache unless given.
        """
        found = token_stages(str(folder))
        if found is None:
            raise UserError(
                f"{folder}: holds no finished pack stage; run its recipe, or `altiplano tokenize`"
            )
        self.folder = found.packed.folder
        fit = None if found.fitted is None else found.fitted.folder
        self.tokens = PackedTokens.open(self.folder, fit, default_cache() if cache is None else str(cache))
        self.mixture: Mixture | None = None if found.mixed is None else read_mixture(found.mixed.folder)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that were packed; a language that was packed apart is one: `wikipedia:de`."""
        return self.tokens.sources

    def documents(
        self, source: str | None = None
    ) -> Iterator[tuple[str, npt.NDArray[np.unsignedinteger[Any]]]]:
        """Id and token ids, `<s>` to `</s>`, of every document of a source, or of all, in the shuffled order."""
        shards, _ = token_shards(self.folder)
        if source is not None:
            self.tokens.num_tokens(source)  # a UserError names the sources where it is none of them
            shards = [shard for shard in shards if shard.source == source]
        for batch in document_batches(shards):
            for number, name in enumerate(batch.ids):
                yield name, batch.tokens[batch.offsets[number] : batch.offsets[number + 1]]

    def batches(
        self,
        batch_sequences: int,
        *,
        seed: int = 1,
        start: int = 0,
        stop: int | None = None,
        held_out_sequences: int = 0,
    ) -> Iterator[npt.NDArray[np.int64]]:
        """The batches of steps start..stop of the mixture, shape (batch_sequences, sequence_length + 1).

        Inputs are all but the last column, targets all but the first; -1 is padding. `seed` and
        `held_out_sequences` are the training's: 1 and 0 unless said.
        """
        sequences = self.sequences(seed=seed, held_out_sequences=held_out_sequences)
        steps = sequences.schedule.mixture.num_steps(batch_sequences)
        for step in range(start, steps if stop is None else min(stop, steps)):
            yield sequences.read(step * batch_sequences, (step + 1) * batch_sequences).ids

    def sequences(self, *, seed: int = 1, held_out_sequences: int = 0) -> ScheduledSequences:
        """The mixture's sequences in the order in which a training of this seed reads them, for any trainer."""
        if self.mixture is None:
            raise UserError(f"{self.folder}: there is no mixture beside it; run `altiplano mix`")
        return ScheduledSequences(self.tokens, Schedule(self.mixture, seed, held_out_sequences))


def kinds() -> dict[str, type[RawStage[Any]]]:
    """The kinds of source by the names that recipes use: the stages that read raw files."""
    return source_kinds()


def steps() -> dict[str, type[Verb]]:
    """The steps that documents of a source can take, by the names that recipes use."""
    return verbs()


def rules() -> dict[str, type[Rule]]:
    """The rules of the filter by the names that recipes use."""
    return rule_classes()


def class_called(name: str) -> type[Any] | None:
    """The class of this name among kinds, steps, rules and what else a recipe has; None when there is none."""
    known = [*kinds().values(), *steps().values(), *rules().values(), *OTHER_CLASSES]
    return next((one for one in known if one.__name__ == name), None)


def _loaded(recipe: Recipe, variables: Mapping[str, str] | None) -> LoadedRecipe:
    if isinstance(recipe, Mapping):
        return parse_recipe(dict(recipe), variables or {})
    return load_recipe(recipe_file(os.fspath(recipe)), variables)


def _manifests(folder: str) -> dict[str, Manifest]:
    """The finished stages of a run, or the one whose folder it is, by node."""
    if storage.exists(storage.join(folder, RUN_FILE)):
        return run_manifests(folder)
    if storage.exists(storage.join(folder, MANIFEST_NAME)):
        manifest = read_manifest(folder)
        return {manifest.node: manifest}
    read_run(folder)  # a UserError that says what a run is
    return {}
