"""Tokens of sources, some of them packed by language, in; tokens to draw of every language out.

A source that is packed by language (`wikipedia:de`, `wikipedia:en`) is solved for as one source; what is drawn of it is
then shared out among its languages in proportion to tokens^(1/temperature) (Conneau et al. 2020, XLM-R, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from stages.core.documents import source_of
from stages.core.errors import UserError
from stages.mix.weights import Solution, many_epochs, temperature_weights


def solve_by_language(
    available: Mapping[str, int],
    temperatures: Mapping[str, float],
    solve_sources: Callable[[Mapping[str, int]], Solution],
) -> Solution:
    """Tokens to draw of each name of `available`; temperatures by source, 1 (natural shares) where none is given."""
    languages: dict[str, dict[str, int]] = {}
    for name, tokens in sorted(available.items()):
        languages.setdefault(source_of(name), {})[name] = tokens
    for source in temperatures:
        if len(languages.get(source, {})) < 2:
            raise UserError(
                f"language_temperature: {source} is not packed by language; tokenize with split_languages: [{source}]"
            )
    solution = solve_sources({source: sum(parts.values()) for source, parts in languages.items()})
    tokens_drawn: dict[str, Fraction] = {}
    warnings = list(solution.warnings)
    for source, parts in languages.items():
        if list(parts) == [source]:
            tokens_drawn[source] = solution.tokens[source]
            continue
        there = {name: tokens for name, tokens in parts.items() if tokens}
        shares = temperature_weights(there, temperatures.get(source, 1.0)) if there else {}
        drawn = {name: shares.get(name, Fraction(0)) * solution.tokens[source] for name in parts}
        warnings += [line for line in many_epochs(parts, drawn) if line not in warnings]
        tokens_drawn |= drawn
    return Solution(dict(sorted(tokens_drawn.items())), tuple(warnings))
