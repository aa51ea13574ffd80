"""Countries by the codes that templates of flags are named by."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_countries import country_name, flag_and_name, flag_of, is_flag_template


@pytest.mark.parametrize(
    ("wiki", "code", "name"),
    [
        ("en", "FRA", "France"),
        ("en", "GER", "Germany"),
        ("en", "DEU", "Germany"),
        ("ru", "USA", "США"),
        ("simple", "ITA", "Italy"),
        ("en", "IPA", ""),
        ("en", "fra", ""),
        (None, "FRA", ""),
    ],
)
def test_a_code_names_a_country(wiki: str | None, code: str, name: str) -> None:
    assert country_name(wiki, code) == name


def test_a_flag_may_lead_to_a_place_or_stand_alone() -> None:
    assert flag_and_name("de", {"@": "USA"}) == "Vereinigte Staaten"
    assert flag_and_name("de", {"@": "USA", "Ziel": "Los Angeles"}) == "Los Angeles"
    assert flag_and_name("de", {"@": "USA", "1": "#"}) == ""


def test_other_names_stay() -> None:
    assert flag_of("en", {"1": "GER"}) == "Germany"
    assert flag_of("en", {"1": "Prussia"}) == "Prussia"
    assert flag_of("en", {"1": "GER", "name": "Berlin"}) == "Berlin"


def test_templates_are_named_by_isos_codes_alone() -> None:
    assert is_flag_template("de", "VNM")
    assert not is_flag_template("de", "VIE")
    assert not is_flag_template("hu", "IPA")
