"""A recipe in YAML in, frozen and validated config objects out; every mistake is one line that says how to mend it."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from pipeline.registry import check_sources, source_kinds, verbs
from quality_classifier.train import QualityClassifier
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import Record
from stages.core.verb import Verb, suggest
from stages.core.yaml_file import Variables, read_yaml
from stages.ingest.base import RawStage
from stages.mix.mixture import Mix
from stages.tokenize.train import TokenizerOptions
from stages.train.stage import Train

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([KMGT]?B)", re.IGNORECASE)
_SIZE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
DEFAULT_RUN = "runs/${name}"
STEPS, OLD_STEPS = "steps", "stages"
SOURCE_KEYS = (STEPS, "expected")
"""Keys of a source that are the recipe's own; the others are options of its ingest stage."""


class TokenizerRecipe(TokenizerOptions):
    """Train a tokenizer on the run's own documents, or take a model."""

    model: Location | None = Field(None, description="file of a SentencePiece model, or a tokenizer.json")


Seeded = typing.TypeVar("Seeded", bound=Record)


@dataclass(frozen=True)
class SourceRecipe:
    """One source: its ingest stage's options, then the steps that its documents go through."""

    ingest: RawStage[Any]
    steps: tuple[Verb, ...]
    expected_bytes: int | None = None


class Recipe(Record):
    """A whole recipe, as `configs/*.yaml` hold it."""

    name: str
    seed: int = 0
    run: str = Field(min_length=1)
    variables: dict[str, str] = Field(default_factory=dict)
    sources: dict[str, Any]
    all_sources: Any = None
    quality_classifier: QualityClassifier = QualityClassifier()
    tokenizer: TokenizerRecipe = TokenizerRecipe()
    mixture: Mix = Mix()
    train: Train | None = None

    @model_validator(mode="after")
    def _known_sources(self) -> Recipe:
        kinds = source_kinds()
        for source in self.sources:
            if source not in kinds:
                raise ValueError(f"sources.{source}: no such source; {suggest(source, kinds)}")
        if not self.sources:
            raise ValueError("sources: name at least one")
        return self

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
    """Read and check a recipe file. `overrides` replace its `variables`."""
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise UserError(f"{path}: a recipe is a mapping with `name` and `sources`")
    return parse_recipe(raw, path, overrides or {})


def parse_recipe(raw: dict[str, Any], where: str, overrides: Mapping[str, str]) -> LoadedRecipe:
    """Check a recipe that is already read; `where` begins every message."""
    declared = raw.get("variables") or {}
    if not isinstance(declared, dict):
        raise UserError(f"{where}: variables: must be a mapping of names to values")
    if unknown := sorted(set(overrides) - set(declared)):
        raise UserError(f"{where}: no variable {unknown[0]!r}; {suggest(unknown[0], declared)}")
    variables = Variables({"name": str(raw.get("name", ""))}, where)
    for key, value in {**declared, **overrides}.items():
        if not isinstance(value, str | int | float):
            raise UserError(f"{where}: variables.{key}={value!r}: must be a text or a number")
        variables.set(str(key), str(value))
    body = {"run": DEFAULT_RUN} | {key: value for key, value in raw.items() if key != "variables"}
    body = variables.replace(body)
    recipe = validate(Recipe, body, where)
    sources = {source: _source(source, options, where) for source, options in recipe.sources.items()}
    _check_names(recipe, where)
    across = _steps(recipe.all_sources, "all_sources", where)
    old = [source for source, options in recipe.sources.items() if OLD_STEPS in options]
    notes = tuple(f"{where}: sources.{source}.{OLD_STEPS} is called {STEPS} now; rename it" for source in old)
    return LoadedRecipe(recipe=recipe, sources=sources, all_sources=across, notes=notes)


def _check_names(recipe: Recipe, where: str) -> None:
    """Shares of a source that the recipe does not have are found now and not after days of work."""
    shares = {
        "mixture.weights": recipe.mixture.weights,
        "mixture.epochs": recipe.mixture.epochs,
        "mixture.language_temperature": recipe.mixture.language_temperature,
        "tokenizer.weights": recipe.tokenizer.weights,
    }
    for key, named in shares.items():
        for source in named or {}:
            if source not in recipe.sources:
                raise UserError(
                    f"{where}: {key}.{source}: no such source here; {suggest(source, recipe.sources)}"
                )


