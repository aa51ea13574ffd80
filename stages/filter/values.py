"""Verdicts in, named columns of numbers out: what `annotate_only` writes of every document, and `inspect filter` reads.

A value has the column `<rule>`; the threshold that it was held against `<rule>:at_least` or `<rule>:at_most`, a row for
each document, as it may differ by source or language. Where no threshold decides, `<rule>:passed` is 1 or 0.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from stages.filter.verdict import Side, Verdict

PASSED = "passed"


def column_of(rule: str, part: Side | str) -> str:
    """Name of a rule's column of thresholds, or of `passed`."""
    return f"{rule}:{part}"


def measures(verdicts: Iterable[Verdict]) -> dict[str, npt.NDArray[np.float64]]:
    """The columns of all verdicts on a batch, in their order; two verdicts on one value share its column."""
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for verdict in verdicts:
        columns.setdefault(verdict.rule, verdict.value.astype(np.float64))
        if verdict.side is None:
            columns[column_of(verdict.rule, PASSED)] = verdict.passed.astype(np.float64)
        else:
            thresholds = np.broadcast_to(np.asarray(verdict.threshold, np.float64), verdict.passed.shape)
            columns[column_of(verdict.rule, verdict.side)] = thresholds
        if verdict.edit is not None and verdict.edit.rule != verdict.rule:
            columns.setdefault(verdict.edit.rule, verdict.edit.value.astype(np.float64))
    return columns
