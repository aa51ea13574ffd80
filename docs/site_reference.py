"""Kinds of source, steps and rules in, their part of the library's reference out: options, types, defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import altiplano

GROUPS: Mapping[str, Callable[[], Mapping[str, type[Any]]]] = {
    "kinds": altiplano.kinds,
    "steps": altiplano.steps,
    "rules": altiplano.rules,
}
LEFT_OUT = ("source", "input", "rule")
"""What a recipe writes in another way: as keys and places, not as options."""


def option_lines(model: type[BaseModel]) -> Iterator[str]:
    """A definition for each option of a class: type and default, then what it says of itself."""
    for name, field in model.model_fields.items():
        if name not in LEFT_OUT:
            yield ""
            yield f"``{name}``: {_type_of(field)}{_default_of(field)}"
            yield f"   {field.description or ''}"


def _type_of(field: FieldInfo) -> str:
    kind = field.annotation
    shown = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    return f"``{re.sub(r'(?:[a-z_0-9]+[.])+(?=[A-Z])', '', shown)}``"


def _default_of(field: FieldInfo) -> str:
    if field.is_required():
        return ", required"
    return f", ``{field.get_default(call_default_factory=True)!r}`` by default"


class RegisteredClasses(SphinxDirective):
    """Each class of a group under the name that recipes use."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name, model in GROUPS[self.arguments[0]]().items():
            lines += [
                f"### `{name}`",
                "```{eval-rst}",
                f".. autoclass:: {altiplano.__name__}.{model.__name__}",
                "```",
            ]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def add_options(_: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Behind the docstring of a class that is made of options, the options."""
    if what == "class" and isinstance(thing, type) and issubclass(thing, BaseModel):
        lines += [*option_lines(thing), ""]


def drop_signature(
    _: Sphinx, what: str, name: str, thing: object, options: object, signature: str, returns: str
) -> tuple[str, None] | None:
    """The options say it, and without the marks of pydantic."""
    is_options = what == "class" and isinstance(thing, type) and issubclass(thing, BaseModel)
    return ("", None) if is_options else None


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("registered-classes", RegisteredClasses)
    app.connect("autodoc-process-docstring", add_options)
    app.connect("autodoc-process-signature", drop_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
