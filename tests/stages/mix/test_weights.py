"""The solver: table 1 of the paper both ways, every way to leave something open, every refusal."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.mix.weights import parse_tokens, readable, solve, temperature_weights, whole_sequences

B = 10**9
TABLE_1 = {  # share, epochs: LLaMA's table 1
    "common_crawl": (0.67, 1.10),
    "c4": (0.15, 1.06),
    "github": (0.045, 0.64),
    "wikipedia": (0.045, 2.45),
    "books": (0.045, 2.23),
    "arxiv": (0.025, 1.06),
    "stackexchange": (0.02, 1.03),
}
SHARES = {source: row[0] for source, row in TABLE_1.items()}
REPRODUCTION = {
    "common_crawl": 878 * B,
    "c4": 175 * B,
    "github": 59 * B,
    "wikipedia": 24 * B,
    "books": 26 * B,
    "arxiv": 28 * B,
    "stackexchange": 20 * B,
}
AVAILABLE = {"wikipedia": 20, "books": 30, "c4": 100, "github": 50}


def rounded(tokens: dict[str, Fraction]) -> dict[str, float]:
    return {source: round(float(number), 6) for source, number in tokens.items()}


def test_table_1_from_shares_to_epochs() -> None:
    """What the paper's own tokens must have been, and its shares at 1.4T, give its epochs."""
    available = {s: round(share * 1400 * B / epochs) for s, (share, epochs) in TABLE_1.items()}
    solution = solve(available, weights=SHARES, budget=1400 * B)
    epochs = {source: round(float(solution.tokens[source] / available[source]), 2) for source in TABLE_1}
    assert epochs == {source: row[1] for source, row in TABLE_1.items()}
    assert solution.warnings == ()


def test_table_1_from_epochs_to_shares() -> None:
    available = {s: round(share * 1400 * B / epochs) for s, (share, epochs) in TABLE_1.items()}
    solution = solve(available, epochs={source: row[1] for source, row in TABLE_1.items()})
    assert {source: round(weight, 4) for source, weight in solution.weights().items()} == SHARES
    assert readable(solution.total) == "1.4T"


def test_table_1_with_the_reproductions_tokens_both_ways() -> None:
    solution = solve(REPRODUCTION, weights=SHARES, budget=parse_tokens("1.4T"))
    epochs = {s: float(solution.tokens[s] / REPRODUCTION[s]) for s in REPRODUCTION}
    assert {source: round(number, 2) for source, number in epochs.items()} == {
        "common_crawl": 1.07,
        "c4": 1.2,
        "github": 1.07,
        "wikipedia": 2.62,
        "books": 2.42,
        "arxiv": 1.25,
        "stackexchange": 1.4,
    }
    back = solve(REPRODUCTION, epochs=epochs)
    assert {source: round(weight, 6) for source, weight in back.weights().items()} == SHARES


def test_two_epochs_of_wikipedia_and_books_at_a_budget_give_shares() -> None:
    """`--epochs wikipedia=2 books=2 --budget 1.4T`: the others share the rest by their tokens."""
    solution = solve(REPRODUCTION, epochs={"wikipedia": 2, "books": 2}, budget=1400 * B)
    assert solution.tokens["wikipedia"] == 48 * B
    assert solution.tokens["books"] == 52 * B
    assert solution.tokens["common_crawl"] == Fraction(1300 * B * 878, 1160)
    assert solution.total == 1400 * B


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ({}, {"wikipedia": 20, "books": 30, "c4": 100, "github": 50}),
        ({"budget": 100}, {"wikipedia": 10, "books": 15, "c4": 50, "github": 25}),
        ({"epochs": {"wikipedia": 2}}, {"wikipedia": 40, "books": 30, "c4": 100, "github": 50}),
        ({"epochs": {"github": 0}}, {"wikipedia": 20, "books": 30, "c4": 100, "github": 0}),
        (
            {"epochs": {"wikipedia": 2, "books": 2}, "budget": 400},
            {"wikipedia": 40, "books": 60, "c4": 200, "github": 100},
        ),
        (
            {"weights": {"wikipedia": 0.5}, "epochs": {"books": 2}},
            {"wikipedia": 210, "books": 60, "c4": 100, "github": 50},
        ),
        (
            {"weights": {"c4": 0.5}, "epochs": {"books": 1}, "budget": 200},
            {"c4": 100, "books": 30, "wikipedia": 20, "github": 50},
        ),
        (
            {"weights": {"wikipedia": 0.5, "c4": 0.5}, "epochs": {"books": 0}, "budget": 10},
            {"wikipedia": 5, "c4": 5, "books": 0, "github": 0},
        ),
    ],
)
def test_what_is_left_open_is_filled_in(given: dict[str, object], tokens: dict[str, int]) -> None:
    assert rounded(solve(AVAILABLE, **given).tokens) == tokens  # type: ignore[arg-type]


