"""Labelled pages and a model's scores in, what the model is worth out: figures, baselines, slices, mistakes, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quality_classifier.baselines import baseline_values, perplexity_values
from quality_classifier.evaluate import (
    BOOTSTRAP_ROUNDS,
    Bools,
    Draws,
    Interval,
    Numbers,
    Scores,
    at_threshold,
    auc_difference,
    auc_interval,
    calibration,
    calibration_error,
    curve,
    draw_hosts,
    too_few_to_say,
)
from quality_classifier.selection import LENGTH_EDGES_CHARS

FIGURE_THRESHOLD = 0.5
MISTAKES, SNIPPET_CHARS, HOSTS_SHOWN = 5, 160, 10


@dataclass(frozen=True)
class HeldOut:
    """Labelled pages that a model has not seen: texts, classes, hosts, languages; one row each."""

    texts: pa.Array
    positive: Bools
    hosts: pa.Array
    languages: pa.Array
    perplexity: npt.NDArray[np.float64] | None = None
    """Of each text, where a language model is at hand: one more baseline."""

    @cached_property
    def host_numbers(self) -> Numbers:
        """A number for each page's host."""
        numbers: Numbers = self.hosts.dictionary_encode().indices.to_numpy().astype(np.int64)
        return numbers

    @cached_property
    def baselines(self) -> dict[str, Scores]:
        """The values that cost nothing, larger for positives: a baseline is turned to the side that flatters it."""
        found = baseline_values(self.texts, self.languages)
        if self.perplexity is not None:
            found["perplexity"] = self.perplexity
        return {
            name: values if _mean_of(values, self.positive) >= _mean_of(values, ~self.positive) else -values
            for name, values in found.items()
        }

    def filter(self, mask: Bools) -> HeldOut:
        """The pages of the mask."""
        kept = pa.array(mask)
        return HeldOut(
            self.texts.filter(kept),
            self.positive[mask],
            self.hosts.filter(kept),
            self.languages.filter(kept),
            None if self.perplexity is None else self.perplexity[mask],
        )

    def with_perplexity(self, folder: str) -> HeldOut:
        """The same pages with their perplexities under the models of a folder; texts of no known language are English."""
        found = perplexity_values(self.texts, self.languages, folder, "en")
        return replace(self, perplexity=found)


def _mean_of(values: Scores, mask: Bools) -> float:
    """The mean rank, which no outlier moves."""
    ranks = np.unique(values, return_inverse=True)[1][mask]
    return float(ranks.mean()) if len(ranks) else 0.0


@dataclass(frozen=True)
class Slice:
    """Figures of a part of the pages; no AUC where they are too few to say."""

    name: str
    pages: int
    hosts: int
    positives: int
    auc: Interval | None


@dataclass(frozen=True)
class Misjudged:
    """A page on whose wrong side the model is surest."""

    positive: bool
    score: float
    host: str
    snippet: str


