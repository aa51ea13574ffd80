"""`altiplano lm train`: the perplexity models of a language."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pipeline.cli.output import AsJson, note, say
from pipeline.cli.running import Documents, WhereGiven, run_graph, show_facts
from pipeline.given import add_given_together
from pipeline.graph import Graph
from stages.core import storage
from stages.core.manifest import MODEL
from stages.filter.rules.perplexity import language_models_folder
from stages.language_model.cutoffs import LanguageModelOptions
from stages.models.perplexity_files import copy_model

app = App(name="lm", help="The language models of perplexity.")


@app.command
def train(
    language: Annotated[str, Parameter(help="code of the language, as documents say it")],
    inputs: Documents,
    /,
    *,
    reference: Annotated[
        list[str], Parameter(help="documents whose percentiles are the cut-offs (else held-out ones)")
    ] = [],  # noqa: B006 - cyclopts only reads it
    folder: Annotated[
        str | None, Parameter(help="where the models are kept (default: lm in the models folder)")
    ] = None,
    options: Annotated[LanguageModelOptions | None, Parameter(name="*")] = None,
    as_json: AsJson = False,
    where: WhereGiven,
) -> None:
    """Train the perplexity models of a language on its Wikipedia, and measure the cut-offs of the buckets."""
    graph = Graph()
    documents = add_given_together(graph, inputs)
    percentiles = add_given_together(graph, reference, "reference") if reference else None
    chosen, kept = options or LanguageModelOptions(), folder or language_models_folder()
    made = chosen.wire(graph.below(""), language, documents, percentiles)
    result = run_graph(graph, f"lm train {language}", where, [made.cutoffs], as_json)
    storage.make_folder(kept)
    for node in made:
        for uri in result.manifests[node].uris(MODEL):
            (note if as_json else say)(copy_model(uri, kept))
        show_facts(result, node, where, as_json)