def test_weights_alone_give_the_largest_budget_below_max_epochs() -> None:
    weights = {"wikipedia": 0.5, "c4": 0.5}
    assert rounded(solve(AVAILABLE, weights=weights).tokens) == {
        "wikipedia": 80,
        "c4": 80,
        "books": 0,
        "github": 0,
    }
    assert solve(AVAILABLE, weights=weights, max_epochs=1.5).total == 60


def test_a_source_without_weight_is_left_out_and_said() -> None:
    solution = solve(AVAILABLE, weights={"wikipedia": 0.5, "c4": 0.5}, budget=20)
    assert solution.warnings == (
        "books has no weight and is left out (30 tokens)",
        "github has no weight and is left out (50 tokens)",
    )


def test_more_than_four_epochs_warns() -> None:
    assert solve(AVAILABLE, epochs={"wikipedia": 4}).warnings == ()
    assert solve(AVAILABLE, epochs={"wikipedia": 4.5}).warnings == (
        "wikipedia is seen 4.5 times; repeats stop helping at about 4",
    )


def test_weights_within_a_tenth_of_a_percent_are_taken_as_1() -> None:
    solution = solve({"a": 100, "b": 100}, weights={"a": 0.3333, "b": 0.6663}, budget=100)
    assert solution.total == 100
    assert solution.tokens["a"] == Fraction(3333, 9996) * 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": {"a": 0.5, "b": 0.6}}, "weights sum to 1.1 and not to 1"),
        ({"weights": {"a": 67, "b": 33}}, "weights sum to 100 and not to 1"),
        (
            {"weights": {"a": 1, "zz": 0.0}},
            "weights: zz: there are no tokens of this source; there are a, b, empty",
        ),
        ({"epochs": {"empty": 2}}, "epochs: empty: the source is empty"),
        ({"epochs": {"a": -1}}, "epochs: a: -1 must be a number of at least 0"),
        ({"epochs": {"a": math.nan}}, "epochs: a: nan must be a number"),
        ({"epochs": {"a": 2}, "weights": {"a": 0.5}}, "a has a weight and epochs; give one of the two"),
        ({"epochs": {"a": 2}, "weights": {"b": 1}}, "leaves nothing for the sources with epochs"),
        ({"epochs": {"a": 5}, "budget": 400}, "budget 400 is smaller than what is fixed: epochs ask for 500"),
        (
            {"epochs": {"a": 1}, "weights": {"empty": 0, "b": 0.9}, "budget": 500},
            "budget 500 contradicts the epochs of all sources, which make 1K",
        ),
        (
            {"epochs": {"a": 1, "b": 1}, "budget": 1000},
            "contradicts the epochs of all sources, which make 300",
        ),
        ({"epochs": {"a": 0, "b": 0}}, "draws no tokens"),
        ({"epochs": {"a": 0, "b": 0}, "budget": 5}, "draws no tokens"),
        ({"budget": 0}, "budget 0 must be at least one token"),
        ({"temperature": 0.0}, "temperature 0.0 must be above 0"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        solve({"a": 100, "b": 200, "empty": 0}, **given)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_nothing_to_mix_is_refused() -> None:
    with pytest.raises(UserError, match="no source has tokens"):
        solve({"a": 0})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1.4T", 1_400_000_000_000),
        ("300B", 300 * B),
        ("2.5 m", 2_500_000),
        ("1_000", 1000),
        ("1,000", 1000),
        ("5e9", 5 * B),
        ("4k", 4000),
        (".5K", 500),
        (1234, 1234),
        (2e9, 2 * B),
    ],
)
def test_tokens_are_parsed(text: str | int, tokens: int) -> None:
    assert parse_tokens(text) == tokens


@pytest.mark.parametrize("text", ["", "many", "1.4X", "-3", "T", "1.4.2B", "nan", "1e-9"])
def test_no_number_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no number of tokens"):
        parse_tokens(text)


def test_zero_tokens_are_refused() -> None:
    with pytest.raises(UserError, match="less than one token"):
        parse_tokens("0.1")


def test_temperature_lifts_small_languages() -> None:
    tokens = {"en": 9000, "bg": 90, "sl": 10}
    assert temperature_weights(tokens, 1) == {s: Fraction(n, 9100) for s, n in tokens.items()}
    warm = temperature_weights(tokens, 2)
    assert float(warm["en"] / warm["bg"]) == pytest.approx(10)
    assert sum(warm.values()) == 1
    assert {s: float(w) for s, w in temperature_weights(tokens, math.inf).items()} == pytest.approx(
        dict.fromkeys(tokens, 1 / 3)
    )


@given(
    st.dictionaries(st.text("abcd", min_size=1), st.fractions(0, 10**12), min_size=1, max_size=9),
    st.integers(1, 4096),
)
def test_whole_sequences_stay_within_one(tokens: dict[str, Fraction], length: int) -> None:
    drawn = whole_sequences(tokens, dict.fromkeys(tokens, Fraction(length)))
    assert sum(drawn.values()) == math.floor(sum(tokens.values()) / length)
    assert all(abs(drawn[source] - tokens[source] / length) < 1 for source in tokens)
