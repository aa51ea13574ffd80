"""`altiplano quality`: what Wikipedia cites, and the classifier of reference pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from pydantic import Field

from pipeline.check import check_options
from pipeline.cli.output import AsJson, as_json_text, note, print_table, say, say_json
from pipeline.cli.quality_train import label, train
from pipeline.cli.run import RunOptions, RunOptionsGiven, Variables
from pipeline.cli.running import (
    WhereGiven,
    checked,
    finished_line,
    flat,
    run_graph,
    run_watched,
    runner_of,
)
from pipeline.config import load_recipe
from pipeline.graph import Graph
from pipeline.inspect.quality import comparison_lines, worth_lines, worth_page, worth_tables
from pipeline.quality_models import held_out_pages, open_quality, scores_of_documents
from pipeline.quality_notes import quality_notes
from pipeline.recipe import build_quality
from pipeline.shipped import recipe_file
from quality_classifier.cited_pages import reference_totals, write_urls
from quality_classifier.compare import compare_scores, threshold_of_precision, threshold_to_keep
from quality_classifier.evaluate import at_threshold, too_few_to_say
from quality_classifier.labels import measured_labels
from quality_classifier.references import ReferenceUrls
from quality_classifier.selection import VALIDATION
from quality_classifier.worth import Worth, worth_of
from stages.core import storage
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import MODEL, TABLE, Record
from stages.models.trained_quality import TrainedQuality

app = App(name="quality", help="The quality classifier.")

URLS_NAME, PAGE_NAME, FIGURES_NAME = "urls.txt", "quality.md", "quality.json"


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


app.command(train)
app.command(label)


@app.command
def build(
    config: str,
    /,
    *,
    negatives: tuple[str, ...] = (),
    variables: Variables = None,
    options: RunOptionsGiven = None,
) -> None:
    """Run the part of a recipe that trains its classifier: dumps to model, figures, and a page that says what it is worth.

    Parameters
    ----------
    config
        the recipe's file, such as configs/classifier.yaml, or the name of a shipped one
    negatives
        files of your own that are the negatives, in place of those that the recipe says
    """
    options = options or RunOptions()
    loaded = load_recipe(recipe_file(config), variables)
    if negatives:
        classifier = loaded.recipe.quality_classifier.model_copy(update={"negatives": negatives})
        recipe = loaded.recipe.model_copy(update={"quality_classifier": classifier})
        loaded = replace(loaded, recipe=recipe)
    for line in loaded.notes:
        note(line)
    folder, name = options.run or loaded.recipe.run, loaded.recipe.name
    graph, model = build_quality(loaded)
    check_options(graph)
    runner = runner_of(graph, folder, name, options)
    result = run_watched(runner, graph, folder, options, [model])
    say(finished_line(folder, result, [model]))
    for line in quality_notes(result.manifests):
        note(line)
    if not (models := result.manifests[model].uris(MODEL)):
        return
    opened = open_quality(folder, None)
    worths = {}
    for name_of_label in measured_labels(opened.labels):
        of_label = opened.of_label(name_of_label)
        pages = held_out_pages(None, of_label)
        worths[name_of_label] = worth_of(pages, of_label.scores(pages.texts), seed=loaded.recipe.seed)
    (facts,) = result.manifests[model].facts_of(TrainedQuality)
    page = worth_page(name, worths, facts.tries)
    figures = _as_json(worths) | ({"tries": [one.model_dump() for one in facts.tries]} if facts.tries else {})
    storage.overwrite(storage.join(folder, PAGE_NAME), page.encode())
    storage.overwrite(storage.join(folder, FIGURES_NAME), as_json_text(figures).encode())
    for place in (*models, storage.join(folder, PAGE_NAME), storage.join(folder, FIGURES_NAME)):
        say(place)


Labels = Annotated[
    str | None,
    Parameter(
        help="labelled pages (Parquet, JSON lines, CSV: text, label, host or url); else what the run held out"
    ),
]
Label = Annotated[
    str | None, Parameter(help="the label of good pages, for models of others and of several classes")
]
Model = Annotated[str, Parameter(help="a fastText model, or the run that trained it")]


@app.command
def evaluate(
    model: Model,
    /,
    *,
    labels: Labels = None,
    label: Label = None,
    perplexity: Annotated[
        str | None,
        Parameter(help="folder of language models (`lm train`): perplexity is one more value beside"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a quality model on pages of hosts that it has not seen, and against values that cost nothing.

    A model of several classes is measured by each, against all others.
    """
    opened = open_quality(model, label)
    worths = {}
    for name in measured_labels(opened.labels) if label is None else (label,):
        pages = held_out_pages(labels, opened.of_label(name))
        if perplexity is not None:
            pages = pages.with_perplexity(perplexity)
        worths[name] = worth_of(pages, opened.of_label(name).scores(pages.texts))
    if as_json:
        say_json(_as_json(worths))
        return
    for name, worth in worths.items():
        if len(worths) > 1:
            say(f"{name}, against all others:")
        for line in worth_lines(worth):
            say(line)
        for table in worth_tables(worth):
            print_table(table)


