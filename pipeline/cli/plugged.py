"""A command line in, the group that it names with the commands of plug-ins out, where it asks for them.

A command of ours needs no plug-in, so none is imported for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from cyclopts import App

from stages.core.errors import UserError
from stages.core.mistakes import shown_value, suggest
from stages.core.plugins import MARK, Catalogue

HELP = ("--help", "-h")
EXPORT = "export"


def group_with_plugins(tokens: Sequence[str]) -> App | None:
    """The group that comes first with all that plug-ins add to it, or None where the command line needs nothing of them.

    The module of such a group has a `CATALOGUE`, and a `make_group` that takes what plug-ins add. A UserError for a
    command that nobody knows.
    """
    module: Any = importlib.import_module(f"pipeline.cli.{tokens[0]}")
    catalogue: Catalogue[Any] = module.CATALOGUE
    asked = tokens[1] if len(tokens) > 1 else HELP[0]
    if tokens[0] == EXPORT:  # its commands are ours, and only the help of one lists formats
        return module.make_group(catalogue.known()) if set(HELP) & set(tokens) else None
    if catalogue.has_own_key(asked):
        return None
    added = {name: kind for name, kind in catalogue.known().items() if name not in catalogue.own()}
    name = asked if MARK in asked else catalogue.name_of_key(asked)
    if not asked.startswith("-") and (kind := catalogue.get(name)) is not None:
        added[name] = kind
    group: App = module.make_group(added)
    group.help += catalogue.broken(" There are ")
    commands = [command for command in group if not command.startswith("-")]
    if not asked.startswith("-") and catalogue.key(asked) not in map(catalogue.key, commands):
        wanted = " ".join([tokens[0], asked])
        raise UserError(
            f"no command {shown_value(wanted)}; {suggest(asked, commands)}{catalogue.broken('; ')}"
        )
    return group
