"""`altiplano remove`: a run without the documents that must go."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from pipeline.cli.output import note, say
from pipeline.cli.running import WhereGiven, run_graph, show_mixture
from pipeline.graph import read_run
from pipeline.takedown import takedown_graph, taken_out
from stages.core.errors import UserError
from stages.takedown.requests import RequestLists

MAX_TOLD = 5
"""Requests that nothing answers to which are named."""


def remove(
    run: Annotated[str, Parameter(help="finished run; it stays as it is")],
    /,
    *,
    lists: Annotated[RequestLists | None, Parameter(name="*")] = None,
    with_duplicates: Annotated[
        bool,
        Parameter(
            negative="", help="where one of several duplicates is asked for, the one that was kept goes too"
        ),
    ] = False,
    where: WhereGiven,
) -> None:
    """Take documents out of a finished run, by ids, URLs or hosts, into a new run; what does not hold them is reused."""
    if lists is None:
        raise UserError("remove: give --ids, --urls or --hosts, a file each, one a line")
    lists.read()
    made = takedown_graph(run, lists, with_duplicates)
    last = [*made.documents] if made.mixture is None else [*made.documents, made.mixture]
    result = run_graph(made.graph, read_run(run).name, where, made.documents)
    if made.mixture is not None:
        show_mixture(where.out, result.manifests[last[-1]])
    found = taken_out(made, result.manifests, lists)
    say(f"{where.out}: {found.documents:,} documents removed on request")
    if found.unmatched:
        named = ", ".join(found.unmatched[:MAX_TOLD])
        more = f", ... ({len(found.unmatched):,} in all)" if len(found.unmatched) > MAX_TOLD else ""
        note(f"nothing in {run} answers to {named}{more}")
    if found.duplicates_left:
        note(
            f"{found.duplicates_left:,} documents stay that were kept for a duplicate which is asked for;"
            " --with-duplicates takes them out too"
        )
