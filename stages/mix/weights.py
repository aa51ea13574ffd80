"""Tokens available per source and weights, epochs or a budget in, tokens to draw out: a pure solver.

`solve` fills in what is left open:

- a source with a weight gets that share of the budget, a source with epochs that many passes over its tokens;
- sources with neither share what is left of the budget in proportion to tokens^(1/temperature);
- without a budget: weights alone give the largest at which no source passes `max_epochs`; otherwise the
  sources with neither weight nor epochs are seen once, and the budget is what that adds up to;
- weights without epochs must sum to 1; a source that they do not name is left out, with a warning.

All arithmetic is on exact fractions, so the same config gives the same sequences everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from stages.core.errors import UserError

MANY_EPOCHS = 4.0
"""Repeats stop helping at about this many (Muennighoff et al. 2023); more is a warning."""

TOLERANCE = Fraction(1, 1000)
"""By how much weights may miss a sum of 1, and a budget what it must equal: tables print three digits."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
_TOKENS = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]\+?([0-9]{1,2}))? ?([KMBGT]?)", re.IGNORECASE)


def parse_tokens(value: str | int | float) -> int:
    """A number of tokens: 1400000000000, "1.4T", "300B", "5e9", "1_000"."""
    match = _TOKENS.fullmatch(str(value).strip().replace("_", "").replace(",", ""))
    if match is None:
        raise UserError(f"{value!r} is no number of tokens; write one like 1.4T, 300B, 50M or 1000000")
    number = Fraction(match[1]) * 10 ** int(match[2] or 0) * _UNITS[match[3].upper()]
    if number < 1:
        raise UserError(f"{value!r} is less than one token")
    return int(number)


@dataclass(frozen=True)
class Solution:
    """Tokens to draw per source (exact), and what the user should know."""

    tokens: dict[str, Fraction]
    warnings: tuple[str, ...]

    @property
    def total(self) -> Fraction:
        """Tokens to draw in all."""
        return sum(self.tokens.values(), Fraction(0))

    def weights(self) -> dict[str, float]:
        """Each source's share."""
        return {source: float(tokens / self.total) for source, tokens in self.tokens.items()}


def sum_of(shares: Mapping[str, float | Fraction] | Mapping[str, float]) -> Fraction:
    """Their exact sum."""
    return sum(map(_exact, shares.values()), Fraction(0))


def solve(
    available: Mapping[str, int],
    weights: Mapping[str, float | Fraction] | None = None,
    epochs: Mapping[str, float | Fraction] | None = None,
    budget: int | None = None,
    max_epochs: float = MANY_EPOCHS,
    temperature: float = 1.0,
) -> Solution:
    """Tokens to draw of each source of `available` (tokens); a UserError says why it cannot be."""
    weights, epochs = weights or {}, epochs or {}
    _check_given(available, weights, epochs, budget)
    shares = {source: _exact(weight) for source, weight in weights.items()}
    tokens = {source: _exact(number) * available[source] for source, number in epochs.items()}
    warnings = []
    if shares and not any(epochs.values()):
        total_share = sum(shares.values(), Fraction(0))
        if abs(total_share - 1) > TOLERANCE:
            raise UserError(f"weights sum to {float(total_share):.4g} and not to 1; mend one of them")
        shares = {source: share / total_share for source, share in shares.items()}
        rest = []
        for source in sorted(available.keys() - shares.keys() - tokens.keys()):
            warnings.append(f"{source} has no weight and is left out ({available[source]} tokens)")
    else:
        rest = sorted(s for s in available.keys() - shares.keys() - tokens.keys() if available[s])
    total = _total(available, shares, tokens, rest, budget, max_epochs)
    tokens |= {source: share * total for source, share in shares.items()}
    tokens |= _share_rest(available, rest, total - sum(tokens.values()), temperature)
    solved = {source: tokens.get(source, Fraction(0)) for source in sorted(available)}
    return Solution(solved, (*warnings, *many_epochs(available, solved)))


def _check_given(
    available: Mapping[str, int],
    weights: Mapping[str, float | Fraction],
    epochs: Mapping[str, float | Fraction],
    budget: int | None,
) -> None:
    if not any(available.values()):
        raise UserError("no source has tokens to mix")
    if budget is not None and budget < 1:
        raise UserError(f"budget {budget} must be at least one token")
    for name, given in (("weights", weights), ("epochs", epochs)):
        for source, value in given.items():
            if not (math.isfinite(value) and value >= 0):
                raise UserError(f"{name}: {source}: {value} must be a number of at least 0")
            if source not in available:
                there = ", ".join(sorted(available))
                raise UserError(f"{name}: {source}: there are no tokens of this source; there are {there}")
            if value > 0 and available[source] == 0:
                raise UserError(
                    f"{name}: {source}: the source is empty (not one whole sequence); leave it out"
                )
    if both := sorted(weights.keys() & epochs.keys()):
        raise UserError(f"{both[0]} has a weight and epochs; give one of the two")


