"""A run in, its table of tokens out: per source documents, bytes, tokens, share of the mixture and epochs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.table import Table

from pipeline.chain import TokenStages, last_documents, run_of, token_stages
from pipeline.sources import kinds_at, sources_in_order
from pipeline.text_table import add_text_row, text_table
from stages.core.documents import source_of
from stages.core.errors import UserError
from stages.core.manifest import add_sources
from stages.mix.schedule import MixtureSource, read_mixture
from stages.tokenize.pack import PackedShard

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class TokenRow:
    """One source of a run, or a group of them (its `members`); what is not known yet is None."""

    source: str
    documents: int
    text_bytes: int
    tokens: int | None
    share: float | None
    epochs: float | None
    tokens_drawn: int | None
    members: tuple[str, ...] = ()


def token_rows(run: str) -> list[TokenRow]:
    """One row per source of a run or a stage's folder, in the order of the paper's table, then one per group.

    Tokens may lie in another run, where this one only mixed or trained. Before there are tokens the documents that the
    run ended with are counted.
    """
    found = token_stages(run)
    return _document_rows(run) if found is None else _packed_rows(run, found)


def _document_rows(run: str) -> list[TokenRow]:
    holders = last_documents(run)
    if not holders:
        raise UserError(
            f"{run}: no stage that is finished there holds documents or tokens; run its command again, or give another run"
        )
    totals = add_sources(manifest.sources for manifest in holders)
    rows = []
    kinds = kinds_at(run)
    for source in sources_in_order({*totals, *kinds}, kinds):  # one that lost all its documents is shown too
        own = totals.get(source)
        documents, text_bytes = (0, 0) if own is None else (own.documents, own.text_bytes)
        rows.append(TokenRow(source, documents, text_bytes, None, None, None, None))
    return rows


def _packed_rows(run: str, found: TokenStages) -> list[TokenRow]:
    mixture = {} if found.mixed is None else read_mixture(found.mixed.folder).sources
    shards = found.packed.facts_of(PackedShard)
    rows = []
    own_kinds = kinds_at(run)
    kinds = kinds_at(run_of(found.packed) or run) | own_kinds
    names = {*(source_of(shard.source) for shard in shards), *own_kinds}
    for source in sources_in_order(names, kinds):
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
    groups = {} if found.mixed is None else found.mixed.config.get("groups", {})
    return [*rows, *_group_rows(rows, groups)]


def _group_rows(rows: Sequence[TokenRow], groups: Mapping[str, Iterable[str]]) -> Iterator[TokenRow]:
    """What the sources of each group have together; their epochs are those of its sources, weighed by tokens."""
    for group, members in groups.items():
        own = [row for row in rows if row.source in set(members)]
        tokens, drawn = _sum(row.tokens for row in own), _sum(row.tokens_drawn for row in own)
        # what an epoch of a source draws: all its whole sequences
        whole = sum((row.tokens_drawn or 0) / row.epochs if row.epochs else row.tokens or 0 for row in own)
        yield TokenRow(
            source=group,
            documents=sum(row.documents for row in own),
            text_bytes=sum(row.text_bytes for row in own),
            tokens=tokens,
            share=_sum(row.share for row in own),
            epochs=drawn / whole if whole and drawn is not None else None,
            tokens_drawn=drawn,
            members=tuple(row.source for row in own),
        )


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


def token_table(rows: Sequence[TokenRow]) -> Table:
    """The rows as a table with their total; columns of what no row knows yet are left out."""
    sources = [row for row in rows if not row.members]
    total = TokenRow(
        "total",
        sum(row.documents for row in sources),
        sum(row.text_bytes for row in sources),
        _sum(row.tokens for row in sources),
        _sum(row.share for row in sources),
        None,
        _sum(row.tokens_drawn for row in sources),
    )
    numbers = ("documents", "bytes", "tokens", "bytes/token", "share", "epochs", "tokens drawn")
    shown = 2 if total.tokens is None else 4 if total.share is None else len(numbers)
    table = text_table(("source",), numbers[:shown], (total.source, *_cells(total)[:shown]))
    for row in rows:
        name = f"{row.source} ({len(row.members)} sources)" if row.members else row.source
        add_text_row(table, name, *_cells(row)[:shown])
    return table


def _sum(values: Iterable[Number | None]) -> Number | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def _cells(row: TokenRow) -> list[str]:
    return [
        f"{row.documents:,}",
        f"{row.text_bytes:,}",
        "-" if row.tokens is None else f"{row.tokens:,}",
        f"{row.text_bytes / row.tokens:.2f}" if row.tokens else "-",
        "-" if row.share is None else f"{row.share:.1%}",
        "-" if row.epochs is None else f"{row.epochs:.2f}",
        "-" if row.tokens_drawn is None else f"{row.tokens_drawn:,}",
    ]
