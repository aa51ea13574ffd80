"""`altiplano quality`: what Wikipedia cites, and the classifier of reference pages."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter
from pydantic import Field

from pipeline.cli.output import note, say
from pipeline.cli.running import Documents, WhereGiven, checked, flat, run_graph, show_facts
from pipeline.given import add_given_together
from pipeline.graph import Graph
from pipeline.wiring import add_quality
from quality_classifier.cited_pages import reference_totals, write_urls
from quality_classifier.references import ReferenceUrls
from quality_classifier.train import QualityClassifier
from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import TABLE, Record

app = App(name="quality", help="The quality classifier.")

URLS_NAME = "urls.txt"


class ReferenceOptions(Record):
    """What is taken of the dumps."""

    languages: tuple[str, ...] = Field(
        (), description="wikis to read, by the code in their dumps' names (bg, en, simple); none: all"
    )
    leave_out: Location | None = Field(
        None,
        description="file of hosts to leave out too, one a line, each with all below it (dead ones, say)",
    )


@app.command
def references(
    inputs: Annotated[
        list[str], Parameter(help="raw Wikipedia dumps, or lists of addresses: files, folders, patterns")
    ],
    /,
    *,
    form: Annotated[
        Literal["table", "urls"],
        Parameter(name="--as", help="urls: also write each page once, one a line, for other tools"),
    ] = "table",
    options: flat(ReferenceOptions) = None,  # type: ignore[valid-type]
    where: WhereGiven,
) -> None:
    """List the pages that Wikipedia's articles cite: address, normal form, host, article, language, how often."""
    given = {} if options is None else options.model_dump(exclude_unset=True)
    graph = Graph()
    last = graph.below("").add(checked(ReferenceUrls, given | {"input": tuple(inputs)}))
    manifest = run_graph(graph, "quality references", where, [last]).manifests[last]
    totals = reference_totals(manifest)
    for line in totals.unread:
        note(f"warning: not read: {line}")
    say(totals.line())
    if not totals.rows:
        raise UserError(
            "no page is cited in what was given; give dumps of pages-articles, or lists of addresses"
        )
    tables = manifest.uris(TABLE)
    if form == "urls":
        place = storage.join(where.out, URLS_NAME)
        say(f"{place}: {write_urls(tables, place):,} pages")


@app.command
def train(
    inputs: Documents,
    /,
    *,
    references: Annotated[
        list[str], Parameter(help="raw Wikipedia dumps: a page that they cite is a positive")
    ],
    options: Annotated[QualityClassifier | None, Parameter(name="*")] = None,
    where: WhereGiven,
) -> None:
    """Train the classifier of reference pages on pages and Wikipedia dumps; prints its held-out figures."""
    graph = Graph()
    pages = add_given_together(graph, inputs)
    dumps = {ReferenceUrls.kind: references}
    last = add_quality(graph.below(""), options or QualityClassifier(), pages, dumps)
    show_facts(run_graph(graph, "quality train", where, [last]), last)
