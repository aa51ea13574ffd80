"""A run in, documents, bytes and tokens of every source and language out."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from rich.table import Table

from pipeline.chain import last_documents, run_of, token_stages
from pipeline.graph import final_document_uris
from pipeline.sources import kinds_at, sources_in_order
from pipeline.text_table import add_text_row, text_table
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, INDEX, document_uris

UNKNOWN = "-"
_QUERY = """
SELECT d.source, coalesce(d.language, ?) AS language, count(*), sum(octet_length(encode(d.text))), {tokens}
FROM read_parquet(?) AS d {join}
GROUP BY ALL
"""
_PACKED = _QUERY.format(tokens="sum(i.length)", join="JOIN read_parquet(?) AS i USING (id)")
_UNPACKED = _QUERY.format(tokens="NULL", join="")


@dataclass(frozen=True)
class LanguageRow:
    """One language of a source; `-` where no stage told the language, no `tokens` before they are packed."""

    source: str
    language: str
    documents: int
    text_bytes: int
    tokens: int | None


def language_rows(run: str) -> list[LanguageRow]:
    """Rows in the order of the paper's sources, in each the language with the most tokens first."""
    documents, index, expected = _places(run)
    if any("://" in uri for uri in [*documents, *index]):
        raise UserError(f"{run}: languages are counted on local runs only")
    with duckdb.connect() as connection:
        query, places = (_PACKED, [documents, index]) if index else (_UNPACKED, [documents])
        rows = [LanguageRow(*row) for row in connection.execute(query, [UNKNOWN, *places]).fetchall()]
    if (there := sum(row.documents for row in rows)) != expected:
        raise UserError(
            f"{run}: of its {expected:,} documents {there:,} are where they were read; put their runs back"
        )
    order = {
        source: number
        for number, source in enumerate(sources_in_order({row.source for row in rows}, kinds_at(run)))
    }
    return sorted(rows, key=lambda row: (order[row.source], -(row.tokens or row.text_bytes), row.language))


def _places(run: str) -> tuple[list[str], list[str], int]:
    """Shards of documents, the indexes of their packed tokens where they are packed, and how many documents there are."""
    found = token_stages(run)
    if found is None:
        holders = last_documents(run)
        if not (documents := document_uris(holders)):
            raise UserError(f"{run}: no stage that is finished there holds documents; run its command again")
        return documents, [], sum(manifest.rows(DOCUMENTS) for manifest in holders)
    packed_in = run_of(found.packed)
    if packed_in is None or not (documents := final_document_uris(packed_in)):
        raise UserError(f"{run}: the documents that it packed are not there any more; put their runs back")
    return documents, found.packed.uris(INDEX), found.packed.rows(INDEX)


def language_table(rows: list[LanguageRow]) -> Table:
    """The rows as a table; columns of tokens only where there are some."""
    numbers = ("documents", "bytes", "tokens", "bytes/token")
    shown = len(numbers) if any(row.tokens is not None for row in rows) else 2
    table = text_table(("source", "language"), numbers[:shown])
    for row in rows:
        rate = f"{row.text_bytes / row.tokens:.2f}" if row.tokens else UNKNOWN
        cells = (f"{row.documents:,}", f"{row.text_bytes:,}", f"{row.tokens or 0:,}", rate)
        add_text_row(table, row.source, row.language, *cells[:shown])
    return table
