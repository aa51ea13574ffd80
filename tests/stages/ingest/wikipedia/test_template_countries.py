"""Countries by the codes that templates of flags are named by."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.template_countries import (
    country_name,
    country_word,
    flag_and_name,
    flag_of,
    is_flag_template,
)
from stages.ingest.wikipedia.wikitext import plain_text


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


@pytest.mark.parametrize(
    ("wiki", "inner", "name"),
    [
        ("ru", "Россия", "Россия"),
        ("ru", "россия", "Россия"),
        ("ru", "Южная_Корея", ""),
        ("ru", "Республика_Корея", "Республика Корея"),
        ("pl", "Niemcy|20px", "Niemcy"),
        ("pl", "Niemcy|title=x", "Niemcy"),
        ("pl", "Niemcy|historia", ""),
        ("pl", "VIE", ""),
        ("pl", "Россия", ""),
        (None, "Россия", ""),
    ],
)
def test_a_template_may_be_named_after_a_country(wiki: str | None, inner: str, name: str) -> None:
    assert country_word(wiki, inner) == name


@pytest.mark.parametrize(
    ("wiki", "wikitext", "text"),
    [
        ("ru", "сборная {{Россия}} играла", "сборная Россия играла"),
        ("ru", "* {{Россия|20px}} — Иван", "Россия — Иван"),
        ("ru", "Слово.\n{{Германия}}\n{{Навигация}}", "Слово."),
        ("ru", "{{Карточка|страна={{Россия}}}} Текст", "Текст"),
        ("ru", "{|\n| {{Россия}} и {{США}}\n|}\nТекст", "Текст"),
        ("uk", "грала {{Україна}} та {{США}} тут", "грала Україна та США тут"),
        ("bg", "игра {{България}} и", "игра България и"),
        ("sr", "игра {{Србија}} и", "игра Србија и"),
        ("pl", "wygrała {{Polska}} i {{Szwajcaria}} w", "wygrała Polska i Szwajcaria w"),
        ("cs", "hrálo {{Česko}} a {{CZE}} i", "hrálo Česko a Česko i"),
        ("cs", "hrálo {{Brno}} a i", "hrálo a i"),
    ],
)
def test_a_country_is_shown_where_words_follow(wiki: str, wikitext: str, text: str) -> None:
    assert plain_text(wikitext, Namespaces.of({}), language=wiki) == text