@dataclass(frozen=True)
class Worth:
    """What a model is worth on held-out pages."""

    pages: int
    hosts: int
    positives: int
    too_few: str | None
    auc: Interval | None = None
    baselines: Mapping[str, Interval] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    at_half: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    calibration: tuple[Mapping[str, float], ...] = ()
    calibration_error: float | None = None
    slices: tuple[Slice, ...] = ()
    by_host: tuple[Mapping[str, Any], ...] = ()
    mistakes: tuple[Misjudged, ...] = ()

    def summary(self) -> str:
        """One line."""
        if self.auc is None:
            return str(self.too_few)
        name, best = max(self.baselines.items(), key=lambda one: one[1].value)
        return (
            f"AUC {self.auc} on {self.pages:,} held-out pages of {self.hosts:,} hosts; "
            f"best of what costs nothing: {name} {best}"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return asdict(self)


def worth_of(pages: HeldOut, scores: Scores, rounds: int = BOOTSTRAP_ROUNDS, seed: int = 0) -> Worth:
    """What scores on labelled pages say of their model; figures only where the pages are enough to say anything."""
    numbers = pages.host_numbers
    base = Worth(
        pages=len(scores),
        hosts=len(np.unique(numbers)),
        positives=int(pages.positive.sum()),
        too_few=too_few_to_say(pages.positive, numbers),
        mistakes=tuple(_mistakes(pages, scores)),
    )
    if base.too_few is not None:
        return base
    draws = draw_hosts(numbers, rounds, seed)
    baselines = {
        name: auc_interval(pages.positive, values, draws) for name, values in pages.baselines.items()
    }
    shown = dict(sorted(baselines.items(), key=lambda one: -one[1].value))
    return Worth(
        **{name: getattr(base, name) for name in ("pages", "hosts", "positives", "too_few", "mistakes")},
        auc=auc_interval(pages.positive, scores, draws),
        baselines=shown,
        warnings=tuple(_warnings(pages, scores, draws)),
        at_half=at_threshold(pages.positive, scores, FIGURE_THRESHOLD),
        curve=tuple(curve(pages.positive, scores)),
        calibration=tuple(calibration(pages.positive, scores)),
        calibration_error=round(calibration_error(pages.positive, scores), 4),
        slices=tuple(_slices(pages, scores, rounds, seed)),
        by_host=tuple(_by_host(pages, scores)),
    )


def _warnings(pages: HeldOut, scores: Scores, draws: Draws) -> Iterator[str]:
    """A line for each baseline that is better than the model, or may well be; the best one first."""
    leads = {
        name: auc_difference(pages.positive, scores, values, draws)
        for name, values in pages.baselines.items()
    }
    for name, lead in sorted(leads.items(), key=lambda one: one[1].value):
        if lead.value <= 0:
            yield f"{name}, which costs nothing, is better than the model: by {-lead.value:.3f} of AUC"
        elif lead.low <= 0:
            yield f"the model's lead over {name}, which costs nothing, may be chance: {lead} of AUC"


def _slices(pages: HeldOut, scores: Scores, rounds: int, seed: int) -> Iterator[Slice]:
    """By language, then by band of length."""
    languages = np.array(pages.languages.fill_null("unknown").to_pylist(), object)
    bands = np.searchsorted(
        np.array(LENGTH_EDGES_CHARS), pc.utf8_length(pages.texts).to_numpy(zero_copy_only=False), side="right"
    )
    masks = [(f"language {name}", languages == name) for name in sorted(set(languages))]
    edges = [0, *LENGTH_EDGES_CHARS]
    for number, low in enumerate(edges):
        high = f" to {edges[number + 1] - 1:,}" if number + 1 < len(edges) else " and more"
        masks.append((f"{low:,}{high} characters", bands == number))
    for name, mask in masks:
        if not mask.any():
            continue
        part = pages.filter(mask)
        auc = None
        if too_few_to_say(part.positive, part.host_numbers) is None:
            draws = draw_hosts(part.host_numbers, rounds, seed)
            auc = auc_interval(part.positive, scores[mask], draws)
        yield Slice(name, int(mask.sum()), len(np.unique(part.host_numbers)), int(part.positive.sum()), auc)


def _by_host(pages: HeldOut, scores: Scores) -> Iterator[dict[str, Any]]:
    """The hosts of most pages: their class, and how the model judges them."""
    numbers = pages.host_numbers
    counts = np.bincount(numbers)
    for number in np.argsort(-counts, kind="stable")[:HOSTS_SHOWN]:
        own = numbers == number
        yield {
            "host": pages.hosts[int(np.flatnonzero(own)[0])].as_py(),
            "pages": int(counts[number]),
            "positives": int(pages.positive[own].sum()),
            "mean_score": round(float(scores[own].mean()), 4),
        }


def _mistakes(pages: HeldOut, scores: Scores) -> Iterator[Misjudged]:
    """The negatives of the highest scores, then the positives of the lowest, one of a host."""
    for positive in (False, True):
        rows = np.flatnonzero(pages.positive == positive)
        seen: set[str] = set()
        for row in rows[np.argsort(scores[rows] if positive else -scores[rows], kind="stable")].tolist():
            host = pages.hosts[row].as_py()
            is_mistake = scores[row] < FIGURE_THRESHOLD if positive else scores[row] >= FIGURE_THRESHOLD
            if not is_mistake or len(seen) == MISTAKES:
                break
            if host not in seen:
                seen.add(host)
                snippet = " ".join(pages.texts[row].as_py()[: 2 * SNIPPET_CHARS].split())[:SNIPPET_CHARS]
                yield Misjudged(positive, round(float(scores[row]), 4), host, snippet)
