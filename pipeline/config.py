"""A recipe in YAML in, frozen and validated config objects out; all its mistakes at once, a line each, with the fix."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline.expected import EXPECTED_KEYS, OLD_RAW, Expected, expected_of, numbered
from pipeline.registry import KINDS, VERBS, check_sources
from pipeline.run_folder import Keep
from pipeline.shipped import with_shipped_paths
from pipeline.validation import validate
from quality_classifier.classifier import QualityClassifier
from stages.core.errors import UserError
from stages.core.groups import Groups, check_groups
from stages.core.location import Location
from stages.core.manifest import Record
from stages.core.mistakes import KeyPath, Mistakes, MistakesError, shown_value, suggest
from stages.core.names import source_fault
from stages.core.verb import Verb
from stages.core.yaml_file import Variables, read_yaml, yaml_lines
from stages.ingest.base import RawStage
from stages.language_model.cutoffs import LanguageModelOptions
from stages.mix.mixture import Mix
from stages.tokenize.train import TokenizerOptions
from stages.train.stage import Train

DEFAULT_RUN = "runs/${name}"
STEPS, OLD_STEPS = "steps", "stages"
KIND, SOURCE = "kind", "source"
SOURCE_KEYS = (KIND, STEPS, *EXPECTED_KEYS)
"""Keys of a source that are the recipe's own; the others are options of its ingest stage."""

ALL_SOURCES = "all_sources"
APART = "x-"
"""Begins the keys of a recipe that hold nothing but what others take in (`<<: *name`)."""


class TokenizerRecipe(TokenizerOptions):
    """Train a tokenizer on the run's own documents, or take a model."""

    model: Location | None = Field(None, description="file of a SentencePiece model, or a tokenizer.json")
    bos: str | None = Field(None, description="special token that begins a document (default: by its name)")
    eos: str | None = Field(None, description="special token that ends a document (default: by its name)")


Seeded = typing.TypeVar("Seeded", bound=Record)


@dataclass(frozen=True)
class SourceRecipe:
    """One source: its ingest stage's options, then the steps that its documents go through."""

    ingest: RawStage[Any]
    steps: tuple[Verb, ...]
    expected: Expected = field(default_factory=Expected)


