"""`altiplano quality train` and `label`: pages, citations, classes or labels in, a quality model, or labels, out."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from pipeline.check import check_options
from pipeline.cli.output import AsJson, say
from pipeline.cli.running import Documents, WhereGiven, run_graph, show_facts
from pipeline.given import add_given_together
from pipeline.graph import Graph
from pipeline.wiring import add_quality
from quality_classifier.classifier import LabelDrawOptions, QualityClassifier, add_labels
from quality_classifier.label_rows import label_counts
from quality_classifier.references import ReferenceUrls
from quality_classifier.score_texts import GoodOptions, ScoreOptions
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import FOLDERS, TABLE


class TrainOptions(QualityClassifier):
    """Those of a recipe, but for the labeller, which has a command of its own."""

    labeller: Annotated[ScoreOptions | None, Parameter(parse=False)] = None


def train(
    inputs: Documents = [],  # noqa: B006 - only read
    /,
    *,
    references: Annotated[
        list[str], Parameter(help="raw Wikipedia dumps: a page that they cite is a positive")
    ] = [],  # noqa: B006 - only read
    options: Annotated[TrainOptions | None, Parameter(name="*")] = None,
    as_json: AsJson = False,
    where: WhereGiven,
) -> None:
    """Train a classifier: on pages and the Wikipedia dumps that cite some, on files by class, or on tables of labels.

    Prints its figures on hosts that it has not seen.
    """
    graph, options = Graph(), options or TrainOptions()
    if options.learns_from_references and not references:
        raise UserError(
            "say what good pages are: --references DUMPS, --classes.NAME FILES, or --labels FILES"
        )
    if not options.learns_from_references and references:
        raise UserError("--references: leave it out where classes or labels say what good pages are")
    if inputs and not options.learns_from_pages:
        raise UserError(f"{inputs[0]}: no pages are read where files say all classes; leave them out")
    if options.learns_from_pages and not inputs:
        raise UserError("name the pages to learn from: a run, a stage's folder or files")
    pages = add_given_together(graph, inputs) if inputs else None
    dumps = {ReferenceUrls.kind: references} if references else {}
    last = add_quality(graph.below(""), options, pages, dumps)
    check_options(graph)
    show_facts(run_graph(graph, "quality train", where, [last], as_json), last, where, as_json)


def label(
    inputs: Documents,
    /,
    *,
    options: Annotated[ScoreOptions, Parameter(name="*")],
    draw: Annotated[LabelDrawOptions | None, Parameter(name="*")] = None,
    good: Annotated[GoodOptions | None, Parameter(name="*")] = None,
    where: WhereGiven,
) -> None:
    """Label documents by a language model: by its answer to a prompt, or by two models' perplexities (Llama 3's way).

    Writes tables that `quality train --labels` and `quality evaluate --labels` take.
    """
    graph = Graph()
    documents = add_given_together(graph, inputs)
    least = None if good is None else good.good
    last = add_labels(graph.below(""), options, draw or LabelDrawOptions(), least, documents)
    check_options(graph)
    result = run_graph(graph, "quality label", where, [last])
    counts = label_counts(result.manifests[last])
    said = ", ".join(f"{pages:,} {name}" for name, pages in counts.items())
    say(f"{storage.join(result.manifests[last].folder, FOLDERS[TABLE])}: {said}")
