"""Phases of a training in, each with weights of its own, tokens to draw in each out (Llama 3, section 3.4.3).

Phases share one budget and one count of epochs: a source that the first phase has seen once goes on in the second with
its second epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pydantic import Field, field_validator

from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.mix.weights import Solution, parse_tokens, sum_of

SolveWeights = Callable[[Mapping[str, Fraction], int | None], tuple[Solution, list[str]]]
"""Weights and a budget in, tokens to draw and what was passed over out."""


class Phase(Record):
    """A stretch of the training and its weights; the last one ends with it."""

    until: str | None = Field(
        None, description="where it ends, such as 90% of the tokens, or 1.2T where there is a budget"
    )
    weights: dict[str, float] = Field(description="share of the phase by source or group, summing to 1")

    @field_validator("weights")
    @classmethod
    def _are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        for source, share in weights.items():
            if not math.isfinite(share) or share < 0:
                raise ValueError(f"{source}: {share} must be a number of at least 0")
        if not any(weights.values()):
            raise ValueError("names no source with a weight above 0")
        return weights


@dataclass(frozen=True)
class PhasedSolution:
    """Tokens to draw in all and in each phase, and what was passed over."""

    whole: Solution
    phases: tuple[Solution, ...]
    passed_over: list[str]


def solve_phases(phases: Sequence[Phase], budget: int | None, solve: SolveWeights) -> PhasedSolution:
    """Each phase solved for its part of the budget, or of the most tokens at which no source passes its epochs."""
    ends = phase_ends(phases, budget)
    whole, passed_over = solve(_blended(phases, ends), budget)
    borders = [math.floor(whole.total * end) for end in (Fraction(0), *ends)]
    solutions = []
    for number, phase in enumerate(phases):
        tokens = borders[number + 1] - borders[number]
        weights = {source: Fraction(str(weight)) for source, weight in phase.weights.items()}
        try:
            solution, passed = solve(weights, tokens)
        except UserError as error:
            raise UserError(f"phases, the {number + 1}. of {len(phases)}: {error}") from error
        solutions.append(solution)
        passed_over += [line for line in passed if line not in passed_over]
    return PhasedSolution(whole, tuple(solutions), passed_over)


def phase_ends(phases: Sequence[Phase], budget: int | None) -> list[Fraction]:
    """Where each phase ends, as a share of all tokens; the last at 1."""
    ends = []
    for number, phase in enumerate(phases, 1):
        place = f"phases, the {number}. of {len(phases)}"
        if number == len(phases):
            if phase.until is not None and _end(phase.until, budget, place) != 1:
                raise UserError(f"{place}: ends at {phase.until}; the last phase has no `until`, or 100%")
            ends.append(Fraction(1))
            continue
        if phase.until is None:
            raise UserError(f"{place}: needs `until`, such as 90%; only the last ends with the training")
        end = _end(phase.until, budget, place)
        if not (ends[-1] if ends else 0) < end < 1:
            raise UserError(f"{place}: until {phase.until} must lie between the phase before and the end")
        ends.append(end)
    return ends


def _end(until: str, budget: int | None, place: str) -> Fraction:
    if until.strip().endswith("%"):
        try:
            return Fraction(until.strip().removesuffix("%")) / 100
        except (ValueError, ZeroDivisionError) as error:
            raise UserError(f"{place}: until {until!r} is no percentage; write one like 90%") from error
    if budget is None:
        raise UserError(f"{place}: until {until} is a number of tokens; give a budget, or write it like 90%")
    return Fraction(parse_tokens(until), budget)


def _blended(phases: Sequence[Phase], ends: Sequence[Fraction]) -> dict[str, Fraction]:
    """Each source's share of the whole training."""
    blended: dict[str, Fraction] = {}
    start = Fraction(0)
    for phase, end in zip(phases, ends, strict=True):
        total = sum_of(phase.weights)
        for source, weight in phase.weights.items():
            share = Fraction(str(weight)) / total * (end - start)
            blended[source] = blended.get(source, Fraction(0)) + share
        start = end
    return blended
