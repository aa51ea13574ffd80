"""Measurements of arms by seed in, means, their spread, and differences from the first arm that are more than noise out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.ablate.measure import ArmMeasured

T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t at 97.5% with 1, 2, ... degrees of freedom (any table of it); with more than these, about 2."""

_MANY = 2.2


@dataclass(frozen=True)
class Cell:
    """One figure of one arm: mean and standard deviation over the seeds, and how it differs from the first arm's.

    `margin` is half of the 95% interval of the mean difference between trainings of one seed; within it is noise.
    """

    arm: str
    mean: float
    deviation: float | None
    difference: float | None
    margin: float | None

    @property
    def is_noise(self) -> bool | None:
        """Whether the difference could be chance; None of the first arm, and of one seed."""
        if self.difference is None or self.margin is None:
            return None
        return abs(self.difference) <= self.margin


@dataclass(frozen=True)
class ArmComparison:
    """A figure of all arms: what it is, whether less is better, and by chance how much."""

    figure: str
    less_is_better: bool
    cells: tuple[Cell, ...]
    chance: float | None = None


def comparisons(arms: Sequence[str], found: Sequence[ArmMeasured]) -> list[ArmComparison]:
    """Bits a byte by source and over all of them, then accuracies by file, of the arms in order."""
    first = found[0]
    rows = [ArmComparison("bits/byte, mean of sources", True, _cells(arms, found, _mean_bits))]
    for source in first.bits_per_byte:
        rows.append(ArmComparison(f"bits/byte {source}", True, _cells(arms, found, _bits_of(source))))
    for name, one in first.scores.items():
        rows.append(
            ArmComparison(f"accuracy {name}", False, _cells(arms, found, _score_of(name)), one.chance)
        )
    return rows


def _mean_bits(one: ArmMeasured) -> float:
    return statistics.fmean(one.bits_per_byte.values())


def _bits_of(source: str) -> Callable[[ArmMeasured], float]:
    return lambda one: one.bits_per_byte[source]


def _score_of(name: str) -> Callable[[ArmMeasured], float]:
    return lambda one: one.scores[name].accuracy_by_byte


def _cells(
    arms: Sequence[str], found: Sequence[ArmMeasured], figure: Callable[[ArmMeasured], float]
) -> tuple[Cell, ...]:
    by_arm = {arm: {one.seed: figure(one) for one in found if one.arm == arm} for arm in arms}
    return tuple(_cell(arm, by_arm[arm], by_arm[arms[0]], arm == arms[0]) for arm in arms)


def _cell(arm: str, values: dict[int, float], first: dict[int, float], is_first: bool) -> Cell:
    deviation = statistics.stdev(values.values()) if len(values) > 1 else None
    if is_first:
        return Cell(arm, statistics.fmean(values.values()), deviation, None, None)
    differences = [values[seed] - first[seed] for seed in values]
    margin = None
    if len(differences) > 1:
        freedom = len(differences) - 1
        quantile = T_975[freedom - 1] if freedom <= len(T_975) else _MANY
        margin = quantile * statistics.stdev(differences) / math.sqrt(len(differences))
    return Cell(arm, statistics.fmean(values.values()), deviation, statistics.fmean(differences), margin)


def cell_text(cell: Cell) -> str:
    """A cell as text: mean ± spread, and the difference with what it is."""
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.4f}"
    if cell.difference is None:
        return f"{cell.mean:.4f}{spread}"
    noise = {None: "", True: " (noise)", False: ""}[cell.is_noise]
    return f"{cell.mean:.4f}{spread}  {cell.difference:+.4f}{noise}"


def table_rows(rows: Sequence[ArmComparison]) -> Iterator[tuple[str, ...]]:
    """Figure, chance and the cells of all arms as text."""
    for row in rows:
        chance = "" if row.chance is None else f"{row.chance:.3f}"
        yield (row.figure, chance, *(cell_text(cell) for cell in row.cells))