def _total(
    available: Mapping[str, int],
    shares: Mapping[str, Fraction],
    fixed: Mapping[str, Fraction],
    rest: Sequence[str],
    budget: int | None,
    max_epochs: float,
) -> Fraction:
    """The budget, given or found, checked against what the weights and epochs ask for."""
    share = sum(shares.values(), Fraction(0))
    needed = sum(fixed.values(), Fraction(0))
    if share > 1 or (share == 1 and needed):
        raise UserError(
            f"weights sum to {float(share):.4g}, which leaves nothing for the sources with epochs"
        )
    if budget is None:
        if shares and share == 1:
            limits = [available[source] / weight for source, weight in shares.items() if weight]
            return _exact(max_epochs) * min(limits)
        total = (needed + sum(available[source] for source in rest)) / (1 - share)
    elif rest:
        total = Fraction(budget)
        if needed > total * (1 - share):
            raise UserError(
                f"budget {readable(total)} is smaller than what is fixed: epochs ask for {readable(needed)}"
                + (f" and weights for {readable(share * total)}" if share else "")
                + "; raise the budget or lower the epochs"
            )
    elif needed:
        total = needed / (1 - share)
        if abs(budget - total) > TOLERANCE * total:
            raise UserError(
                f"budget {readable(Fraction(budget))} contradicts the epochs of all sources,"
                f" which make {readable(total)}; leave out the budget, or the epochs of one source"
            )
    else:
        total = Fraction(budget)
    if total == 0 or not (share or needed or rest):
        raise UserError("the mixture draws no tokens; give a source epochs or a weight above 0")
    return total


def _share_rest(
    available: Mapping[str, int], rest: Sequence[str], tokens: Fraction, temperature: float
) -> dict[str, Fraction]:
    if not rest:
        return {}
    shares = temperature_weights({source: available[source] for source in rest}, temperature)
    return {source: tokens * share for source, share in shares.items()}


def temperature_weights(tokens: Mapping[str, int], temperature: float) -> dict[str, Fraction]:
    """Shares in proportion to tokens^(1/temperature): 1 keeps natural shares, more lifts the small sources.

    The usual way to weigh languages; infinity makes all equal.
    """
    if not temperature > 0:
        raise UserError(f"temperature {temperature} must be above 0")
    if temperature == 1:
        powers = {source: Fraction(number) for source, number in tokens.items()}
    else:
        largest = max(tokens.values())
        powers = {s: Fraction((number / largest) ** (1 / temperature)) for s, number in tokens.items()}
    total = sum(powers.values(), Fraction(0))
    return {source: power / total for source, power in powers.items()}


def many_epochs(available: Mapping[str, int], tokens: Mapping[str, Fraction]) -> list[str]:
    """A warning for every source that is seen more than MANY_EPOCHS times."""
    seen = {source: float(tokens[source] / available[source]) for source in tokens if available[source]}
    return [
        f"{source} is seen {epochs:.3g} times; repeats stop helping at about {MANY_EPOCHS:g}"
        for source, epochs in seen.items()
        if epochs > MANY_EPOCHS
    ]


def _exact(value: float | Fraction) -> Fraction:
    """The decimal that the user wrote: 0.67 is 67/100 and not the nearest binary fraction."""
    return Fraction(str(value))


def readable(tokens: Fraction) -> str:
    """A number of tokens as a person writes it: 1.4T."""
    for unit in ("T", "B", "M", "K"):
        if tokens >= _UNITS[unit]:
            return f"{float(tokens / _UNITS[unit]):.4g}{unit}"
    return f"{float(tokens):.4g}"


def whole_sequences(tokens: Mapping[str, Fraction], per_sequence: Mapping[str, Fraction]) -> dict[str, int]:
    """Sequences to draw: the total rounded down, each source within one of its exact number.

    `per_sequence` is how many tokens a sequence of the source holds, on average.
    """
    exact = {source: number / per_sequence[source] if number else number for source, number in tokens.items()}
    total = math.floor(sum(exact.values(), Fraction(0)))
    whole = {source: math.floor(number) for source, number in exact.items()}
    by_remainder = sorted(exact, key=lambda source: (whole[source] - exact[source], source))
    for source in by_remainder[: total - sum(whole.values())]:
        whole[source] += 1
    return whole
