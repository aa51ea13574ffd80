"""Chemical formulas: what is low, what is high, and what stays."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_formulas import chemical, formula


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("2 NaOH", "2 NaOH"),
        ("^{13}_{6}C", "¹³₆C"),
        (r"R\zR", "RR"),
        (r"a\\b", r"a\b"),
        ("AlCl3*xH2O", "AlCl₃ · xH₂O"),
        ("KAl(SO4)2*12H2O", "KAl(SO₄)₂ · 12H₂O"),
        ("2NaCl*3KCl", "2NaCl · 3KCl"),
    ],
)
def test_a_formula_is_read_by_parts(given: str, expected: str) -> None:
    assert formula("en", {"1": given}) == expected


def test_values_of_elements_follow_one_another() -> None:
    assert chemical("en", {"1": "S", "2": "O", "3": "4", "4": "2-"}) == "SO₄²⁻"
    assert chemical("en", {}) == ""
