"""What the rooms of the house and plug-ins hold, by the names that recipes and commands use: kinds of source, verbs, sites.

Nothing is listed here: a class of ours is known by the room that its file lies in, a stranger's by its distribution.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from stages.core.discover import classes_in, is_own
from stages.core.documents import SOURCES
from stages.core.errors import UserError
from stages.core.mistakes import shown_names, shown_value, suggest
from stages.core.names import name_fault
from stages.core.plugins import Catalogue, class_place
from stages.core.stage import AnyStage, Stage
from stages.core.verb import Verb
from stages.fetch.site import Site
from stages.filter.verb import FilterVerb
from stages.ingest.base import RawStage

INGEST_ROOM = "stages.ingest"
VERB_ROOMS = ("stages", "stages.dedup")
DEDUP = "dedup_"
"""Begins the names of our verbs that compare documents, and no name of their commands."""

OTHER_STAGES = (
    "pipeline.wiring",
    "stages.core.merge",
    "stages.dedup.ids.unique",
    "stages.language_model.cutoffs",
    "stages.language_model.text",
    "stages.language_model.train",
    "stages.takedown.documents",
    "stages.takedown.earlier",
    "stages.takedown.tokens",
)
"""Modules that import the stages that are of no kind of source and no verb."""

Kind = type[RawStage[Any]]

_NO_GROUPS: Mapping[str, Collection[str]] = MappingProxyType({})


def source_kinds() -> dict[str, Kind]:
    """The stage that reads each kind of source of ours, in the order of the paper's table; its fields are the source's
    options."""
    return KINDS.own()


def _place(kind: str) -> tuple[int, str]:
    return SOURCES.index(kind) if kind in SOURCES else len(SOURCES), kind


def verbs() -> dict[str, type[Verb]]:
    """Every step of ours that a recipe can take, by its name, sorted."""
    return VERBS.own()


def comparing_verbs() -> dict[str, type[Verb]]:
    """Our verbs that compare documents: all but the filters, which see one document at a time."""
    return {name: verb for name, verb in verbs().items() if not issubclass(verb, FilterVerb)}


def own_stages() -> dict[str, type[AnyStage]]:
    """The stages of the house by their names: those of kinds and verbs, and those that runs have beside them."""
    for module in OTHER_STAGES:
        importlib.import_module(module)
    KINDS.own(), VERBS.own()
    found: dict[str, type[AnyStage]] = {}
    below: list[type[AnyStage]] = [Stage]
    while below:
        kind = below.pop()
        below += kind.__subclasses__()
        if is_own(kind) and "stage_name" in vars(kind):
            found[kind.stage_name] = kind
    return found


def check_stage(kind: type[AnyStage]) -> None:
    """A UserError when a stranger's stage has no name for its folders, or that of one of ours, whose files it would take
    for its own."""
    if is_own(kind):
        return
    name = getattr(kind, "stage_name", None)
    if not isinstance(name, str):
        raise UserError(f"{class_place(kind)} says no name; give it a `stage_name`")
    if (fault := name_fault(name, "stage")) is not None:
        raise UserError(f"{class_place(kind)}: stage_name: {fault}")
    if (own := own_stages().get(name)) is not None:
        raise UserError(
            f"{class_place(kind)} has the stage_name {name!r} of our own {class_place(own)}; give it another `stage_name`"
        )


KINDS: Catalogue[RawStage[Any]] = Catalogue(
    what="kind",
    field="kind",
    base=RawStage,
    ours=lambda: classes_in(INGEST_ROOM, RawStage, file="stage"),
    name_of=lambda kind: getattr(kind, "kind", None),
    order=_place,
    check=check_stage,
)
"""Every kind of source, those of plug-ins too."""

VERBS: Catalogue[Verb] = Catalogue(
    what="step",
    field="verb",
    base=Verb,
    ours=lambda: (verb for room in VERB_ROOMS for verb in classes_in(room, Verb, file="verb")),
    name_of=lambda verb: getattr(verb, "verb", None),
    key=lambda name: name.replace("_", "-").lower().removeprefix(DEDUP.replace("_", "-")),
)
"""Every step, those of plug-ins too."""


def check_sources(
    verb: Verb, known: Collection[str], groups: Mapping[str, Collection[str]] = _NO_GROUPS
) -> None:
    """A UserError when the options of a verb name a source that is not known, or a group of some."""
    for source in verb.named_sources():
        if source in groups:
            raise UserError(f"{source!r} is a group; name its sources: {shown_names(list(groups[source]))}")
        if source not in known:
            raise UserError(f"no source {shown_value(source)} here; {suggest(source, known)}")


def sites() -> dict[str, type[Site]]:
    """Every site that `altiplano fetch` knows, by its name, sorted."""
    found = {site.site: site for site in classes_in(INGEST_ROOM, Site, file="fetch")}
    return dict(sorted(found.items()))
