"""The table of values: a Parquet row for every document of a task with all that a stage measured of it, kept or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.documents import text_lengths_bytes

FIXED = (
    pa.field("id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("text_bytes", pa.int64(), nullable=False),
)
"""The first columns of every table of values; a column of float64 for each measure follows."""

_MARK = {b"altiplano": b"values"}


def values_batch(batch: pa.RecordBatch, measures: Mapping[str, npt.NDArray[np.floating]]) -> pa.RecordBatch:
    """The rows of the table for the documents of `batch`; an array of `measures` has a value for each."""
    fields = [*FIXED, *(pa.field(name, pa.float64()) for name in measures)]
    arrays = [batch.column("id"), batch.column("source"), text_lengths_bytes(batch.column("text"))]
    arrays += [pa.array(values, pa.float64()) for values in measures.values()]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=_MARK))


def is_values(schema: pa.Schema) -> bool:
    """Whether a Parquet file with this schema is a table of values."""
    return (schema.metadata or {}).get(b"altiplano") == _MARK[b"altiplano"]
