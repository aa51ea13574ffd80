"""What a rule of the filter says of a batch: value, threshold and verdict for every row, and the edit that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Edit:
    """New texts of the documents that pass, shape (rows,), and the value that the ledger says of each changed one."""

    rule: str
    text: pa.Array
    value: npt.NDArray[np.floating]
    detail: pa.Array | None = None


Side = Literal["at_least", "at_most"]
AT_LEAST: Side = "at_least"
AT_MOST: Side = "at_most"


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a batch; arrays have shape (rows,).

    `passed` bool; `value` float64 beside `threshold`, which is one for all rows or an array; `detail` says more of a
    row; `columns` are the document columns that the rule fills; `edit` is what it makes of the texts. `side` says how
    `value` and `threshold` decide; None where something else does. A row that the rule cannot judge passes, with no number
    (nan) as value and threshold; `unjudged` are such documents by language.
    """

    rule: str
    passed: npt.NDArray[np.bool_]
    value: npt.NDArray[np.floating]
    threshold: float | npt.NDArray[np.floating]
    detail: pa.Array | None = None
    columns: dict[str, pa.Array] = field(default_factory=dict)
    edit: Edit | None = None
    side: Side | None = None
    unjudged: Mapping[str, int] = field(default_factory=dict)


Judge = Callable[[pa.RecordBatch], list[Verdict]]


Threshold = float | npt.NDArray[np.floating]


def at_least(rule: str, value: npt.NDArray[np.floating], threshold: Threshold) -> Verdict:
    """The verdict that `value` reaches `threshold`."""
    return Verdict(rule, value >= threshold, value, threshold, side=AT_LEAST)


def at_most(rule: str, value: npt.NDArray[np.floating], threshold: Threshold) -> Verdict:
    """The verdict that `value` does not exceed `threshold`."""
    return Verdict(rule, value <= threshold, value, threshold, side=AT_MOST)


def rows_of(threshold: Threshold, rows: npt.NDArray[np.bool_]) -> Threshold:
    """The threshold, or the thresholds, of some rows."""
    return threshold[rows] if isinstance(threshold, np.ndarray) else threshold