def _source(source: str, options: Any, where: str) -> SourceRecipe:
    place = f"sources.{source}"
    if not isinstance(options, dict):
        raise UserError(f"{where}: {place}: must be a mapping with `input`")
    if STEPS in options and OLD_STEPS in options:
        raise UserError(
            f"{where}: {place}: has both {STEPS} and {OLD_STEPS}, which is its old name; keep one"
        )
    key = OLD_STEPS if OLD_STEPS in options else STEPS
    rest = {name: value for name, value in options.items() if name not in (*SOURCE_KEYS, OLD_STEPS)}
    if isinstance(rest.get("input"), str):
        rest["input"] = [rest["input"]]
    steps = _steps(options.get(key), f"{place}.{key}", where)
    ingest = validate(source_kinds()[source], rest, where, place, SOURCE_KEYS)
    expected = options.get("expected")
    expected_bytes = None if expected is None else parse_bytes(str(expected), f"{where}: {place}.expected")
    return SourceRecipe(ingest=ingest, steps=steps, expected_bytes=expected_bytes)


def parse_bytes(value: str, where: str) -> int:
    """A size such as 783GB or 3.3TB, in bytes (powers of ten)."""
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise UserError(f"{where}={value!r}: no size; write one like 783GB or 3.3TB")
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def _steps(steps: Any, place: str, where: str) -> tuple[Verb, ...]:
    if not isinstance(steps or [], list):
        raise UserError(f"{where}: {place}: must be a list of steps")
    return tuple(_step(step, f"{place}[{i}]", where) for i, step in enumerate(steps or []))


def _step(step: Any, place: str, where: str) -> Verb:
    if isinstance(step, str):
        step = {step: None}
    if not isinstance(step, dict) or len(step) != 1 or not isinstance(next(iter(step)), str):
        raise UserError(f"{where}: {place}: a step is one verb with its options, as in `- dedup_exact: {{}}`")
    ((verb, options),) = step.items()
    known = verbs()
    if verb not in known:
        raise UserError(f"{where}: {place}: no step {verb!r}; {suggest(verb, known)}")
    try:
        made = known[verb].of_recipe(options, _checked)
        check_sources(made)
    except UserError as error:
        raise UserError(f"{where}: {place}.{error}") from error
    return made


def _checked(model: type[Any], values: Any, place: str) -> Any:
    """For a verb that reads what a recipe says: `values` as a `model`, or a UserError that begins with `place`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError(describe(error, model, place)) from error


Validated = typing.TypeVar("Validated", bound=BaseModel)


def validate(
    model: type[Validated], values: Any, where: str, place: str = "", also_known: Iterable[str] = ()
) -> Validated:
    """Build `model` from `values`; the first mistake becomes a UserError that names file, key, value and fix."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{where}: {describe(error, model, place, also_known)}") from error


def describe(
    error: ValidationError, model: type[BaseModel], place: str = "", also_known: Iterable[str] = ()
) -> str:
    """The first mistake of a validation error in one line."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    at = ".".join(part for part in (place, path) if part) or "recipe"
    kind, given = first["type"], first.get("input")
    if kind == "extra_forbidden":
        known = [*known_keys(model, first["loc"][:-1]), *also_known]
        return f"{at}: unknown key; {suggest(str(first['loc'][-1]), known)}"
    if kind == "missing":
        return f"{at}: is missing; add it"
    message = first["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return message if message.startswith(at) or at == "recipe" else f"{at}: {message}"
    shown = repr(given)
    return f"{at}={shown if len(shown) < 80 else shown[:77] + '...'}: {message[0].lower()}{message[1:]}"


def known_keys(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Field names of the model that `path` leads to inside `model`."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = _model_in(current.model_fields[str(part)].annotation)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for inner in typing.get_args(annotation):
            if (found := _model_in(inner)) is not None:
                return found
        return None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
