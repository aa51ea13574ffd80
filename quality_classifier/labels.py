"""Selected pages of a training, or a file of anyone's labels, in, labelled pages with their hosts out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quality_classifier.dataset import hosts_of
from quality_classifier.worth import HeldOut
from stages.core import storage
from stages.core.errors import UserError
from stages.kernels.fasttext.vocabulary import LABEL_MARK
from stages.models.fasttext.reference import NEGATIVE, POSITIVE

_YES = {"1", "true", "yes", "good", "positive", "keep", "cited", "hq", POSITIVE}
_NO = {"0", "false", "no", "bad", "negative", "drop", "uncited", "lq", "cc", NEGATIVE}
LABEL_COLUMNS = ("label", "positive", "quality_label")
_READERS = {".parquet": "read_parquet", ".csv": "read_csv_auto", ".tsv": "read_csv_auto"}


def held_out_of(pages: pa.Table, label: str) -> HeldOut:
    """Pages of a training (`SELECTED_SCHEMA`) as held-out ones, those of a label against all others."""
    table = pages.combine_chunks()
    columns = {name: pa.chunked_array(table.column(name)).combine_chunks() for name in _COLUMNS}
    positive = pc.equal(columns["label"], label).to_numpy(zero_copy_only=False)
    return HeldOut(columns["text"], positive, columns["host"], columns["language"])


_COLUMNS = ("text", "label", "host", "language")


def measured_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels whose figures say what a model is worth: each against all others, of two only one, the good one."""
    if len(labels) > 2:
        return tuple(sorted(labels))
    return (POSITIVE,) if POSITIVE in labels else tuple(sorted(labels)[:1])


def read_labels(place: str, label: str = POSITIVE, others: Sequence[str] = ()) -> HeldOut:
    """Labelled pages of a local Parquet, JSON lines, CSV or TSV file: `text`, `label`; `host` or `url`, `language` if known.

    Positives are those of `label`; `others` are a model's other labels. Or a label is true or false, 1 or 0, `reference` or
    `random`, and the like. A row without host and url is a host of its own.
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
    column = next((name for name in LABEL_COLUMNS if name in found.column_names), None)
    if column is None or "text" not in found.column_names:
        raise UserError(
            f"{place}: labels need the columns text and label (and host or url); it has {', '.join(found.column_names)}"
        )
    rows = [str(number) for number in range(found.num_rows)]
    positive = np.array(
        [
            _is_positive(value, label, others, f"{place}, row {row}")
            for row, value in enumerate(found.column(column).to_pylist(), 1)
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


def _is_positive(value: Any, label: str, others: Sequence[str], place: str) -> bool:
    text = _as_label(value)
    if text in (label, *others):
        return text == label
    if (yes := _yes_or_no(text)) is not None:
        return yes
    known = f", nor a label of the model ({', '.join(sorted([label, *others])[:5])})" if others else ""
    raise UserError(
        f"{place}: the label {str(value)[:40]!r} is neither yes nor no{known}; write 1 or 0, true or false"
    )


def _as_label(value: Any) -> str:
    return str(value).strip().removeprefix(LABEL_MARK.decode()).removesuffix(".0")


def _yes_or_no(text: str) -> bool | None:
    lowered = text.lower()
    return lowered in _YES if lowered in _YES or lowered in _NO else None


def label_name(value: Any, good: float | None, place: str) -> str:
    """The class that a label of a table says: `reference` or `random` of yes and no, or of a number by the least `good` one;
    else its own name, in which spaces are `_`. A UserError for no label, and for numbers without `good`."""
    text = "" if value is None else _as_label(value)
    if not text:
        raise UserError(f"{place}: has no label; give each row one")
    if good is not None:
        try:
            return POSITIVE if float(text) >= good else NEGATIVE
        except ValueError:
            raise UserError(f"{place}: the label {text[:40]!r} is no number; leave out `good`") from None
    if (yes := _yes_or_no(text)) is not None:
        return POSITIVE if yes else NEGATIVE
    if _NUMBER.fullmatch(text):
        raise UserError(
            f"{place}: the label {text[:40]} is a number that is neither 0 nor 1; say `good`, the least of good pages"
        )
    return "_".join(text.split())


_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)
