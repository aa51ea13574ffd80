"""A run in, its table of tokens out: per source documents, bytes, tokens, share of the mixture and epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from pipeline.graph import run_manifests
from pipeline.sources import kinds_of_run, sources_in_order
from pipeline.text_table import add_text_row, text_table
from stages.core.documents import source_of
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.core.stage import is_made_by
from stages.mix.mixture import Mix
from stages.mix.schedule import MixtureSource, read_mixture
from stages.tokenize.pack import Pack, PackedShard


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
    packed = [manifest for manifest in manifests.values() if is_made_by(manifest, Pack)]
    if not packed:
        raise UserError(f"{run}: holds no packed tokens yet; finish it with `altiplano run`")
    mixture = _mixture(manifests)
    shards = [shard for manifest in packed for shard in manifest.facts_of(PackedShard)]
    rows = []
    # A source that lost all its documents is shown too, with nothing in it.
    kinds = kinds_of_run(manifests)
    for source in sources_in_order({source_of(shard.source) for shard in shards} | set(kinds), kinds):
        own = [shard for shard in shards if source_of(shard.source) == source]
        mixed = _whole_source(mixture, source)
        rows.append(
            TokenRow(
                source=source,
                documents=sum(shard.documents for shard in own),
                text_bytes=sum(shard.text_bytes for shard in own),
                tokens=sum(shard.tokens for shard in own),
                share=None if mixed is None else mixed.weight,
                epochs=None if mixed is None else mixed.epochs,
                tokens_drawn=None if mixed is None else mixed.tokens,
            )
        )
    return rows


def _whole_source(mixture: Mapping[str, MixtureSource], source: str) -> MixtureSource | None:
    """The source in the mixture; of one that is packed by language, all its languages together."""
    parts = [part for name, part in mixture.items() if source_of(name) == source]
    if not parts:
        return None
    there = sum(part.sequences_available for part in parts)
    drawn = sum(part.sequences for part in parts)
    return MixtureSource(
        tokens_available=sum(part.tokens_available for part in parts),
        sequences_available=there,
        weight=min(1.0, sum(part.weight for part in parts)),
        epochs=drawn / there if there else 0.0,
        tokens=sum(part.tokens for part in parts),
        sequences=drawn,
    )


def _mixture(manifests: Mapping[str, Manifest]) -> dict[str, MixtureSource]:
    for manifest in manifests.values():
        if is_made_by(manifest, Mix):
            return read_mixture(manifest.folder).sources
    return {}


def token_table(rows: list[TokenRow]) -> Table:
    """The rows as a table with their total."""
    total = TokenRow(
        "total",
        sum(row.documents for row in rows),
        sum(row.text_bytes for row in rows),
        sum(row.tokens for row in rows),
        sum(row.share or 0.0 for row in rows),
        None,
        sum(row.tokens_drawn or 0 for row in rows),
    )
    numbers = ("documents", "bytes", "tokens", "bytes/token", "share", "epochs", "tokens drawn")
    table = text_table(("source",), numbers, (total.source, *_cells(total)))
    for row in rows:
        add_text_row(table, row.source, *_cells(row))
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
