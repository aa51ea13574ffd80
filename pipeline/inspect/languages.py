"""A run in, documents, bytes and tokens of every source and language out."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from rich.table import Table

from pipeline.graph import final_document_uris, run_manifests
from pipeline.sources import kinds_of_run, sources_in_order
from pipeline.text_table import add_text_row, text_table
from stages.core.errors import UserError
from stages.core.manifest import INDEX

UNKNOWN = "-"
_QUERY = """
SELECT d.source, coalesce(d.language, ?) AS language, count(*), sum(octet_length(encode(d.text))), sum(i.length)
FROM read_parquet(?) AS d JOIN read_parquet(?) AS i USING (id)
GROUP BY ALL
"""


@dataclass(frozen=True)
class LanguageRow:
    """One language of a source; `-` where no stage told the language."""

    source: str
    language: str
    documents: int
    text_bytes: int
    tokens: int


def language_rows(run: str) -> list[LanguageRow]:
    """Rows in the order of the paper's sources, in each the language with the most tokens first."""
    manifests = run_manifests(run)
    index = [uri for manifest in manifests.values() for uri in manifest.uris(INDEX)]
    if not index:
        raise UserError(f"{run}: holds no packed tokens yet; finish it with `altiplano run`")
    documents = final_document_uris(run)
    if any("://" in uri for uri in [*documents, *index]):
        raise UserError(f"{run}: tokens by language are counted on local runs only")
    if not documents:
        raise UserError(f"{run}: the documents that it packed are not there any more")
    with duckdb.connect() as connection:
        rows = connection.execute(_QUERY, [UNKNOWN, documents, index]).fetchall()
    found = [LanguageRow(*row) for row in rows]
    names = sources_in_order({row.source for row in found}, kinds_of_run(manifests))
    order = {source: number for number, source in enumerate(names)}
    return sorted(found, key=lambda row: (order[row.source], -row.tokens, row.language))


def language_table(rows: list[LanguageRow]) -> Table:
    """The rows as a table."""
    table = text_table(("source", "language"), ("documents", "bytes", "tokens", "bytes/token"))
    for row in rows:
        rate = f"{row.text_bytes / row.tokens:.2f}" if row.tokens else UNKNOWN
        cells = (f"{row.documents:,}", f"{row.text_bytes:,}", f"{row.tokens:,}", rate)
        add_text_row(table, row.source, row.language, *cells)
    return table
