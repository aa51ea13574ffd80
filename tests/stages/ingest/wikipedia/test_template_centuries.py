"""Centuries as the templates of three wikis write them."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_centuries import CENTURIES
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("form", "values", "expected"),
    [
        ("century", "XIX|e", "XIXe siècle"),
        ("century", "XIX", "XIXe siècle"),
        ("century", "I", "Ier siècle"),
        ("century", "1941 год", "1941 год"),
        ("century_before", "V|e", "Ve siècle av. J.-C."),
        ("two_centuries", "I||II", "Ier et IIe siècles"),
        ("two_centuries_before", "III|e|IX|e", "IIIe et IXe siècles av. J.-C."),
        ("period", "VII|e|ou|VIII|e", "VIIe ou VIIIe siècle"),
        ("period", "IX|e|au|XI|e|s", "IXe au XIe siècles"),
        ("period", "XV|e|XVI|e", "XVe et XVIe siècles"),
        ("period_before", "IX|e|-|VII|e|s", "IXe - VIIe siècles av. J.-C."),
        ("spanish_century", "XVII", "XVII"),
        ("spanish_century", "V|a|s", "siglo V a. C."),
        ("spanish_century", "I|d|S", "Siglo I d. C."),
        ("spanish_century", "", ""),
        ("catalan_century", "XIII|s", "segle XIII"),
        ("catalan_century", "V|aC", "segle V aC"),
        ("catalan_century", "", ""),
    ],
)
def test_centuries(form: str, values: str, expected: str) -> None:
    assert CENTURIES[form](None, values_behind(values)) == expected
