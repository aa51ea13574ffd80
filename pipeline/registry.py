"""What the rooms of the house hold, by the names that recipes and commands use: kinds of source, verbs, sites.

Nothing is listed here: a class is known by the room that its file lies in.
"""

from __future__ import annotations

from typing import Any

from pipeline.graph import sources_in_order
from stages.core.discover import classes_in
from stages.core.errors import UserError
from stages.core.verb import Verb, suggest
from stages.fetch.site import Site
from stages.filter.verb import FilterVerb
from stages.ingest.base import RawStage

INGEST_ROOM = "stages.ingest"
VERB_ROOMS = ("stages", "stages.dedup")

Kind = type[RawStage[Any]]


def source_kinds() -> dict[str, Kind]:
    """The stage that reads each kind of source, in the order of the paper's table; its fields are the source's options."""
    found = {kind.source: kind for kind in classes_in(INGEST_ROOM, RawStage, file="stage")}
    return {name: found[name] for name in sources_in_order(found)}


def verbs() -> dict[str, type[Verb]]:
    """Every step that a recipe can take, by its name, sorted."""
    found = {verb.verb: verb for room in VERB_ROOMS for verb in classes_in(room, Verb, file="verb")}
    return dict(sorted(found.items()))


def comparing_verbs() -> dict[str, type[Verb]]:
    """The verbs that compare documents: all but the filters, which see one document at a time."""
    return {name: verb for name, verb in verbs().items() if not issubclass(verb, FilterVerb)}


def check_sources(verb: Verb) -> None:
    """A UserError when the options of a verb name a source of no kind."""
    named = verb.named_sources()
    kinds = source_kinds() if named else {}
    for source in named:
        if source not in kinds:
            raise UserError(f"{verb.verb}: no source {source!r}; {suggest(source, kinds)}")


def sites() -> dict[str, type[Site]]:
    """Every site that `altiplano fetch` knows, by its name, sorted."""
    found = {site.site: site for site in classes_in(INGEST_ROOM, Site, file="fetch")}
    return dict(sorted(found.items()))
