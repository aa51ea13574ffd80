"""A name that a recipe or a command uses in, the class of that name out: ours, a plug-in's, or the one at `module:Class`.

An installed distribution brings plug-ins by entry points of the group `altiplano.plugins`, each of which names a class, or a
module whose classes count. They are imported when a name is asked for that is none of ours, or all names are, and never
before. One that is broken stops only who asks for it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar

from stages.core.discover import Pluggable, is_own
from stages.core.errors import UserError
from stages.core.mistakes import shown_value, suggest
from stages.core.names import name_fault
from stages.core.reading import told

GROUP = "altiplano.plugins"
MARK = ":"
"""Parts module and class where a class is named by its place; no name has one."""

_PLACE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

T = TypeVar("T", bound=Pluggable)


@dataclass(frozen=True)
class Plugin:
    """A class that an installed distribution brings; `origin` names the entry point and the distribution."""

    kind: type[Pluggable]
    origin: str


@dataclass(frozen=True)
class Plugins:
    """What all installed distributions bring, and a line for each entry point that brings nothing."""

    found: tuple[Plugin, ...]
    faults: tuple[str, ...]


def installed_plugins() -> Plugins:
    """The plug-ins of now; imports them, once for each state of Python's path."""
    return _installed(tuple(sys.path))


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> Plugins:
    found: dict[type[Pluggable], Plugin] = {}
    faults = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        origin = _origin(entry)
        try:
            kinds = _classes_of(entry.load())
        except UserError as error:
            faults.append(f"{origin}: {error}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module raises whatever it likes
            faults.append(f"{origin}: {told(error)}")
        else:
            for kind in kinds:  # one class may be named twice: by itself and by its module
                found.setdefault(kind, Plugin(kind, origin))
    return Plugins(tuple(found.values()), tuple(faults))


def _origin(entry: EntryPoint) -> str:
    owner = "" if entry.dist is None else f" of {entry.dist.name} {entry.dist.version}"
    return f"{entry.name} = {entry.value}{owner}"


def _classes_of(value: object) -> list[type[Pluggable]]:
    """The classes that an entry point names; a UserError when there is none to be used."""
    if not isinstance(value, ModuleType):
        if not inspect.isclass(value):
            raise UserError(f"is no class and no module but of type {type(value).__name__}")
        if not issubclass(value, Pluggable):
            raise UserError("is no rule, kind of source, verb or export format")
        _check_concrete(value)
        return [value]
    kinds = [kind for kind in vars(value).values() if _is_defined_in(kind, value, Pluggable)]
    if not kinds:
        raise UserError("no rule, kind of source, verb or export format is defined in this module")
    return kinds


def _is_defined_in(value: object, module: ModuleType, base: type[Pluggable]) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    )


def _check_concrete(kind: type) -> None:
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
        raise UserError(f"is abstract; write its {missing}")


def class_place(kind: type) -> str:
    """Where a class lies, as a recipe may name it: `module:Class`."""
    return f"{kind.__module__}{MARK}{kind.__qualname__}"


@dataclass(frozen=True)
class _Theirs(Generic[T]):
    """What plug-ins add to a catalogue: classes by name, lines of what cannot be used, and names that several claim."""

    kinds: dict[str, type[T]]
    faults: tuple[str, ...]
    claimed: dict[str, str]


