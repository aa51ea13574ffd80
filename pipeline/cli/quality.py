"""`altiplano quality train`: the classifier of reference pages."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pipeline.cli.running import Documents, WhereGiven, run_graph, show_facts
from pipeline.given import add_given_together
from pipeline.graph import Graph
from pipeline.wiring import add_quality
from quality_classifier.references import ReferenceUrls
from quality_classifier.train import QualityClassifier

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
    graph = Graph()
    pages = add_given_together(graph, inputs)
    dumps = {ReferenceUrls.kind: references}
    last = add_quality(graph.below(""), options or QualityClassifier(), pages, dumps)
    show_facts(run_graph(graph, "quality train", where, [last]), last)