class Recipe(Record):
    """A whole recipe, as `configs/*.yaml` hold it."""

    name: str
    seed: int = 0
    run: str = Field(min_length=1)
    keep: Keep = Field(
        "all",
        description="what stays of a run: `all` that its steps wrote, or its `outputs` (and ledgers) alone",
    )
    variables: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, Any] = Field(min_length=1)
    groups: Groups = Field(default_factory=dict)
    all_sources: Any = None
    quality_classifier: QualityClassifier = QualityClassifier()
    language_model: LanguageModelOptions = LanguageModelOptions()
    tokenizer: TokenizerRecipe = TokenizerRecipe()
    mixture: Mix = Mix()
    train: Train | None = None

    def seeded(self, options: Seeded) -> Seeded:
        """Options with the recipe's seed, unless they name their own."""
        return (
            options if "seed" in options.model_fields_set else options.model_copy(update={"seed": self.seed})
        )


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe with each source's options validated, and the steps that all sources' documents go through together."""

    recipe: Recipe
    sources: dict[str, SourceRecipe]
    all_sources: tuple[Verb, ...] = ()
    notes: tuple[str, ...] = ()
    """What its author should know: a line each."""


def load_recipe(path: str, overrides: Mapping[str, str] | None = None) -> LoadedRecipe:
    """Read and check a recipe file. `overrides` replace its `variables`. Mistakes name the lines of the file."""
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise UserError(f"{path}: a recipe is a mapping with `name` and `sources`")
    try:
        loaded = parse_recipe(with_shipped_paths(path, raw), overrides or {})
    except MistakesError as error:
        lines = yaml_lines(Path(path).read_bytes())
        told = [f"{path}{_line(lines, mistake.place)}: {mistake}" for mistake in error.mistakes]
        raise MistakesError(error.mistakes, told) from error
    return replace(loaded, notes=tuple(f"{path}: {line}" for line in loaded.notes))


def _line(lines: Mapping[KeyPath, int], place: KeyPath) -> str:
    """`:12`, the line of a place or of what it lies in; nothing for what is not in the file."""
    while place and place not in lines:
        place = place[:-1]
    return f":{lines[place]}" if place else ""


def parse_recipe(raw: dict[str, Any], overrides: Mapping[str, str]) -> LoadedRecipe:
    """Check a recipe that is already read; a MistakesError names the places."""
    mistakes = Mistakes()
    body = _with_variables({"run": DEFAULT_RUN} | raw, overrides, mistakes)
    recipe = None
    with mistakes.below():
        recipe = validate(Recipe, body)
    given = body.get("sources")
    options = given if isinstance(given, dict) else {}
    names = [str(name) for name in options]
    groups = recipe.groups if recipe is not None else {}
    sources = {}
    for name in names:
        with mistakes.below("sources", name):
            sources[name] = _source(name, options[name], names, groups)
    across: tuple[Verb, ...] = ()
    with mistakes.below(ALL_SOURCES):
        across = _steps(body.get(ALL_SOURCES), names, groups)
    with mistakes.below("groups"):
        check_groups(groups, names)
    _check_names(body, names, groups, mistakes)
    mistakes.end()
    assert recipe is not None
    old = [name for name in names if OLD_STEPS in options[name]]
    notes = tuple(f"sources.{name}.{OLD_STEPS} is called {STEPS} now; rename it" for name in old)
    return LoadedRecipe(recipe=recipe, sources=sources, all_sources=across, notes=notes)


def _with_variables(raw: dict[str, Any], overrides: Mapping[str, str], mistakes: Mistakes) -> dict[str, Any]:
    """The recipe with its variables replaced."""
    declared = raw.get("variables") or {}
    variables = Variables({"name": str(raw.get("name", ""))})
    with mistakes.below("variables"):
        if not isinstance(declared, dict):
            raise UserError("must be a mapping of names to values")
        for unknown in sorted(set(overrides) - set(declared)):
            mistakes.add(f"no variable {shown_value(unknown)}; {suggest(unknown, declared)}")
        for key, value in {**declared, **overrides}.items():
            with mistakes.below(str(key)):
                if isinstance(value, str | int | float):
                    variables.set(str(key), str(value))
                else:
                    mistakes.add("must be a text or a number", shown_value(value))
    body = {
        k: v for k, v in ((str(k), v) for k, v in raw.items()) if k != "variables" and not k.startswith(APART)
    }
    replaced: dict[str, Any] = variables.replace(body, mistakes)
    return replaced


_SHARES = (
    ("mixture", "weights"),
    ("mixture", "epochs"),
    ("mixture", "language_temperature"),
    ("tokenizer", "weights"),
)
"""Where a recipe gives sources or groups shares."""


def _check_names(body: Mapping[str, Any], names: Sequence[str], groups: Groups, mistakes: Mistakes) -> None:
    """Shares of a source that the recipe does not have are found now and not after days of work."""
    for part, key in _SHARES:
        options = body.get(part)
        shares = options.get(key) if isinstance(options, dict) else None
        known = names if key == "language_temperature" else [*names, *groups]
        for source in shares if isinstance(shares, dict) else ():
            if source not in known:
                with mistakes.below(part, key, str(source)):
                    mistakes.add(f"no such source here; {suggest(str(source), known)}")
    for number, weights in _phase_weights(body):
        for source in weights:
            if source not in (*names, *groups):
                with mistakes.below("mixture", "phases", number, "weights", str(source)):
                    mistakes.add(f"no such source here; {suggest(str(source), [*names, *groups])}")
    for part in ("mixture", "tokenizer"):
        options = body.get(part)
        if isinstance(options, dict) and options.get("groups"):
            with mistakes.below(part, "groups"):
                mistakes.add("groups of a recipe stand beside `sources`; move them there")


def _phase_weights(body: Mapping[str, Any]) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Number and weights of each phase of the mixture, where they are what they should be."""
    options = body.get("mixture")
    phases = options.get("phases") if isinstance(options, dict) else None
    for number, phase in enumerate(phases if isinstance(phases, list) else ()):
        if isinstance(phase, dict) and isinstance(weights := phase.get("weights"), dict):
            yield number, weights


