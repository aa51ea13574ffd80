"""A run and a document's id in, its story out: where it came from, what was changed, why it ended, or where it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.graph import run_manifests
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, INDEX, LEDGER, Manifest


@dataclass(frozen=True)
class Event:
    """One thing that happened to a document, in the node `node`."""

    node: str
    text: str


def explain(run: str, document: str) -> list[Event]:
    """The events of a document in the order of the run; a UserError when no stage knows the id."""
    events: list[Event] = []
    for name, manifest in run_manifests(run).items():
        events += _ledger_events(name, manifest, document)
        events += _document_events(name, manifest, document)
        events += _token_events(name, manifest, document)
    if not events:
        raise UserError(
            f"{document}: no document of this id in {run}; ids are <source>/<raw file>/<record key>"
        )
    return events


def _ledger_events(name: str, manifest: Manifest, document: str) -> list[Event]:
    events = []
    for row in _query(manifest.uris(LEDGER), "*", document):
        verb = {"drop": "dropped", "edit": "edited", "merge": "merged"}[row["action"]]
        parts = [f"{verb} by rule {row['rule']}"]
        if row["value"] is not None:
            against = "" if row["threshold"] is None else f" against {row['threshold']:g}"
            parts.append(f"value {row['value']:g}{against}")
        if row["partner"] is not None:
            parts.append(f"{'part of' if verb == 'merged' else 'kept partner'} {row['partner']}")
        if row["detail"] is not None:
            parts.append(row["detail"])
        parts.append(f"{row['text_bytes']:,} bytes")
        events.append(Event(name, "; ".join(parts)))
    return events


def _document_events(name: str, manifest: Manifest, document: str) -> list[Event]:
    columns = "language, language_score, quality, octet_length(encode(text)) AS text_bytes, url"
    events = []
    for row in _query(manifest.uris(DOCUMENTS), columns, document):
        parts = [f"a document of {row['text_bytes']:,} bytes"]
        if row["language"] is not None:
            score = "" if row["language_score"] is None else f" ({row['language_score']:.3f})"
            parts.append(f"language {row['language']}{score}")
        if row["quality"] is not None:
            parts.append(f"quality {row['quality']:.3f}")
        if row["url"] is not None:
            parts.append(row["url"])
        events.append(Event(name, "; ".join(parts)))
    return events


def _token_events(name: str, manifest: Manifest, document: str) -> list[Event]:
    events = []
    for row in _query(manifest.uris(INDEX), "*", document, file_name=True):
        shard = row["filename"].rsplit("/", 1)[-1].replace(".index.parquet", ".bin")
        events.append(Event(name, f"{row['length']:,} tokens in {shard} from token {row['offset']:,}"))
    return events


def _query(uris: list[str], columns: str, document: str, file_name: bool = False) -> list[dict[str, Any]]:
    """Rows of Parquet files with this id; Parquet statistics let DuckDB pass over most row groups."""
    if not uris:
        return []
    if "://" in uris[0]:
        return _query_remote(uris, document)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        selected = f"{columns}, filename" if file_name else columns
        sql = f"SELECT {selected} FROM read_parquet(?, filename = ?) WHERE id = ?"
        result = connection.execute(sql, [uris, file_name, document])
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _query_remote(uris: list[str], document: str) -> list[dict[str, Any]]:
    """The same through Arrow's filesystems, which hold the credentials of remote storage."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    rows: list[dict[str, Any]] = []
    for uri in uris:
        fs, path = storage.filesystem(uri)
        found = ds.dataset(path, filesystem=fs, format="parquet").to_table(filter=pc.field("id") == document)
        for row in found.to_pylist():
            text = row.pop("text", None)
            rows.append(
                row | {"filename": uri} | ({} if text is None else {"text_bytes": len(text.encode())})
            )
    return rows
