"""`altiplano tokenizer train|report`: tokenizers of one's own, and how well any fits documents."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pipeline.cli.output import AsJson, print_table
from pipeline.cli.running import Documents, WhereGiven, run_graph, show_facts
from pipeline.given import add_given
from pipeline.graph import Graph
from pipeline.inspect.tokenizers import fit_table, tokenizer_fits
from pipeline.wiring import add_tokenizer
from stages.tokenize.train import TokenizerOptions

REPORT_TEXT_BYTES = 8 << 20
REPORT_WIDTH = 130

app = App(name="tokenizer", help="Tokenizers.")


@app.command
def train(
    inputs: Documents,
    /,
    *,
    options: Annotated[TokenizerOptions | None, Parameter(name="*")] = None,
    as_json: AsJson = False,
    where: WhereGiven,
) -> None:
    """Train a BPE tokenizer with LLaMA's options on documents."""
    graph = Graph()
    documents = add_given(graph, inputs)
    last = add_tokenizer(graph.below(""), options or TokenizerOptions(), documents)
    show_facts(run_graph(graph, "tokenizer train", where, [last], as_json), last, where, as_json)


@app.command
def report(inputs: Documents, /, *, models: list[str], max_text_bytes: int = REPORT_TEXT_BYTES) -> None:
    """Show how tokenizers fit documents: bytes per token, tokens per word, unknown and byte-fallback rates.

    Parameters
    ----------
    models
        SentencePiece models and tokenizer.json files to compare
    max_text_bytes
        text of each source and language that is encoded, from its first documents on
    """
    print_table(fit_table(tokenizer_fits(inputs, models, max_text_bytes), models), REPORT_WIDTH)
