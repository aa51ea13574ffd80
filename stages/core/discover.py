"""A room of the house in, what its files define out: a class registers itself by lying in a file there, nothing lists it.

Rules, kinds of source, verbs, sites and export formats are found so. Only what is asked for is imported. What lies elsewhere,
in packages of others, `plugins` finds.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

OWN_PACKAGES = ("pipeline", "quality_classifier", "stages")


class Pluggable:
    """What a plug-in can bring: the bases of rules, kinds of source, verbs and export formats are such classes."""


def is_own(kind: type) -> bool:
    """Whether a class lies in the house, and is no stranger's."""
    return kind.__module__.partition(".")[0] in OWN_PACKAGES


def classes_in(room: str, base: type[T], file: str | None = None) -> list[type[T]]:
    """The concrete subclasses of `base` that the modules of a package define, in the order of the modules' names.

    `room` is the dotted name of the package. With `file` the modules are those of this name one level below:
    `<room>/<any folder>/<file>.py`.
    """
    found: list[type[T]] = []
    for name in sorted(set(_modules(room, file))):
        module = importlib.import_module(f"{room}.{name}")
        for value in vars(module).values():
            if _is_defined_there(value, base, module.__name__):
                found.append(value)
    return found


def subclasses_of(room: str, base: type[T]) -> list[type[T]]:
    """The concrete subclasses of `base` that a package defines, at whatever depth, in the order of modules' names."""
    path = importlib.import_module(room).__path__
    names = [room, *(info.name for info in pkgutil.walk_packages(path, f"{room}."))]
    found: list[type[T]] = []
    for name in names:
        if name.endswith(".__main__"):
            continue
        module = importlib.import_module(name)
        found += [value for value in vars(module).values() if _is_defined_there(value, base, name)]
    return found


def _modules(room: str, file: str | None) -> Iterator[str]:
    """Names of modules relative to the package, wherever on its path they lie."""
    path = importlib.import_module(room).__path__
    if file is None:
        yield from (info.name for info in pkgutil.iter_modules(path) if not info.ispkg)
        return
    for folder in path:
        yield from (f"{found.parent.name}.{file}" for found in Path(folder).glob(f"*/{file}.py"))


def _is_defined_there(value: object, base: type, module: str) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module
        and not inspect.isabstract(value)
    )
