"""Selected pages of a training, or a file of anyone's labels, in, labelled pages with their hosts out."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quality_classifier.dataset import hosts_of
from quality_classifier.worth import HeldOut
from stages.core import storage
from stages.core.errors import UserError
from stages.models.fasttext.reference import NEGATIVE, POSITIVE

_YES = {"1", "true", "yes", "good", "positive", "keep", "cited", "hq", POSITIVE}
_NO = {"0", "false", "no", "bad", "negative", "drop", "uncited", "lq", "cc", NEGATIVE}
_LABELS = ("label", "positive", "quality_label")
_READERS = {".parquet": "read_parquet", ".csv": "read_csv_auto", ".tsv": "read_csv_auto"}


def held_out_of(pages: pa.Table) -> HeldOut:
    """Pages of a training (`SELECTED_SCHEMA`) as held-out ones."""
    table = pages.combine_chunks()
    columns = {name: pa.chunked_array(table.column(name)).combine_chunks() for name in _COLUMNS}
    positive = columns["positive"].to_numpy(zero_copy_only=False).astype(bool)
    return HeldOut(columns["text"], positive, columns["host"], columns["language"])


_COLUMNS = ("text", "positive", "host", "language")


def read_labels(place: str) -> HeldOut:
    """Labelled pages of a local Parquet, JSON lines, CSV or TSV file: `text`, `label`; `host` or `url`, `language` if known.

    A label is true or false, 1 or 0, `reference` or `random`, and the like. A row without host and url is a host of its own.
    """
    if not storage.exists(place):
        raise UserError(f"{place}: no such file of labels")
    name = place.removesuffix(".gz").removesuffix(".zst").lower()
    reader = next((of for suffix, of in _READERS.items() if name.endswith(suffix)), "read_json_auto")
    try:
        with duckdb.connect() as connection:
            found = connection.sql(f"SELECT * FROM {reader}(?)", params=[place]).to_arrow_table()
    except duckdb.IOException as error:  # the machine's, not the file's
        raise OSError(f"{place}: {error}") from error
    except duckdb.Error as error:
        raise UserError(f"{place}: cannot be read as labels ({str(error).splitlines()[0]})") from error
    label = next((name for name in _LABELS if name in found.column_names), None)
    if label is None or "text" not in found.column_names:
        raise UserError(
            f"{place}: labels need the columns text and label (and host or url); it has {', '.join(found.column_names)}"
        )
    rows = [str(number) for number in range(found.num_rows)]
    positive = np.array(
        [
            _is_positive(value, f"{place}, row {row}")
            for row, value in enumerate(found.column(label).to_pylist(), 1)
        ],
        np.bool_,
    )
    text = _column(found, "text").fill_null("").cast(pa.large_string())
    hosts = pc.coalesce(_column(found, "host"), hosts_of(_column(found, "url"), pa.array(rows)))
    return HeldOut(text, positive, hosts, _column(found, "language"))


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(name).cast(pa.string()).combine_chunks()


def _is_positive(value: Any, place: str) -> bool:
    text = str(value).strip().lower().removeprefix("__label__").removesuffix(".0")
    if text in _YES or text in _NO:
        return text in _YES
    raise UserError(
        f"{place}: the label {str(value)[:40]!r} is neither yes nor no; write 1 or 0, true or false"
    )
