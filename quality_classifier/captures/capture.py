"""A row of an index of CommonCrawl in, the capture of a page out: where its record lies, when it was fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from quality_classifier.urls import normalize_url

HTML_MIME = ("text/html", "application/xhtml+xml")
GOOD_STATUS = 200


class Capture(NamedTuple):
    """A record of a page in a WARC file of a dump; `fetched` is YYYYMMDDhhmmss, in UTC."""

    page: str
    dump: str
    fetched: str
    is_good: bool
    filename: str
    offset: int
    length: int


CAPTURE_SCHEMA = pa.schema(
    [
        pa.field("page", pa.string(), nullable=False),
        pa.field("dump", pa.string(), nullable=False),
        pa.field("fetched", pa.string(), nullable=False),
        pa.field("is_good", pa.bool_(), nullable=False),
        pa.field("filename", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
    ]
)
"""`page` is the normal form of the address that was looked up, and of the address that was captured."""


class IndexRow(NamedTuple):
    """A row of either index; what a row does not say is None."""

    url: str | None
    fetched: str | None
    status: int | None
    mime: str | None
    filename: str | None
    offset: int | None
    length: int | None


def capture_of(row: IndexRow, dump: str, wanted: frozenset[str] | set[str]) -> Capture | None:
    """The capture of a row, if it is of a wanted page and says where its record lies."""
    page = None if row.url is None else normalize_url(row.url)
    if page is None or page not in wanted or not row.fetched or not row.filename:
        return None
    if row.offset is None or row.length is None or row.offset < 0 or row.length <= 0:
        return None
    is_good = row.status == GOOD_STATUS and (row.mime or "").lower() in HTML_MIME
    return Capture(page, dump, row.fetched, is_good, row.filename, row.offset, row.length)


def capture_table(captures: Iterable[Capture]) -> pa.Table:
    """The table of captures, in one order whatever the order in which they came."""
    rows = sorted(set(captures))
    columns = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(CAPTURE_SCHEMA)]
    return pa.Table.from_arrays(columns, schema=CAPTURE_SCHEMA)


_NEWEST = """SELECT page, dump, fetched, is_good, filename, "offset", length FROM read_parquet(?)
QUALIFY row_number() OVER (PARTITION BY page ORDER BY is_good DESC, fetched DESC, filename, "offset") = 1
ORDER BY dump, filename, "offset", page"""


def newest_captures(tables: Sequence[str]) -> pa.Table:
    """Of each page the newest good capture, or a bad one where there is no good one, by the place of the records."""
    if not tables:
        return CAPTURE_SCHEMA.empty_table()
    with duckdb.connect() as connection:
        found: pa.Table = connection.sql(_NEWEST, params=[list(tables)]).to_arrow_table()
    return found.cast(CAPTURE_SCHEMA)
