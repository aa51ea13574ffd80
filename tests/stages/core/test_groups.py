"""Groups of sources: their weights and epochs as those of their sources."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.core.groups import epochs_of_sources, weights_of_sources

DUMPS = {"cc": {"cc_1": None, "cc_2": None}}
TOKENS = {"cc_1": 300, "cc_2": 100, "c4": 50}


def test_a_groups_weight_is_split_by_tokens_unless_it_gives_shares() -> None:
    assert weights_of_sources({"cc": 0.8, "c4": 0.2}, DUMPS, TOKENS) == {
        "cc_1": Fraction(3, 5),
        "cc_2": Fraction(1, 5),
        "c4": Fraction(1, 5),
    }
    shares = {"cc": {"cc_1": 1.0, "cc_2": 3.0}}
    assert weights_of_sources({"cc": 0.8}, shares, TOKENS) == {"cc_1": Fraction(1, 5), "cc_2": Fraction(3, 5)}


def test_a_source_without_tokens_leaves_its_share_to_the_others_of_its_group() -> None:
    assert weights_of_sources({"cc": 0.8}, DUMPS, {"cc_2": 7}) == {"cc_2": Fraction(4, 5)}
    assert epochs_of_sources({"cc": 2}, DUMPS, {"cc_2": 7}) == {"cc_2": Fraction(2)}


def test_a_groups_epochs_are_those_of_each_source() -> None:
    assert epochs_of_sources({"cc": 2, "c4": 1.5}, DUMPS, TOKENS) == {
        "cc_1": Fraction(2),
        "cc_2": Fraction(2),
        "c4": Fraction(3, 2),
    }


def test_what_cannot_be_is_one_line() -> None:
    with pytest.raises(UserError, match="cc_1 has a weight and so has its group cc; give one of the two"):
        weights_of_sources({"cc": 0.5, "cc_1": 0.5}, DUMPS, TOKENS)
    with pytest.raises(UserError, match=r"weights: cc: its sources \(cc_1, cc_2\) are empty; leave it out"):
        weights_of_sources({"cc": 0.5}, DUMPS, {"cc_1": 0, "c4": 1})
    with pytest.raises(UserError, match="epochs: cc: there are no tokens of its sources"):
        epochs_of_sources({"cc": 1}, DUMPS, {"c4": 1})


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=8), st.integers(1, 1000))
def test_the_parts_of_a_weight_add_up_to_it(tokens: list[int], thousandths: int) -> None:
    available = {f"s{i}": number for i, number in enumerate(tokens)}
    parts = weights_of_sources({"g": thousandths / 1000}, {"g": dict.fromkeys(available)}, available)
    assert sum(parts.values()) == Fraction(thousandths, 1000)
    assert all(parts[s] / parts["s0"] == Fraction(available[s], available["s0"]) for s in available)
