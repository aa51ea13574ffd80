"""Two runs in, what they differ in out: options and versions of stages, counts by source and rule, and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.graph import run_manifests
from pipeline.look.explain import explain
from pipeline.look.places import ends_of, places_of
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, Manifest
from stages.takedown.earlier import as_it_was

_JOIN = """
WITH a AS (SELECT id, hash(text) AS text FROM read_parquet(?)), b AS (SELECT id, hash(text) AS text FROM read_parquet(?))
SELECT coalesce(a.id, b.id) AS id, CASE WHEN b.id IS NULL THEN 'only in a' WHEN a.id IS NULL THEN 'only in b'
ELSE 'changed' END AS what FROM a FULL JOIN b ON a.id = b.id WHERE a.text IS DISTINCT FROM b.text
"""
_NONE = "SELECT ''::VARCHAR AS id, ''::VARCHAR AS text WHERE false"


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `what` it is (config, count, dropped, documents or document), its name, both values."""

    what: str
    name: str
    a: Any
    b: Any


def run_differences(a: str, b: str, examples: int = 5) -> Iterator[Difference]:
    """All that differs between two local runs, configs first; documents are compared by DuckDB in bounded memory."""
    ours, theirs = (
        {name: as_it_was(manifest) for name, manifest in run_manifests(run).items()} for run in (a, b)
    )
    for node in dict.fromkeys([*ours, *theirs]):
        yield from _of_config(node, ours.get(node), theirs.get(node))
    for node in [name for name in ours if name in theirs]:
        yield from _of_counts(node, ours[node], theirs[node])
    yield from _of_documents(a, b, examples)


def _of_config(node: str, one: Manifest | None, other: Manifest | None) -> Iterator[Difference]:
    if one is None or other is None:
        yield Difference("config", node, *("absent" if side is None else "finished" for side in (one, other)))
        return
    if one.version != other.version:
        yield Difference("config", f"{node}: version", one.version, other.version)
    first, second = _flat(one.config), _flat(other.config)
    for key in dict.fromkeys([*first, *second]):
        if first.get(key) != second.get(key):
            yield Difference("config", f"{node}: {key}", first.get(key), second.get(key))


def _flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves of nested options by their path."""
    pairs = config.items() if isinstance(config, Mapping) else enumerate(config)
    found: dict[str, Any] = {}
    for key, value in pairs:
        name = f"{prefix}{key}"
        is_nested = isinstance(value, Mapping | list) and len(value) > 0
        scalars = isinstance(value, list) and not any(isinstance(one, Mapping | list) for one in value)
        found |= _flat(value, f"{name}.") if is_nested and not scalars else {name: value}
    return found


def _of_counts(node: str, one: Manifest, other: Manifest) -> Iterator[Difference]:
    for source in dict.fromkeys([*one.sources, *other.sources]):
        counts = [
            0 if (totals := side.sources.get(source)) is None else totals.documents for side in (one, other)
        ]
        if counts[0] != counts[1]:
            yield Difference("count", f"{node}: documents of {source}", *counts)
    for rule in dict.fromkeys([*one.dropped, *other.dropped]):
        lost = [side.dropped.get(rule, 0) for side in (one, other)]
        if lost[0] != lost[1]:
            yield Difference("dropped", f"{node}: {rule}", *lost)


def _of_documents(a: str, b: str, examples: int) -> Iterator[Difference]:
    shards = [
        [uri for one in ends_of(places_of(run)).values() for uri in one.uris(DOCUMENTS)] for run in (a, b)
    ]
    if any("://" in uri for uris in shards for uri in uris):
        raise UserError("diff: documents are compared on local runs only")
    query, given = _JOIN, [uris for uris in shards if uris]
    for uris, name in zip(shards, "ab", strict=True):
        if not uris:
            query = query.replace(
                f"{name} AS (SELECT id, hash(text) AS text FROM read_parquet(?))", f"{name} AS ({_NONE})"
            )
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE found AS {query}", given)
        counts = dict(connection.execute("SELECT what, count(*) FROM found GROUP BY what").fetchall())
        chosen = connection.execute(
            "SELECT what, id FROM (SELECT *, row_number() OVER (PARTITION BY what ORDER BY id) AS place FROM found)"
            " WHERE place <= ? ORDER BY what DESC, id",
            [examples],
        ).fetchall()
    if counts:
        yield Difference("documents", "only there", counts.get("only in a", 0), counts.get("only in b", 0))
        yield Difference(
            "documents", "in both, with other texts", counts.get("changed", 0), counts.get("changed", 0)
        )
    for _, name in chosen:
        yield Difference("document", name, _end(a, name), _end(b, name))


def _end(run: str, document: str) -> str:
    """The last of what happened to a document."""
    try:
        last = [event for event in explain(run, document) if "tokens in" not in event.text][-1]
    except UserError:
        return "no such document"
    return f"{last.node}: {last.text}"
