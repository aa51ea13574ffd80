"""`altiplano dedup VERB`: a command for every verb but the filters, its options made from the verb's class."""

from __future__ import annotations

from cyclopts import App

from pipeline.cli.running import Documents, add_command, checked, flat, over_documents
from pipeline.registry import comparing_verbs
from stages.core.verb import Verb
from stages.dedup.ids.unique import check_unique_ids

PREFIX = "dedup_"


def _add(group: App, verb: type[Verb]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        chosen = options if options is not None else checked(verb, {})
        over_documents(verb.verb, inputs, where, chosen, check_unique_ids)

    name = verb.verb.removeprefix(PREFIX)
    add_command(group, name, verb.__doc__ or "", command, inputs=Documents, options=flat(verb))


def make_group() -> App:
    """The group of all verbs that compare documents."""
    group = App(name="dedup", help="Remove duplicates.")
    for verb in comparing_verbs().values():
        _add(group, verb)
    return group


app = make_group()
