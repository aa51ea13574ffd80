"""The ledger: a Parquet row for every document that a stage drops or edits, with rule, value, threshold, partner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.bounded import BATCH_BYTES
from stages.core.manifest import FOLDERS, LEDGER, FileInfo
from stages.core.parquet import BUFFER_ROWS, RowBuffer

DROP = "drop"
EDIT = "edit"
MERGE = "merge"

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("partner", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("text_bytes", pa.int64(), nullable=False),
        pa.field("url", pa.string()),
    ]
)
"""`action` is `drop` (the document ends here), `edit` (it goes on, changed) or `merge` (it is part of its partner now).

`text_bytes` is what was lost, or merged.
"""


class LedgerWriter:
    """The ledger shard of one task. Nothing is written, and there is no file, when nothing was lost."""

    def __init__(self, folder: str, task: str, stage: str) -> None:
        self._stage = stage
        self._buffer = RowBuffer(folder, f"{FOLDERS[LEDGER]}/{task}.parquet", LEDGER)
        self._single: dict[str, list[Any]] = _empty_columns()
        self._single_chars = 0
        self.dropped: dict[str, int] = {}
        self.edited: dict[str, int] = {}
        self.merged: dict[str, int] = {}

    def _count(self, action: str, rule: str, number: int) -> None:
        counts = {DROP: self.dropped, EDIT: self.edited, MERGE: self.merged}[action]
        counts[rule] = counts.get(rule, 0) + number

    def row(self, *, action: str = DROP, rule: str, **values: Any) -> None:
        """Add one row; `values` are columns of LEDGER_SCHEMA, `id`, `source`, `text_bytes` among them."""
        if unknown := values.keys() - self._single.keys():
            raise TypeError(f"no ledger column {sorted(unknown)}")
        values |= {"stage": self._stage, "action": action, "rule": rule}
        for name, column in self._single.items():
            column.append(values.get(name))
        self._single_chars += sum(len(value) for value in values.values() if isinstance(value, str))
        self._count(action, rule, 1)
        if len(self._single["id"]) >= BUFFER_ROWS or self._single_chars >= BATCH_BYTES:
            self._flush_single()

    def rows(self, batch: pa.RecordBatch, *, action: str = DROP, rule: str, **values: Any) -> None:
        """Add a row for every document of `batch` (columns id, source, text or text_bytes, url).

        Each of `values` (value, threshold, partner, detail, text_bytes) is a scalar or an array of the batch's length.
        """
        if batch.num_rows == 0:
            return
        if "text_bytes" not in values:
            values["text_bytes"] = pc.binary_length(batch.column("text"))
        values |= {"stage": self._stage, "action": action, "rule": rule}
        arrays = []
        for field in LEDGER_SCHEMA:
            value = values.get(field.name)
            if field.name in ("id", "source", "url"):
                arrays.append(batch.column(field.name).cast(field.type))
            elif isinstance(value, pa.Array | pa.ChunkedArray):
                arrays.append(value.cast(field.type))
            elif hasattr(value, "__len__") and not isinstance(value, str):
                arrays.append(pa.array(value, field.type, from_pandas=True))
            else:
                arrays.append(pa.repeat(pa.scalar(value, field.type), batch.num_rows))
        self._flush_single()
        self._buffer.write(pa.RecordBatch.from_arrays(arrays, schema=LEDGER_SCHEMA))
        self._count(action, rule, batch.num_rows)

    def _flush_single(self) -> None:
        if self._single["id"]:
            self._buffer.write(pa.RecordBatch.from_pydict(self._single, schema=LEDGER_SCHEMA))
            self._single, self._single_chars = _empty_columns(), 0

    def finish(self) -> None:
        """Write what is pending."""
        self._flush_single()
        self._buffer.finish()

    def commit(self) -> list[FileInfo]:
        """Give the shard its name; nothing when no row was added."""
        self.finish()
        return self._buffer.commit()

    def discard(self) -> None:
        """Leave no shard."""
        self._buffer.discard()


def _empty_columns() -> dict[str, list[Any]]:
    return {name: [] for name in LEDGER_SCHEMA.names}


def is_ledger(columns: Sequence[str]) -> bool:
    """Whether a Parquet file with these columns is a ledger shard."""
    return list(columns) == list(LEDGER_SCHEMA.names)
