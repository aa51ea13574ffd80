"""Values that a user wrote in, a frozen config object out, or all that is wrong with them: place, value and fix."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from stages.core.mistakes import KeyPath, Mistake, MistakesError, shown_value
from stages.core.verb import suggest

Validated = typing.TypeVar("Validated", bound=BaseModel)


def validate(model: type[Validated], values: Any, also_known: Iterable[str] = ()) -> Validated:
    """Build `model` from `values`; a MistakesError with all that is wrong. `also_known` are keys that others read."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise MistakesError(mistakes_of(error, model, also_known)) from error


def mistakes_of(
    error: ValidationError, model: type[BaseModel], also_known: Iterable[str] = ()
) -> list[Mistake]:
    """The mistakes of a validation error, in the order of the model's fields."""
    found: list[dict[str, Any]] = [dict(one) for one in error.errors()]
    # a list whose only item is wrong is said to be empty, too
    outer = {one["loc"][:length] for one in found for length in range(len(one["loc"]))}
    return [_mistake(one, model, tuple(also_known)) for one in found if one["loc"] not in outer]


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake of a validation error in one line."""
    return str(mistakes_of(error, model)[0])


def _mistake(found: dict[str, Any], model: type[BaseModel], also_known: Iterable[str]) -> Mistake:
    place: KeyPath = found["loc"]
    kind = found["type"]
    if kind == "extra_forbidden":
        known = [*known_keys(model, place[:-1]), *also_known]
        return Mistake(place, f"unknown key; {suggest(str(place[-1]), known)}")
    if kind == "missing":
        return Mistake(place, "is missing; add it")
    message = found["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return Mistake(place, message)
    return Mistake(place, f"{message[0].lower()}{message[1:]}", shown_value(found.get("input")))


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