def _source(name: str, options: Any, names: Sequence[str], groups: Groups) -> SourceRecipe:
    mistakes = Mistakes()
    if not isinstance(options, dict):
        raise UserError("must be a mapping with `input`")
    kind = _kind_of(name, options, names)
    if STEPS in options and OLD_STEPS in options:
        mistakes.add(f"has both {STEPS} and {OLD_STEPS}, which is its old name; keep one")
    key = OLD_STEPS if OLD_STEPS in options else STEPS
    rest = {str(k): value for k, value in options.items() if k not in (*SOURCE_KEYS, OLD_STEPS, OLD_RAW)}
    if SOURCE in rest:
        with mistakes.below(SOURCE):
            mistakes.add("unknown key; a source is called as its key here says")
    if isinstance(rest.get("input"), str):
        rest["input"] = [rest["input"]]
    steps: tuple[Verb, ...] = ()
    with mistakes.below(key):
        steps = _steps(options.get(key), names, groups)
    ingest = None
    expected = Expected()
    with mistakes.below():
        ingest = validate(kind, rest | {SOURCE: name}, SOURCE_KEYS)
    with mistakes.below():
        expected = expected_of(options, numbered([verb.verb for verb in steps]))
    mistakes.end()
    assert ingest is not None
    return SourceRecipe(ingest=ingest, steps=steps, expected=expected)


def _kind_of(name: str, options: Mapping[Any, Any], names: Sequence[str]) -> type[RawStage[Any]]:
    """The stage that reads a source: of the kind that it names, or that its name is."""
    if (fault := source_fault(name)) is not None:
        raise UserError(fault)
    if name in (ALL_SOURCES, "total"):
        raise UserError(f"the name {name} is taken; give the source another")
    if twin := next((other for other in names if other != name and other.lower() == name.lower()), None):
        raise UserError(f"and {twin} would be one name where files know no case; rename one")
    if KIND not in options:
        found = KINDS.get(name)
        if found is None:
            raise UserError(f"no such kind of source; say `kind: ...`; {KINDS.hint(name)}")
        return found
    kind = options[KIND]
    if not isinstance(kind, str):
        raise UserError(f"kind: no kind {kind!r}; {KINDS.hint(str(kind))}")
    try:
        return KINDS.find(kind)
    except UserError as error:
        raise UserError(f"kind: {error}") from error


def _steps(steps: Any, names: Sequence[str], groups: Groups) -> tuple[Verb, ...]:
    if not isinstance(steps or [], list):
        raise UserError("must be a list of steps")
    mistakes, made = Mistakes(), []
    for place, step in enumerate(steps or []):
        with mistakes.below(place):
            made.append(_step(step, names, groups))
    mistakes.end()
    return tuple(made)


def _step(step: Any, names: Sequence[str], groups: Groups) -> Verb:
    if isinstance(step, str):
        step = {step: None}
    if not isinstance(step, dict) or len(step) != 1 or not isinstance(next(iter(step)), str):
        raise UserError("a step is one verb with its options, as in `- dedup_exact: {}`")
    ((verb, options),) = step.items()
    kind = VERBS.find(verb)
    mistakes = Mistakes()
    with mistakes.below(verb):
        made = kind.of_recipe(options, validate)
        check_sources(made, names, groups)
    mistakes.end()
    return made