@dataclass(frozen=True)
class Catalogue(Generic[T]):
    """All classes of one sort by their names: ours, those of plug-ins, and any at a place that a name gives.

    `what` is what a user calls such a thing, `field` where a class says its name, which `name_of` reads; `ours` imports
    our own, told in the order of `order`. `key` gives the form in which two names are one for a user. `check` raises a
    UserError for a class that cannot be used beside ours.
    """

    what: str
    field: str
    base: type[T]
    ours: Callable[[], Iterable[type[T]]]
    name_of: Callable[[type[T]], Any]
    key: Callable[[str], str] = lambda name: name.replace("_", "-").lower()
    order: Callable[[str], Any] = lambda name: name
    check: Callable[[type[T]], None] = lambda kind: None

    def own(self) -> dict[str, type[T]]:
        """Ours by name, in order."""
        found = {self.name_of(kind): kind for kind in self.ours()}
        return {name: found[name] for name in sorted(found, key=self.order)}

    def known(self) -> dict[str, type[T]]:
        """Ours by name, then those of plug-ins by name."""
        return {**self.own(), **self._theirs().kinds}

    def get(self, name: str) -> type[T] | None:
        """The class of a name, None where nobody knows it. Plug-ins are imported only when it is none of ours."""
        if MARK in name:
            return self._at_place(name)
        if (kind := self.own().get(name)) is not None:
            return kind
        theirs = self._theirs()
        if (told_of := theirs.claimed.get(self.key(name))) is not None:
            raise UserError(told_of)
        return theirs.kinds.get(name)

    def find(self, name: str) -> type[T]:
        """The class of a name; a UserError where nobody knows it."""
        kind = self.get(name)
        if kind is None:
            raise UserError(f"no {self.what} {shown_value(name)}; {self.hint(name)}")
        return kind

    def hint(self, name: str) -> str:
        """What may be meant by a name that nobody knows, and which plug-ins may have known it."""
        return suggest(name, self.known()) + self.broken("; ")

    def broken(self, before: str = "") -> str:
        """The plug-ins that could not be loaded or used, in one line after `before`; nothing where there are none."""
        faults = self._theirs().faults
        return f"{before}plug-ins that could not be loaded: {'; '.join(faults)}" if faults else ""

    def has_own_key(self, name: str) -> bool:
        """Whether a name, in whatever form, is one of ours."""
        return self.key(name) in map(self.key, self.own())

    def name_of_key(self, name: str) -> str:
        """The name, of any class, that is one with this for a user; itself where there is none."""
        return next((known for known in self.known() if self.key(known) == self.key(name)), name)

    def _at_place(self, name: str) -> type[T]:
        """The class at `module:Class`; a UserError when there is none of this sort."""
        kind = _value_at(name, self._sample)
        if not inspect.isclass(kind):
            raise UserError(
                f"{name} is no class but of type {type(kind).__name__}; name a subclass of {class_place(self.base)}"
            )
        if not issubclass(kind, self.base):
            raise UserError(f"{name} is no {self.what}; make it a subclass of {class_place(self.base)}")
        try:
            _check_concrete(kind)
        except UserError as error:
            raise UserError(f"{name} {error}") from error
        self._check_usable(kind)
        return kind

    def _sample(self, module: ModuleType) -> list[str]:
        return [name for name, kind in vars(module).items() if _is_defined_in(kind, module, self.base)]

    def _check_usable(self, kind: type[T]) -> str:
        """The name of a stranger's class; a UserError when it has none that can stand beside ours."""
        name = self.name_of(kind)
        if not isinstance(name, str):
            raise UserError(f"{class_place(kind)} says no name; give it a `{self.field}`")
        if (fault := name_fault(name, self.what)) is not None:
            raise UserError(f"{class_place(kind)}: {self.field}: {fault}")
        same = next((own for known, own in self.own().items() if self.key(known) == self.key(name)), kind)
        if same is not kind:
            raise UserError(
                f"{class_place(kind)} and our {class_place(same)} are both called {name!r}; give it another `{self.field}`"
            )
        if not is_own(kind):
            self.check(kind)
        return name

    def _theirs(self) -> _Theirs[T]:
        plugins = installed_plugins()
        faults, by_key = list(plugins.faults), dict[str, dict[str, Plugin]]()
        kinds: dict[str, type[T]] = {}
        for plugin in plugins.found:
            if not issubclass(plugin.kind, self.base):
                continue
            try:
                name = self._check_usable(plugin.kind)
            except UserError as error:
                faults.append(f"{plugin.origin}: {error}")
                continue
            kinds[name] = plugin.kind
            by_key.setdefault(self.key(name), {})[class_place(plugin.kind)] = plugin
        claimed = {key: self._both(key, same) for key, same in by_key.items() if len(same) > 1}
        usable = {name: kinds[name] for name in sorted(kinds) if self.key(name) not in claimed}
        return _Theirs(usable, (*faults, *claimed.values()), claimed)

    def _both(self, key: str, same: dict[str, Plugin]) -> str:
        named = " and ".join(plugin.origin for plugin in same.values())
        return f"two plug-ins have a {self.what} called {key!r}: {named}; name one as {' or '.join(same)}"


def _value_at(place: str, sample: Callable[[ModuleType], list[str]]) -> object:
    """What lies at `module:name`; a UserError when nothing does, which lists what `sample` finds in the module."""
    if _PLACE.fullmatch(place) is None:
        raise UserError(f"{place!r} is no place of a class; write module:Class, as in mypkg.rules:MyRule")
    name, _, path = place.partition(MARK)
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise UserError(
                f"{place}: Python finds no module {error.name!r}; install it, or add its folder to PYTHONPATH"
            ) from error
        raise UserError(f"{place}: importing {name} fails: {told(error)}; mend the module") from error
    value: Any = module
    for part in path.split("."):
        if not hasattr(value, part):
            there = sample(module)
            meant = suggest(path, there) if there else "it defines nothing of this sort"
            raise UserError(f"{place}: {name} has no {path!r}; {meant}")
        value = getattr(value, part)
    return value
