"""A run and a document's id or URL in, its story out: where it came from, what was changed, why it ended, where it is now.

At each stage the text is there too: as it first was, what an edit took, and what the kept partner has in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipeline.look.lines import clipped, diff_lines
from pipeline.look.places import Places, places_of
from pipeline.look.raw_text import RawText, gone_texts, text_of_record
from pipeline.look.rows import ids_of_url, rows_by_id
from stages.core import storage
from stages.core.errors import UserError
from stages.core.ledger import DROP
from stages.core.manifest import DOCUMENTS, INDEX, LEDGER, Manifest

MAX_OF_URL = 20
"""Documents of one URL whose story is told."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a document, in the node `node`.

    `document` is its text after it; `lines` show what is new of it: all, a diff to the stage before, or to the partner.
    """

    node: str
    text: str
    document: str | None = None
    partner: str | None = None
    partner_text: str | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)


def ids_called(run: str, name: str) -> list[str]:
    """The documents of this id or URL: the id itself, unless the name is a URL; a UserError when nothing has the URL."""
    if "://" not in name:
        return [name]
    uris = [
        uri
        for manifest in places_of(run).manifests.values()
        for kind in (DOCUMENTS, LEDGER)
        for uri in manifest.uris(kind)
    ]
    found = list(dict.fromkeys(one for uri in uris for one in ids_of_url([uri], name, MAX_OF_URL)))
    if not found:
        raise UserError(f"{name}: no document of this URL in {run}")
    return found[:MAX_OF_URL]


def explain(run: str, document: str, full: bool = False, raw: Sequence[str] = ()) -> list[Event]:
    """The events of a document in the order of the run; a UserError when no stage knows the id.

    Where its first text is not kept, it is made again of its record in the raw files of `raw`.
    """
    places = places_of(run)
    made = text_of_record(places, document, raw) if raw else None
    events = story_of(places, document, full, made)
    if not events:
        raise UserError(
            f"{document}: no document of this id in {run}; ids are <source>/<raw file>/<record key>"
        )
    return events


def story_of(places: Places, document: str, full: bool = False, made: RawText | None = None) -> list[Event]:
    """The same of a run that is open; nothing where no stage knows the id."""
    events: list[Event] = []
    text: str | None = None
    for name, manifest in places.manifests.items():
        if made is not None and made.node == name and not manifest.of_kind(DOCUMENTS):
            text = made.text
            said = f"a document of {len(text.encode()):,} bytes, made again of its raw record"
            events.append(Event(name, said, text, lines=tuple(_new_lines(None, text, full))))
        rows = _query(manifest.uris(LEDGER), "*", document)
        if rows and text is None:  # another run holds the stages before
            text = _text_before(places, name, document)
        for row in rows:
            events.append(_ledger_event(places, name, row, text, full))
        for row in _query(manifest.uris(DOCUMENTS), _DOCUMENT_COLUMNS, document):
            events.append(_document_event(name, row, text, full))
            text = row["text"]
        events += _token_events(name, manifest, document)
    if events and (gone := gone_texts(places, document)):
        events.append(_gone_event(gone, made))
    return events


def _gone_event(gone: Sequence[str], made: RawText | None) -> Event:
    """What is said of stages whose texts lie nowhere any more."""
    again = "; `--raw INPUT` (the source's raw files) makes the first text again" if made is None else ""
    return Event(gone[-1], f"documents of {', '.join(gone)} are not kept (keep: outputs){again}")


def _ledger_event(places: Places, name: str, row: dict[str, Any], text: str | None, full: bool) -> Event:
    verb = {"drop": "dropped", "edit": "edited", "merge": "merged"}[row["action"]]
    parts = [f"{verb} by rule {row['rule']}"]
    if row["value"] is not None:
        against = "" if row["threshold"] is None else f" against {row['threshold']:g}"
        parts.append(f"value {row['value']:g}{against}")
    if (partner := row["partner"]) is not None:
        parts.append(f"{'part of' if verb == 'merged' else 'kept partner'} {partner}")
    if row["detail"] is not None:
        parts.append(row["detail"])
    parts.append(f"{row['text_bytes']:,} bytes")
    said = "; ".join(parts)
    if partner is None or row["action"] != DROP:
        return Event(name, said, partner=partner)
    other = _text_before(places, name, partner)
    if other is None or text is None:
        return Event(name, said, partner=partner, partner_text=other)
    lines = [
        "`- ` stands here alone, `~ ` in the partner alone:",
        *clipped(diff_lines(text, other, "~"), full),
    ]
    return Event(name, said, partner=partner, partner_text=other, lines=tuple(lines))


def _text_before(places: Places, name: str, document: str) -> str | None:
    """The text of a document as a node read it."""
    found = rows_by_id(places.texts_before(name), [document], ["id", "text"])
    return found[document]["text"] if document in found else None


_DOCUMENT_COLUMNS = "language, language_score, quality, text, url"


def _document_event(name: str, row: dict[str, Any], before: str | None, full: bool) -> Event:
    parts = [f"a document of {len(row['text'].encode()):,} bytes"]
    if row["language"] is not None:
        score = "" if row["language_score"] is None else f" ({row['language_score']:.3f})"
        parts.append(f"language {row['language']}{score}")
    if row["quality"] is not None:
        parts.append(f"quality {row['quality']:.3f}")
    if row["url"] is not None:
        parts.append(row["url"])
    return Event(name, "; ".join(parts), row["text"], lines=tuple(_new_lines(before, row["text"], full)))


def _new_lines(before: str | None, text: str, full: bool) -> Iterator[str]:
    """A text that is new, or what changed of it."""
    if before is None:
        yield from clipped([f"  {line}" for line in text.split("\n")], full)
    elif before != text:
        yield from clipped(diff_lines(before, text, "+"), full)


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
        rows += [row | {"filename": uri} for row in found.to_pylist()]
    return rows
