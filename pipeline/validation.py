"""Values that a user wrote in, a frozen config object out, or all that is wrong with them: place, value and fix."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from stages.core.mistakes import KeyPath, Mistake, MistakesError, nearest, shown_value, suggest

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
    found = _told_once([dict(one) | _place_in(model, one["loc"]) for one in error.errors()])
    # a list whose only item is wrong is said to be empty, too
    outer = {one["loc"][:length] for one in found for length in range(len(one["loc"]))}
    return [_mistake(one, model, tuple(also_known)) for one in found if one["loc"] not in outer]


def _place_in(model: type[BaseModel], loc: KeyPath) -> dict[str, Any]:
    """The keys of a place alone: where a value can be of several types, pydantic puts the type that it tried among them.

    `union` is the innermost such value that the place lies in.
    """
    place: KeyPath = ()
    union: KeyPath | None = None
    current: Any = model
    for part in loc:
        several = _types_in(current)
        if len(several) > 1:
            union = place
            current = next((one for one in several if getattr(one, "__name__", " ") in str(part)), None)
            continue
        current = several[0] if several else current
        place = (*place, part)
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = None if field is None else field.annotation
        else:
            inner = typing.get_args(current)
            current = inner[-1] if typing.get_origin(current) is dict and inner else (inner or (None,))[0]
    return {"loc": place, "union": union}


def _types_in(annotation: Any) -> list[Any]:
    """The types that a value can be of, but for None; none where the annotation is no union."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [annotation]
    return [one for one in typing.get_args(annotation) if one is not type(None)]


def _told_once(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the types that a value is not of where it is of another; where it is of none, all of them in one."""
    told: list[dict[str, Any]] = []
    for one in found:
        if one["union"] != one["loc"] or not one["type"].endswith("_type"):
            told.append(one)
            continue
        if any(_is_of_a_type(other, one["union"]) for other in found):
            continue
        same = next((other for other in told if other["union"] == one["union"]), None)
        if same is None:
            told.append(one)
        else:
            same["msg"] += " or " + one["msg"].removeprefix("Input should be ")
    return told


def _is_of_a_type(found: dict[str, Any], union: KeyPath) -> bool:
    own = bool(found["union"] == union)
    return own and (found["loc"] != union or not found["type"].endswith("_type"))


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
    if kind == "literal_error" and (meant := nearest(str(found.get("input")), _choices(found))) is not None:
        message += f"; did you mean {meant!r}?"
    return Mistake(place, f"{message[0].lower()}{message[1:]}", shown_value(found.get("input")))


def _choices(found: dict[str, Any]) -> list[str]:
    """The texts that an option can be, out of pydantic's words for them."""
    return re.findall(r"'([^']*)'", found["ctx"]["expected"])


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