def _as_json(worths: Mapping[str, Worth]) -> dict[str, Any]:
    """The figures; of several classes by their names."""
    if len(worths) == 1:
        return next(iter(worths.values())).as_json()
    return {"classes": {name: worth.as_json() for name, worth in worths.items()}}


@app.command
def suggest(
    model: Model,
    /,
    *,
    keep: Annotated[float | None, Parameter(help="share of the documents `--of` to keep")] = None,
    precision: Annotated[
        float | None, Parameter(help="share of what is kept that shall be good pages")
    ] = None,
    of: Annotated[list[str], Parameter(help="documents of the source, for --keep")] = [],  # noqa: B006 - only read
    labels: Labels = None,
    label: Label = None,
    as_json: AsJson = False,
) -> None:
    """Say which threshold keeps a share of a source, or is as precise as you wish on pages kept for choosing."""
    given = keep if keep is not None else precision
    if given is None or (keep is not None and precision is not None) or not 0 < given <= 1:
        raise UserError("give either --keep or --precision, above 0 and at most 1")
    opened = open_quality(model, label)
    if keep is not None:
        if not of:
            raise UserError("--keep is a share of a source: name its documents with --of")
        scores = scores_of_documents(opened, of)
        threshold = threshold_to_keep(scores, keep)
        why = f"keeps {float((scores >= threshold).mean()):.1%} of {len(scores):,} documents"
    else:
        pages = opened.part(VALIDATION) if labels is None else held_out_pages(labels, opened)
        if (too_few := too_few_to_say(pages.positive, pages.host_numbers)) is not None:
            raise UserError(f"{model}: {too_few}; give --labels FILE")
        scores = opened.scores(pages.texts)
        threshold = threshold_of_precision(pages.positive, scores, given)
        figures = at_threshold(pages.positive, scores, threshold)
        why = (
            f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f} on {len(scores):,} pages, "
            f"of which {float(pages.positive.mean()):.1%} are good; fewer good ones in a crawl make it less precise"
        )
    if as_json:
        say_json({"min_score": threshold, "why": why})
    else:
        say(f"min_score: {threshold:.6g}  ({why})")


@app.command
def compare(
    one: Model,
    other: Annotated[str, Parameter(help="another model, or run")],
    /,
    *,
    labels: Labels = None,
    label: Label = None,
    as_json: AsJson = False,
) -> None:
    """Compare two models on the same pages, of hosts that neither was trained on as far as is known."""
    models = [open_quality(place, label) for place in (one, other)]
    pages = held_out_pages(labels, *models)
    first, second = (model.scores(pages.texts) for model in models)
    compared = compare_scores(pages, first, second)
    if as_json:
        say_json(compared.as_json())
        return
    for line in comparison_lines(compared, one, other):
        say(line)
