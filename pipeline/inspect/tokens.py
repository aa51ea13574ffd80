"""A run in, its table of tokens out: per source documents, bytes, tokens, share of the mixture and epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipeline.graph import read_run, run_manifests, sources_in_order
from stages.core import storage
from stages.core.documents import SOURCES, source_of
from stages.core.errors import UserError
from stages.core.stage import MODEL, Manifest


@dataclass(frozen=True)
class TokenRow:
    """One source of a run; `share` and `epochs` are None before the mixture is solved."""

    source: str
    documents: int
    text_bytes: int
    tokens: int
    share: float | None
    epochs: float | None
    tokens_drawn: int | None


def token_rows(run: str) -> list[TokenRow]:
    """One row per source that the run packed, in the order of the paper's table."""
    manifests = run_manifests(run)
    packed = [manifest for manifest in manifests.values() if manifest.stage == "pack"]
    if not packed:
        raise UserError(f"{run}: holds no packed tokens yet; finish it with `altiplano run`")
    mixture = _mixture(manifests)
    facts = [fact for manifest in packed for fact in manifest.facts]
    rows = []
    # A source that lost all its documents is shown too, with nothing in it.
    expected = {node.stage.removeprefix("ingest_") for node in read_run(run).nodes} & set(SOURCES)
    for source in sources_in_order({source_of(fact["source"]) for fact in facts} | expected):
        own = [fact for fact in facts if source_of(fact["source"]) == source]
        mixed = _whole_source(mixture, source)
        rows.append(
            TokenRow(
                source=source,
                documents=sum(fact["documents"] for fact in own),
                text_bytes=sum(fact["text_bytes"] for fact in own),
                tokens=sum(fact["tokens"] for fact in own),
                share=mixed.get("weight"),
                epochs=mixed.get("epochs"),
                tokens_drawn=int(mixed["tokens"]) if mixed else None,
            )
        )
    return rows


def _whole_source(mixture: Mapping[str, Mapping[str, float]], source: str) -> dict[str, float]:
    """The source in the mixture; of one that is packed by language, all its languages together."""
    parts = [part for name, part in mixture.items() if source_of(name) == source]
    if not parts:
        return {}
    there = sum(part["sequences_available"] for part in parts)
    drawn = sum(part["sequences"] for part in parts)
    return {
        "weight": sum(part["weight"] for part in parts),
        "epochs": drawn / there if there else 0.0,
        "tokens": sum(part["tokens"] for part in parts),
    }


def _mixture(manifests: Mapping[str, Manifest]) -> dict[str, dict[str, float]]:
    for manifest in manifests.values():
        if manifest.stage == "mix":
            (uri,) = [uri for uri in manifest.uris(MODEL) if uri.endswith("mixture.json")]
            sources: dict[str, dict[str, float]] = orjson.loads(storage.read_bytes(uri))["sources"]
            return sources
    return {}


def token_table(rows: list[TokenRow]) -> Table:
    """The rows as a table with their total."""
    table = Table(box=SIMPLE_HEAD, show_footer=True)
    total = TokenRow(
        "total",
        sum(row.documents for row in rows),
        sum(row.text_bytes for row in rows),
        sum(row.tokens for row in rows),
        sum(row.share or 0.0 for row in rows),
        None,
        sum(row.tokens_drawn or 0 for row in rows),
    )
    table.add_column("source", footer=total.source)
    columns = ("documents", "bytes", "tokens", "bytes/token", "share", "epochs", "tokens drawn")
    for name, footer in zip(columns, _cells(total), strict=True):
        table.add_column(name, footer=footer, justify="right")
    for row in rows:
        table.add_row(row.source, *_cells(row))
    return table


def _cells(row: TokenRow) -> list[str]:
    return [
        f"{row.documents:,}",
        f"{row.text_bytes:,}",
        f"{row.tokens:,}",
        f"{row.text_bytes / row.tokens:.2f}" if row.tokens else "-",
        "-" if row.share is None else f"{row.share:.1%}",
        "-" if row.epochs is None else f"{row.epochs:.2f}",
        "-" if row.tokens_drawn is None else f"{row.tokens_drawn:,}",
    ]
