"""What the rooms of the house hold, by the names that recipes and commands use: kinds of source, verbs, sites.

Nothing is listed here: a class is known by the room that its file lies in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from stages.core.discover import classes_in
from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.mistakes import suggest
from stages.core.verb import Verb
from stages.fetch.site import Site
from stages.filter.verb import FilterVerb
from stages.ingest.base import RawStage

INGEST_ROOM = "stages.ingest"
VERB_ROOMS = ("stages", "stages.dedup")

Kind = type[RawStage[Any]]

_NO_GROUPS: Mapping[str, Collection[str]] = MappingProxyType({})


def source_kinds() -> dict[str, Kind]:
    """The stage that reads each kind of source, in the order of the paper's table; its fields are the source's options."""
    found = {kind.kind: kind for kind in classes_in(INGEST_ROOM, RawStage, file="stage")}
    return {name: found[name] for name in sorted(found, key=lambda name: (_place(name), name))}


def _place(kind: str) -> int:
    return SOURCES.index(kind) if kind in SOURCES else len(SOURCES)


def verbs() -> dict[str, type[Verb]]:
    """Every step that a recipe can take, by its name, sorted."""
    found = {verb.verb: verb for room in VERB_ROOMS for verb in classes_in(room, Verb, file="verb")}
    return dict(sorted(found.items()))


def comparing_verbs() -> dict[str, type[Verb]]:
    """The verbs that compare documents: all but the filters, which see one document at a time."""
    return {name: verb for name, verb in verbs().items() if not issubclass(verb, FilterVerb)}


def check_sources(
    verb: Verb, known: Collection[str], groups: Mapping[str, Collection[str]] = _NO_GROUPS
) -> None:
    """A UserError when the options of a verb name a source that is not known, or a group of some."""
    for source in verb.named_sources():
        if source in groups:
            raise UserError(f"{source!r} is a group; name its sources: {', '.join(groups[source])}")
        if source not in known:
            raise UserError(f"no source {source!r} here; {suggest(source, known)}")


def sites() -> dict[str, type[Site]]:
    """Every site that `altiplano fetch` knows, by its name, sorted."""
    found = {site.site: site for site in classes_in(INGEST_ROOM, Site, file="fetch")}
    return dict(sorted(found.items()))
