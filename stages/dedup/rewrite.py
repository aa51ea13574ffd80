"""Documents and their new texts in, the documents that stay out: what the dedups inside a text write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.documents import text_lengths_bytes
from stages.core.ledger import EDIT
from stages.core.writer import TaskWriter


@dataclass(frozen=True)
class Touched:
    """The documents of a batch (a mask) that a rule drops or edits, and the ledger's columns for just these."""

    rows: npt.NDArray[np.bool_]
    rule: str
    ledger: Mapping[str, Any]


def write_rewritten(
    out: TaskWriter, batch: pa.RecordBatch, texts: pa.Array, edits: Touched, drops: Touched
) -> int:
    """Write `batch` with `texts`, less the dropped documents; the bytes that the texts lost."""
    lost = pc.subtract(text_lengths_bytes(batch.column("text")), text_lengths_bytes(texts))
    out.ledger.rows(batch.filter(pa.array(drops.rows)), rule=drops.rule, **drops.ledger)
    edited = pa.array(edits.rows)
    values = {**edits.ledger, "text_bytes": lost.filter(edited)}
    out.ledger.rows(batch.filter(edited), action=EDIT, rule=edits.rule, **values)
    place = batch.schema.get_field_index("text")
    rewritten = batch.set_column(place, batch.schema.field(place), texts)
    out.keep(rewritten.filter(pa.array(~drops.rows)))
    return int(pc.sum(lost).as_py() or 0)
