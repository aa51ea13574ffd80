"""Two models' scores on the same labelled pages in, whether one is better out; and thresholds for a wish."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from quality_classifier.evaluate import (
    BOOTSTRAP_ROUNDS,
    Bools,
    Interval,
    Scores,
    auc_difference,
    auc_interval,
    draw_hosts,
    too_few_to_say,
)
from quality_classifier.worth import FIGURE_THRESHOLD, SNIPPET_CHARS, HeldOut
from stages.core.errors import UserError

DISAGREEMENTS = 5


@dataclass(frozen=True)
class Disagreement:
    """A page that two models judge most differently."""

    positive: bool
    one: float
    other: float
    host: str
    snippet: str


@dataclass(frozen=True)
class Comparison:
    """Two models on the same pages: AUCs, the first's lead, and the pages on which they differ most."""

    pages: int
    hosts: int
    too_few: str | None
    one: Interval | None
    other: Interval | None
    lead: Interval | None
    agree: float
    disagreements: tuple[Disagreement, ...]

    def verdict(self) -> str:
        """One line."""
        if self.lead is None:
            return str(self.too_few)
        if self.lead.low <= 0 <= self.lead.high:
            return f"no difference that is more than chance: {self.lead} of AUC"
        better = "the first" if self.lead.value > 0 else "the second"
        return f"{better} is better: {self.lead} of AUC"

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return asdict(self) | {"verdict": self.verdict()}


def compare_scores(
    pages: HeldOut, one: Scores, other: Scores, rounds: int = BOOTSTRAP_ROUNDS, seed: int = 0
) -> Comparison:
    """The two models on the same pages, and on the same draws of hosts."""
    numbers = pages.host_numbers
    too_few = too_few_to_say(pages.positive, numbers)
    found: list[Interval | None] = [None, None, None]
    if too_few is None:
        draws = draw_hosts(numbers, rounds, seed)
        found = [
            auc_interval(pages.positive, one, draws),
            auc_interval(pages.positive, other, draws),
            auc_difference(pages.positive, one, other, draws),
        ]
    farthest = np.argsort(-np.abs(np.asarray(one) - other), kind="stable")[:DISAGREEMENTS]
    return Comparison(
        pages=len(one),
        hosts=len(np.unique(numbers)),
        too_few=too_few,
        one=found[0],
        other=found[1],
        lead=found[2],
        agree=round(float(((one >= FIGURE_THRESHOLD) == (other >= FIGURE_THRESHOLD)).mean()), 4)
        if len(one)
        else 1.0,
        disagreements=tuple(
            Disagreement(
                bool(pages.positive[row]),
                round(float(one[row]), 4),
                round(float(other[row]), 4),
                pages.hosts[row].as_py(),
                " ".join(pages.texts[row].as_py()[: 2 * SNIPPET_CHARS].split())[:SNIPPET_CHARS],
            )
            for row in farthest.tolist()
        ),
    )


def threshold_to_keep(scores: Scores, share: float) -> float:
    """The threshold at which a rule that keeps scores of at least that keeps this share of them."""
    if not len(scores):
        raise UserError("no document to choose a threshold by")
    ranked = np.sort(np.asarray(scores))[::-1]
    return float(ranked[max(0, round(share * len(ranked)) - 1)])


def threshold_of_precision(positive: Bools, scores: Scores, precision: float) -> float:
    """The lowest threshold at which this share of the pages that pass is positive, as many of both classes as there are.

    A UserError where no threshold reaches it.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked, hits = np.asarray(scores)[order], np.cumsum(positive[order])
    last = np.append(ranked[1:] != ranked[:-1], True)
    good = last & (hits / np.arange(1, len(ranked) + 1) >= precision)
    if not good.any():
        best = max((hits[last] / (np.flatnonzero(last) + 1)).tolist(), default=0.0)
        raise UserError(f"no threshold reaches a precision of {precision}; the best one has {best:.3f}")
    return float(ranked[np.flatnonzero(good)[-1]])
