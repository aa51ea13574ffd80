"""Languages of a source weighed by temperature: natural at 1, lifted above, and the source's share stays what it was."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.mix.languages import solve_by_language
from stages.mix.mixture import Mix
from stages.mix.weights import Solution, solve

TOKENS = {"books": 1_000, "wikipedia:de": 900, "wikipedia:en": 8_100}


def drawn(temperature: float | None, **given: float) -> dict[str, float]:
    temperatures = {} if temperature is None else {"wikipedia": temperature}
    solution = solve_by_language(TOKENS, temperatures, lambda sources: solve(sources, epochs=given))
    return {name: float(tokens) for name, tokens in solution.tokens.items()}


def test_epochs_of_the_source_are_shared_by_temperature() -> None:
    assert drawn(None, wikipedia=2) == {"books": 1_000, "wikipedia:de": 1_800, "wikipedia:en": 16_200}
    assert drawn(2, wikipedia=2) == {"books": 1_000, "wikipedia:de": 4_500, "wikipedia:en": 13_500}
    assert drawn(math.inf, wikipedia=2) == {"books": 1_000, "wikipedia:de": 9_000, "wikipedia:en": 9_000}


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 10**12), min_size=2), st.floats(0.5, 20))
def test_the_source_is_drawn_as_without_languages(tokens: dict[str, int], temperature: float) -> None:
    available = {f"wikipedia:{language}": number for language, number in tokens.items()} | {"c4": 7}
    solution = solve_by_language(
        available,
        {"wikipedia": temperature},
        lambda sources: Solution({k: Fraction(v) for k, v in sources.items()}, ()),
    )
    assert solution.tokens.keys() == available.keys()
    assert sum(solution.tokens.values()) == sum(available.values())
    order = sorted(tokens, key=lambda language: tokens[language])
    shares = [solution.tokens[f"wikipedia:{language}"] for language in order]
    assert shares == sorted(shares)


def test_a_language_that_is_seen_too_often_is_a_warning() -> None:
    _, warnings = Mix(
        epochs={"wikipedia": 2}, language_temperature={"wikipedia": math.inf}, sequence_length=10
    ).mixture(TOKENS, "0" * 64)
    assert warnings == ("wikipedia:de is seen 10.1 times; repeats stop helping at about 4",)


def test_a_source_that_is_not_packed_by_language_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"books is not packed by language; tokenize with split_languages: \[books\]"
    ):
        solve_by_language(TOKENS, {"books": 2.0}, lambda sources: solve(sources))
