"""A frozen model in, its content out: the same values without those that only say where things lie and how they run.

Where a thing lies is not what it is: a field of type `Location`, or with one inside, is left out of fingerprints, and
`Stage.dependencies` names the content that lies there. The mark `NOT_CONTENT` leaves out any other field that does not
change what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class _NotContent:
    """The mark, inside a type, of what is no content."""


NOT_CONTENT = _NotContent()

Location = Annotated[str, NOT_CONTENT]
"""A path or URI."""


def is_content(field: FieldInfo) -> bool:
    """Whether a field is content: neither it nor a type inside its type, as in `tuple[Location, ...]`, has the mark."""
    return NOT_CONTENT not in field.metadata and not _is_marked(field.annotation)


def _is_marked(annotation: Any) -> bool:
    if NOT_CONTENT in getattr(annotation, "__metadata__", ()):
        return True
    return any(_is_marked(inner) for inner in get_args(annotation))


def content_of(model: BaseModel) -> dict[str, Any]:
    """The model as JSON values, without what is no content in it and in the models that it holds."""
    excluded = _excluded_in(model)
    return model.model_dump(mode="json", exclude=excluded or None)


def _excluded_in(value: Any) -> dict[Any, Any]:
    """What to leave out, in pydantic's form of `exclude`."""
    found: dict[Any, Any] = {}
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if not is_content(field):
                found[name] = True
            elif inner := _excluded_in(getattr(value, name)):
                found[name] = inner
    elif isinstance(value, Mapping):
        found = {key: inner for key, held in value.items() if (inner := _excluded_in(held))}
    elif isinstance(value, list | tuple):
        found = {place: inner for place, held in enumerate(value) if (inner := _excluded_in(held))}
    return found
