"""Means and differences of arms: what is told apart from noise, and what is not."""

from __future__ import annotations

import pytest

from pipeline.ablate.choices import Score
from pipeline.ablate.compare import Cell, comparisons, table_rows
from pipeline.ablate.measure import ArmMeasured


def measured(arm: str, seed: int, bits: float, right: float = 0.5) -> ArmMeasured:
    scores = {"quiz": Score(10, 0.0, right, 0.25)}
    return ArmMeasured(
        arm=arm,
        seed=seed,
        identity="x",
        tokens=100,
        loss=3.0,
        bits_per_byte={"c4": bits, "books": 2.0},
        scores=scores,
    )


def test_differences_by_seed_are_judged_by_their_spread() -> None:
    """0.1, 0.11 and 0.09 less are no chance, whatever the seeds do; 0.1 more, 0.1 less and none are."""
    found = [measured("a", seed, 1.0 + seed) for seed in (1, 2, 3)]
    found += [measured("b", seed, 1.0 + seed - less) for seed, less in ((1, 0.1), (2, 0.11), (3, 0.09))]
    found += [measured("c", seed, 1.0 + seed - less) for seed, less in ((1, 0.1), (2, -0.1), (3, 0.0))]
    rows = comparisons(["a", "b", "c"], found)
    assert [row.figure for row in rows] == [
        "bits/byte, mean of sources",
        "bits/byte c4",
        "bits/byte books",
        "accuracy quiz",
    ]
    first, second, third = rows[1].cells
    assert first == Cell("a", 3.0, 1.0, None, None)
    assert first.is_noise is None
    assert second.difference == pytest.approx(-0.1)
    assert second.margin == pytest.approx(4.303 * 0.01 / 3**0.5)
    assert (second.is_noise, third.is_noise) == (False, True)
    assert [row[:3] for row in table_rows(rows[1:2])] == [("bits/byte c4", "", "3.0000 ± 1.0000")]
    assert next(iter(table_rows(rows[1:2])))[4] == "3.0000 ± 1.0536  +0.0000 (noise)"
    assert (rows[3].chance, rows[3].less_is_better) == (0.25, False)


def test_of_one_seed_nothing_is_said_of_noise() -> None:
    rows = comparisons(["a", "b"], [measured("a", 1, 1.0), measured("b", 1, 0.5)])
    cell = rows[1].cells[1]
    assert (cell.deviation, cell.difference, cell.margin, cell.is_noise) == (None, -0.5, None, None)
    assert next(iter(table_rows(rows[1:2])))[3] == "0.5000  -0.5000"
