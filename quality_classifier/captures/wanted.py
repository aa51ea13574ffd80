"""Tables of references and lists of addresses in, the table of their pages out: each once, sorted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from quality_classifier.hosts import left_out_hosts
from quality_classifier.references import references_of
from quality_classifier.url_lists import is_url_list, read_url_list
from stages.core import storage
from stages.core.errors import UserError
from stages.core.parquet import read_batches
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import RawFile

WANTED_SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("page", "url", "host")])
"""The normal form of a page's address, the first of its addresses in order, and its host without www."""

BATCH_URLS = 50_000

_EACH_ONCE = "SELECT page, min(url) AS url, min(host) AS host FROM given GROUP BY page ORDER BY page"


def wanted_pages(tables: Sequence[str], lists: Sequence[str]) -> pa.Table:
    """The pages of tables of references (Parquet) and of files of addresses; hosts that are no references are left out.

    A UserError names what is neither, and an input that names no page.
    """
    found: list[pa.Table] = [WANTED_SCHEMA.empty_table()]
    for uri in tables:
        found.append(_of_table(uri))
    for uri in lists:
        found += _of_list(uri)
    given = pa.concat_tables(found)
    if not given.num_rows:
        raise UserError(f"{', '.join([*tables, *lists])}: names no page")
    with duckdb.connect() as connection:
        connection.register("given", given)
        pages: pa.Table = connection.sql(_EACH_ONCE).to_arrow_table()
    return pages.cast(WANTED_SCHEMA)


def is_table(uri: str) -> bool:
    """Whether a file is Parquet."""
    with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
        return stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def pages_sha256(pages: pa.Table) -> str:
    """The digest of the pages: another list is another fetch."""
    digest = hashlib.sha256()
    for page in pages.column("page").to_pylist():
        digest.update(page.encode() + b"\n")
    return digest.hexdigest()


def _of_table(uri: str) -> pa.Table:
    with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
        names = set(pq.read_schema(stream).names)
    if missing := sorted(set(WANTED_SCHEMA.names) - names):
        raise UserError(f"{uri}: no table of `altiplano quality references`: has no column {missing[0]}")
    return pa.Table.from_batches(read_batches([uri], WANTED_SCHEMA.names)).cast(WANTED_SCHEMA)


def _of_list(uri: str) -> list[pa.Table]:
    raw = RawFile(uri, uri.rpartition("/")[2], storage.size_bytes(uri))
    if not is_url_list(raw):
        raise UserError(f"{uri}: neither a table of references nor a list of addresses, one a line")
    tables, urls = [], []
    for _, url in raw.reads.checked(read_url_list(raw)):
        urls.append(url)
        if len(urls) == BATCH_URLS:
            tables.append(_of_urls(urls))
            urls = []
    return [*tables, _of_urls(urls)]


def _of_urls(urls: Sequence[str]) -> pa.Table:
    found = references_of(urls, [left_out_hosts()], Counter())
    rows = {
        "page": [one.page for one in found],
        "url": [one.url for one in found],
        "host": [one.host for one in found],
    }
    return pa.table(rows, schema=WANTED_SCHEMA)
