"""`altiplano dedup VERB`: a command for every verb but the filters, its options made from the verb's class."""

from __future__ import annotations

from collections.abc import Mapping

from cyclopts import App

from pipeline.cli.running import Documents, add_command, checked, flat, over_documents
from pipeline.registry import DEDUP, VERBS, comparing_verbs
from stages.core.verb import Verb
from stages.dedup.ids.unique import check_unique_ids
from stages.filter.verb import FilterVerb

CATALOGUE = VERBS


def _add(group: App, name: str, verb: type[Verb]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        chosen = options if options is not None else checked(verb, {})
        over_documents(verb.verb, inputs, where, chosen, check_unique_ids)

    add_command(
        group, name.removeprefix(DEDUP), verb.__doc__ or "", command, inputs=Documents, options=flat(verb)
    )


def make_group(added: Mapping[str, type[Verb]] | None = None) -> App:
    """The group of all our verbs that compare documents, and of those `added`."""
    group = App(name="dedup", help="Remove duplicates.")
    for name, verb in {**comparing_verbs(), **(added or {})}.items():
        if not issubclass(verb, FilterVerb):
            _add(group, name, verb)
    return group


app = make_group()
