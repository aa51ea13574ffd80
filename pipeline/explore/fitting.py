"""A batch of rows of a run's files and what a reader asks for in, the rows that fit out: one SQL query of DuckDB.

All that a reader gives is a parameter of the query, but for a column's name, which is one of the file's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.explore.asked import ACTIONS, MEASURED_VIEW, Asked
from pipeline.look.values import SCORES
from stages.core.ledger import LEDGER_SCHEMA
from stages.core.values import FIXED

ROW = "row_number_in_file"
_HAS_TEXT = "contains(lower(text), lower(?))"
_HAS_URL = "contains(lower(url), lower(?))"
_DOCUMENT_COLUMNS = ("id", "source", "url", "language", *SCORES)

Condition = tuple[str, list[object]]


def opened() -> duckdb.DuckDBPyConnection:
    """A DuckDB that sees nothing but what it is given: no file, no network."""
    return duckdb.connect(config={"enable_external_access": "false"})


def read_columns(asked: Asked) -> list[str]:
    """What of a view's files is read to see whether rows fit."""
    if asked.view in ACTIONS:
        return list(LEDGER_SCHEMA.names)
    if asked.view == MEASURED_VIEW:
        return [*(field.name for field in FIXED), *([asked.value] if asked.value else [])]
    return [*_DOCUMENT_COLUMNS, *(["text"] if asked.words else [])]


def fitting_rows(
    connection: duckdb.DuckDBPyConnection, batch: pa.RecordBatch, first: int, asked: Asked
) -> pa.Table:
    """The rows of a batch that fit by what their file says of them, each with its number (`ROW`), the first being `first`."""
    numbers = pa.array(np.arange(first, first + batch.num_rows, dtype=np.int64))
    table = pa.Table.from_batches([batch]).append_column(ROW, numbers)
    conditions = _of_names(asked, batch.schema.names)
    is_bounded = asked.low is not None or asked.high is not None
    column = "value" if asked.view in ACTIONS else asked.value
    if column and is_bounded:
        if column not in batch.schema.names:
            return table.slice(0, 0)
        conditions += _of_value(column, asked)
    if "text" in batch.schema.names:
        conditions += [(_HAS_TEXT, [word]) for word in asked.wanted_words]
    return _selected(connection, table, conditions)


def fitting_documents(connection: duckdb.DuckDBPyConnection, batch: pa.RecordBatch, asked: Asked) -> pa.Table:
    """The documents of a batch that have the words; of measures, which do not say them, the language and the URL too."""
    conditions: list[Condition] = [(_HAS_TEXT, [word]) for word in asked.wanted_words]
    if asked.view == MEASURED_VIEW:
        conditions += [("language = ?", [asked.language])] if asked.language else []
        conditions += [(_HAS_URL, [asked.url])] if asked.url else []
    return _selected(connection, pa.Table.from_batches([batch]), conditions)


def _of_names(asked: Asked, names: Sequence[str]) -> list[Condition]:
    found: list[Condition] = []
    if asked.view in ACTIONS:
        found.append(("action = ?", [ACTIONS[asked.view]]))
        if asked.rule:
            below = [f"{asked.rule}.", f"{asked.rule}_"]
            found.append(("(rule = ? OR starts_with(rule, ?) OR starts_with(rule, ?))", [asked.rule, *below]))
    if asked.source:
        found.append(("source = ?", [asked.source]))
    if "language" in names and asked.language:
        found.append(("language = ?", [asked.language]))
    if "url" in names and asked.url:
        found.append((_HAS_URL, [asked.url]))
    return found


def _of_value(column: str, asked: Asked) -> list[Condition]:
    quoted = '"' + column.replace('"', '""') + '"'
    found: list[Condition] = [(f"NOT isnan({quoted})", [])]  # to DuckDB no number is greater than NaN
    if asked.low is not None:
        found.append((f"{quoted} >= ?", [asked.low]))
    if asked.high is not None:
        found.append((f"{quoted} <= ?", [asked.high]))
    return found


def _selected(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, conditions: Sequence[Condition]
) -> pa.Table:
    """The rows that meet all conditions, in their order."""
    if not conditions or table.num_rows == 0:
        return table
    connection.register("chunk", table)
    try:
        sql = f"SELECT * FROM chunk WHERE {' AND '.join(condition for condition, _ in conditions)}"
        given = [value for _, values in conditions for value in values]
        return connection.sql(sql, params=given).to_arrow_table()
    finally:
        connection.unregister("chunk")
