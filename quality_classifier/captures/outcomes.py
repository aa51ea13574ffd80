"""Wanted pages, their captures and what came of them in, a table of every page and one of hosts by reason out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from quality_classifier.captures.collect import UNREACHABLE
from quality_classifier.captures.warc_folder import SettledPage
from stages.core.atomic import atomic_output

NOT_CAPTURED, NO_HTML, NOT_LOOKED_UP, TO_FETCH = "not_captured", "no_html", "not_looked_up", "to_fetch"

PAGES_NAME, HOSTS_NAME = "pages.parquet", "hosts.parquet"

OUTCOME_SCHEMA = pa.schema(
    [
        pa.field("page", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("host", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
    ]
)
"""A row for each wanted page; `file`, `offset` and `length` (bytes) say where its record lies in what was fetched."""

_HOSTS = """SELECT host, outcome, count(*) AS pages, sum("length")::BIGINT AS bytes FROM outcomes
GROUP BY host, outcome ORDER BY host, outcome"""
_OUTCOMES = """SELECT outcome, count(*), count(DISTINCT host), sum("length")::BIGINT FROM outcomes
GROUP BY outcome ORDER BY count(*) DESC, outcome"""


@dataclass(frozen=True)
class OutcomeCount:
    """Pages of one outcome, hosts that have such pages, and bytes of their records."""

    outcome: str
    pages: int
    hosts: int
    num_bytes: int


def outcome_table(
    wanted: pa.Table,
    captures: pa.Table,
    settled: Mapping[str, SettledPage],
    unreachable: Mapping[str, str],
    is_whole_index: bool,
) -> pa.Table:
    """What became of every wanted page, sorted by page; `is_whole_index`: no part of the index failed."""
    good = dict(zip(captures.column("page").to_pylist(), captures.column("is_good").to_pylist(), strict=True))
    absent = NOT_CAPTURED if is_whole_index else NOT_LOOKED_UP

    def became(page: str) -> SettledPage:
        if (found := settled.get(page)) is not None:
            return found
        if (why := unreachable.get(page)) is not None:
            return SettledPage(page, UNREACHABLE, why)
        if page not in good:
            return SettledPage(page, absent)
        return SettledPage(page, TO_FETCH if good[page] else NO_HTML)

    lines = [became(page) for page in wanted.column("page").to_pylist()]
    named = {name: wanted.column(name) for name in ("page", "url", "host")}
    own = {name: [getattr(line, name) for line in lines] for name in OUTCOME_SCHEMA.names[3:]}
    return pa.table(named | own, schema=OUTCOME_SCHEMA)


def write_outcomes(outcomes: pa.Table, folder: Path) -> list[OutcomeCount]:
    """Write both tables; how many pages had which outcome, the commonest first."""
    with duckdb.connect() as connection:
        connection.register("outcomes", outcomes)
        hosts = connection.sql(_HOSTS).to_arrow_table()
        counts = [OutcomeCount(*row) for row in connection.execute(_OUTCOMES).fetchall()]
    for name, table in ((PAGES_NAME, outcomes), (HOSTS_NAME, hosts)):
        with atomic_output(str(folder / name)) as out:
            pq.write_table(table, out)
    return counts
