"""`altiplano quality train`: the classifier of reference pages."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pipeline.cli.running import Documents, WhereGiven, run_graph, show_facts
from pipeline.graph import Graph, given_documents
from pipeline.wiring import add_quality
from quality_classifier.references import ReferenceUrls
from quality_classifier.train import QualityClassifier
from stages.core.errors import UserError

app = App(name="quality", help="The quality classifier.")


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
    graph = Graph(given=given_documents(inputs))
    (pages, *rest) = list(graph.given)
    if rest:
        raise UserError("quality train: give one run or folder of pages")
    dumps = {ReferenceUrls.kind: references}
    last = add_quality(graph.below(""), options or QualityClassifier(), pages, dumps)
    show_facts(run_graph(graph, "quality train", where, [last]), last)
