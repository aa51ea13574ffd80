"""Labels, scores and hosts of held-out pages in, the figures that say what a classifier is worth out.

Pages of one host are alike, so intervals draw hosts and not pages (the cluster bootstrap: Cameron, Gelbach and Miller 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MIN_PAGES, MIN_HOSTS = 200, 30
MIN_CLASS_HOSTS = 10
"""Held-out pages and hosts below which no AUC is told: chance alone moves it by a tenth there."""

BOOTSTRAP_ROUNDS = 1_000
INTERVAL = (2.5, 97.5)
DRAWN_VALUES = 4_000_000
CURVE_RECALLS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
CALIBRATION_BINS = 10

Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]


def roc_auc(positive: Bools, scores: Scores) -> float:
    """Probability that a positive scores above a negative, ties counted half (the rank-sum form); nan without both."""
    return float(_Ranked(positive, scores).auc(np.ones(len(positive)))[0])


@dataclass(frozen=True)
class Interval:
    """A figure, and the bounds between which it lies in 95 of 100 draws of hosts."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


class _Ranked:
    """Pages sorted by score once, for AUCs under many weights."""

    def __init__(self, positive: Bools, scores: Scores) -> None:
        self._order = np.argsort(scores, kind="stable")
        ranked = np.asarray(scores)[self._order]
        self._positive = np.asarray(positive, bool)[self._order]
        self._starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])[: len(ranked)])

    def auc(self, weights: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
        """The AUC under each row of `weights`, shape (..., pages); nan where a class has no weight."""
        drawn = np.atleast_2d(weights)[:, self._order]
        if not len(self._starts):
            return np.full(len(drawn), np.nan)
        positive = np.add.reduceat(drawn * self._positive, self._starts, axis=1)
        negative = np.add.reduceat(drawn * ~self._positive, self._starts, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: npt.NDArray[np.float64] = (positive * below).sum(axis=1) / pairs
        return found

    def drawn(self, draws: Draws) -> npt.NDArray[np.float64]:
        """The AUC in each draw, shape (rounds,); a few draws at a time, so that memory is bounded."""
        at_once = max(1, DRAWN_VALUES // max(1, len(draws.hosts)))
        parts = [draws.times[at : at + at_once] for at in range(0, len(draws.times), at_once)]
        return np.concatenate([self.auc(part[:, draws.hosts]) for part in parts])


@dataclass(frozen=True)
class Draws:
    """How often each host counts in each draw, shape (rounds, hosts), and the number of each page's host."""

    times: Numbers
    hosts: Numbers


def draw_hosts(hosts: Numbers, rounds: int, seed: int) -> Draws:
    """Draws of as many hosts as there are, with replacement; hosts are numbers from 0 on."""
    count = int(hosts.max(initial=-1)) + 1
    drawn = np.random.default_rng(seed).integers(0, max(1, count), (rounds, count))
    return Draws(np.stack([np.bincount(row, minlength=count) for row in drawn]), hosts)


def auc_interval(positive: Bools, scores: Scores, draws: Draws) -> Interval:
    """The AUC and its interval over draws of hosts."""
    ranked = _Ranked(positive, scores)
    return _interval(roc_auc(positive, scores), ranked.drawn(draws))


def auc_difference(positive: Bools, one: Scores, other: Scores, draws: Draws) -> Interval:
    """By how much the AUC of `one` is above that of `other`, both on the same draws."""
    first, second = _Ranked(positive, one), _Ranked(positive, other)
    lead = roc_auc(positive, one) - roc_auc(positive, other)
    return _interval(lead, first.drawn(draws) - second.drawn(draws))


def _interval(value: float, drawn: npt.NDArray[np.float64]) -> Interval:
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.percentile(drawn, INTERVAL) if len(drawn) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def at_threshold(positive: Bools, scores: Scores, threshold: float) -> dict[str, float]:
    """Precision, recall, F1, accuracy and the share kept at a threshold."""
    kept = np.asarray(scores) >= threshold
    hits = int((kept & positive).sum())
    precision, recall = hits / max(1, int(kept.sum())), hits / max(1, int(positive.sum()))
    return {
        "threshold": float(threshold),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-12, precision + recall), 4),
        "accuracy": round(float((kept == positive).mean()), 4) if len(positive) else 0.0,
        "kept": round(float(kept.mean()), 4) if len(positive) else 0.0,
    }


def curve(positive: Bools, scores: Scores) -> list[dict[str, float]]:
    """`at_threshold` at the highest threshold that reaches each of CURVE_RECALLS."""
    own = np.sort(np.asarray(scores)[positive])[::-1]
    if not len(own):
        return []
    places = [int(np.ceil(recall * len(own))) - 1 for recall in CURVE_RECALLS]
    return [at_threshold(positive, scores, float(own[max(0, place)])) for place in places]


def calibration(positive: Bools, scores: Scores) -> list[dict[str, float]]:
    """Pages, mean score and share of positives by bins of equal width; empty bins are left out."""
    bins = np.minimum((np.asarray(scores) * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return [
        {
            "from": number / CALIBRATION_BINS,
            "pages": int((bins == number).sum()),
            "mean_score": round(float(np.mean(scores[bins == number])), 4),
            "positive": round(float(np.mean(positive[bins == number])), 4),
        }
        for number in np.unique(np.clip(bins, 0, None)).tolist()
    ]


def calibration_error(positive: Bools, scores: Scores) -> float:
    """Mean distance of score and share of positives over the bins, weighted by pages (the expected calibration error)."""
    rows = calibration(positive, scores)
    pages = max(1, sum(int(row["pages"]) for row in rows))
    return sum(row["pages"] * abs(row["mean_score"] - row["positive"]) for row in rows) / pages


def too_few_to_say(positive: Bools, hosts: Numbers) -> str | None:
    """Why figures of these pages would say nothing; None when they do."""
    classes = [len(np.unique(hosts[positive == of_class])) for of_class in (True, False)]
    num_hosts = len(np.unique(hosts))
    if len(positive) >= MIN_PAGES and num_hosts >= MIN_HOSTS and min(classes) >= MIN_CLASS_HOSTS:
        return None
    return (
        f"too few to say: {len(positive):,} held-out pages of {num_hosts:,} hosts ({classes[0]:,} of good ones); "
        f"figures need {MIN_PAGES} pages of {MIN_HOSTS} hosts, and {MIN_CLASS_HOSTS} of each class"
    )
