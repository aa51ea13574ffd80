"""A run in, the documents of which its readers kept too little out: warnings of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
from rich.table import Table

from pipeline.graph import run_manifests
from pipeline.text_table import add_text_row, text_table
from stages.core import storage
from stages.core.ledger import EDIT
from stages.core.manifest import LEDGER

KEPT_RULES = ("kept_words",)
"""Rules whose value is what was kept, as a share, and whose threshold is the least that is no warning."""
_COLUMNS = ["id", "rule", "value", "threshold", "detail", "url"]


@dataclass(frozen=True)
class LedgerWarning:
    """A document that lost most of its record: its id, the rule, the share that was kept, the least that is usual."""

    node: str
    id: str
    rule: str
    value: float
    threshold: float
    detail: str
    url: str


def warning_rows(run: str) -> list[LedgerWarning]:
    """The warnings of a run, in the order of its nodes, in each the smallest share first."""
    found: list[LedgerWarning] = []
    for node, manifest in run_manifests(run).items():
        rows: list[dict[str, Any]] = []
        if any(rule in manifest.edited for rule in KEPT_RULES):
            for uri in manifest.uris(LEDGER):
                rows += _rows(uri)
        rows.sort(key=lambda row: (row["value"], row["id"]))
        found += [
            LedgerWarning(
                node,
                row["id"],
                row["rule"],
                row["value"],
                row["threshold"],
                row["detail"] or "",
                row["url"] or "",
            )
            for row in rows
        ]
    return found


def _rows(uri: str) -> list[dict[str, Any]]:
    is_edit = pc.field("action") == EDIT
    wanted = is_edit & pc.field("rule").isin(KEPT_RULES) & (pc.field("value") < pc.field("threshold"))
    fs, path = storage.filesystem(uri)
    rows: list[dict[str, Any]] = (
        ds.dataset(path, filesystem=fs, format="parquet").to_table(_COLUMNS, filter=wanted).to_pylist()
    )
    return rows


def warning_table(rows: list[LedgerWarning]) -> Table:
    """The warnings as a table."""
    table = text_table(("document", "what was kept", "url"), ("share",))
    for row in rows:
        add_text_row(table, row.id, row.detail, row.url, f"{row.value:.1%}")
    return table
