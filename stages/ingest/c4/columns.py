"""Arrow columns of texts, timestamps and urls in, a batch of documents and the ledger rows of blank ones out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.documents import DOCUMENT_SCHEMA, normalize_text, to_valid_unicode
from stages.ingest.raw import Loss, RawBatch
from stages.ingest.records import METADATA_OPTIONS, document_id

_NEEDS_NO_ESCAPE = r"^[ !#-\[\]-~]*$"
_WHITE_SPACE = r"^[\s\x{B}\x{1C}-\x{1F}\x{85}\p{Z}]"


@dataclass(frozen=True)
class Columns:
    """Documents to be: the number of the first row in its file, and of each row text (never null), timestamp, url."""

    number: int
    texts: pa.Array
    timestamps: pa.Array
    urls: pa.Array


def to_records(columns: Columns, source: str, raw_name: str) -> Iterator[RawBatch | Loss]:
    """The rows as one batch, after an `empty_text` for each whose text is blank."""
    blank = _blank_rows(columns.texts)
    for row in blank:
        yield Loss(str(columns.number + row), "empty_text", url=columns.urls[row].as_py())
    prefix = to_valid_unicode(document_id(source, raw_name, "/"))[:-1]
    num_rows = len(columns.texts)
    numbers = pa.array(np.arange(columns.number, columns.number + num_rows)).cast(pa.string())
    found = {
        "id": pc.binary_join_element_wise(prefix, numbers, ""),
        "source": pa.repeat(pa.scalar(source), num_rows),
        "text": normalize_text(columns.texts),
        "url": columns.urls,
        "metadata": _metadata(columns.timestamps),
    }
    arrays = [found.get(field.name, pa.nulls(num_rows, field.type)) for field in DOCUMENT_SCHEMA]
    batch = pa.RecordBatch.from_arrays(arrays, schema=DOCUMENT_SCHEMA)
    if blank:
        batch = batch.take(pa.array(np.delete(np.arange(num_rows), blank)))
    if batch.num_rows:
        yield RawBatch(batch)


def _blank_rows(texts: pa.Array) -> list[int]:
    """Rows whose text is empty to Python's `strip`; few texts begin with white space."""
    suspects = pc.or_(pc.equal(pc.binary_length(texts), 0), pc.match_substring_regex(texts, _WHITE_SPACE))
    return [int(row) for row in np.flatnonzero(suspects) if not texts[row].as_py().strip()]


def _metadata(timestamps: pa.Array) -> pa.Array:
    """`{"timestamp": ...}` as JSON; `{}` where there is none."""
    if pc.all(pc.match_substring_regex(timestamps, _NEEDS_NO_ESCAPE)).as_py() is not False:
        return pc.fill_null(pc.binary_join_element_wise('{"timestamp":"', timestamps, '"}', ""), "{}")
    found = ({} if value is None else {"timestamp": value} for value in timestamps.to_pylist())
    return pa.array([orjson.dumps(metadata, option=METADATA_OPTIONS).decode() for metadata in found])
