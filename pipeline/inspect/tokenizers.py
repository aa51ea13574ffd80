"""Documents and tokenizers in, a table of how each fits every source and language out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from pipeline.given import given_documents
from pipeline.sources import sources_in_order
from pipeline.text_table import add_text_row, text_table
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents
from stages.tokenize.report import Fit, fits_by_language
from stages.tokenize.tokenizers.load import load_tokenizer

Fits = Mapping[tuple[str, str], Mapping[str, Fit]]


def tokenizer_fits(inputs: Sequence[str], models: Sequence[str], max_text_bytes: int) -> Fits:
    """Counts by (source, language) and model, over given runs, stage folders or files."""
    if len(set(models)) < len(models):
        raise UserError("--models: one is given twice")
    tokenizers = {model: load_tokenizer(model) for model in models}
    with given_documents(inputs) as manifests:
        shards = [uri for manifest in manifests for uri in manifest.uris(DOCUMENTS)]
        batches = read_documents(shards, ["source", "language", "text"])
        return fits_by_language(batches, tokenizers, max_text_bytes)


def fit_table(fits: Fits, models: Sequence[str]) -> Table:
    """A row for each source, language and model, and a total for each model."""
    numbers = ("documents", "bytes", "bytes/token", "tokens/word", "unknown", "byte fallback")
    table = text_table(("source", "language", "tokenizer"), numbers)
    sources = sources_in_order({source for source, _ in fits})
    for key in sorted(fits, key=lambda key: (sources.index(key[0]), key[1])):
        for model in models:
            add_text_row(table, *key, _name(model), *_cells(fits[key][model]))
    for model in models:
        total = sum((fit[model] for fit in fits.values()), Fit())
        add_text_row(table, "total", "", _name(model), *_cells(total))
    return table


def _name(model: str) -> str:
    return "/".join(model.rsplit("/", 2)[-2:])


def _cells(fit: Fit) -> list[str]:
    tokens = max(1, fit.tokens)
    return [
        f"{fit.documents:,}",
        f"{fit.text_bytes:,}",
        f"{fit.bytes_per_token:.2f}",
        f"{fit.fertility:.2f}",
        f"{fit.unknown_tokens / tokens:.3%}",
        f"{fit.byte_tokens / tokens:.3%}",
    ]
