"""Templates that carry a sentence's words and numbers give their text; all others give none."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.templates import is_textless, template_text


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("lang|de|Berlin", "Berlin"),
        ("Lang-el|Σάββας", "Σάββας"),
        ("язык|de|Haus", "Haus"),
        ("v jazyku|deu|Berlin", "Berlin"),
        ("deu|Spree", "Spree"),
        ("enS|Unified", "Unified"),
        ("en langue|de|Österreich", "en allemand : Österreich"),
        ("convert|5|ft|8|in|m", "5 ft 8 in"),
        ("convert|5|ft|m", "5 ft"),
        ("convert|100|km2|sqmi", "100 km²"),
        ("convert|4.5e6|km2", "4.5×10⁶ km²"),
        ("convert|25|C|F", "25 °C"),
        ("convert|4|C-change", "4 °C"),
        ("cvt|7|-|8|mph", "7–8 mph"),
        ("HMS|Fowey|1749|6", "HMS Fowey"),
        ("uss|Abraham Lincoln|CVN-72", "USS Abraham Lincoln (CVN-72)"),
        ("uss|Nimitz", "USS Nimitz"),
        ("USS|Nimitz|CVN-68|2", "Nimitz"),
        ("HMS||B 1", "HMS B 1"),
        ("ship|Chinese cruiser|Chih Yuen|1886|2", "Chih Yuen"),
        ("ship|HMS|Ajax|22|6", "HMS Ajax"),
        ("sclass|Nimitz|aircraft carrier|2", "Nimitz-class aircraft carrier"),
        ("harvtxt|Artin|1970", "Artin (1970)"),
        ("harvtxt|Artin|Mumford|1970|p=3", "Artin & Mumford (1970)"),
        ("harvs|txt|last=Moishezon|year=1966", "Moishezon (1966)"),
        ("US$|5 million", "US$5 million"),
        ("euro|77.80", "€77.80"),
        ("euro", "€"),
        ("currency|13 billion|USD", "US$13 billion"),
        ("OldStyleDate|December 22|1889|December 10", "December 22 [O.S. December 10] 1889"),
        ("née|Kasner", "née Kasner"),
        ("literally|defend", "lit. 'defend'"),
        ("dash year|1943|1945", "1943–1945"),
        ("linktext|三|星", "三星"),
        ("chem|H|2|O", "H₂O"),
        ("gaps|1|000", "1 000"),
        ("e|6", "×10⁶"),
        ("e|siècle", "siècle"),
        ("unichar|0041|Latin capital letter A", "U+0041"),
        ("gph|a", "⟨a⟩"),
        ("読み仮名|漢字|かんじ", "漢字（かんじ）"),
        ("nihongo4|Ranma|らんま", "Ranma (らんま)"),
        ("km|70|m", "70 km"),
        ("mnm|34|w", "34 m n. m."),
        ("M|25|u=km", "25 km"),
        ("coord|33|6|39|N|117|9|13|W", "33°6′39″N 117°9′13″W"),
        ("coord|33.5|-117.2|display=inline,title", "33.5°N 117.2°W"),
        ("s|XIX|e", "XIXe siècle"),
        ("s2|XV|e|XVI|e", "XVe et XVIe siècles"),
        ("-s|V|e", "Ve siècle av. J.-C."),
        ("siglo|XVI||s", "siglo XVI"),
        ("84e|Congrès", "84e Congrès"),
        ("Ier", "Ier"),
        ("1re", "1re"),
        ("XIXe siècle", "XIXe siècle"),
        ("esd", " "),
        ("em dash", "—"),
        ("formatnum:172672", "172672"),
        ("chiarire|ultimo periodo|quale?", "ultimo periodo"),
        ("fakt|Germanie pojawili się|data=2010", "Germanie pojawili się"),
        ("flag|France", "France"),
        ("columns-list|colwidth=30em|\n* a\n* b", "* a\n* b"),
        ("blockquote|text=This morning", "This morning"),
    ],
)
def test_templates_with_text(inner: str, expected: str) -> None:
    assert template_text(inner) == expected
    assert not is_textless(inner.partition("|")[0])


@pytest.mark.parametrize(
    "inner",
    [
        "citation needed|date=May 2020",
        "sfn|Artin|1970",
        "harv|Artin|1970",
        "Infobox person\n| name = X",
        "flagicon|USA",
        "cite book|title=T",
        "main|X",
        "NHL",
        "",
        "|x",
        "x" * 100 + "|y",
        "DEFAULTSORT:Berlin",
        "de",
        "le",
        "NP|a",
        "НП|статус = Город|Земля",
    ],
)
def test_templates_without_text(inner: str) -> None:
    assert template_text(inner) == ""
    assert is_textless(inner.partition("|")[0])


@pytest.mark.parametrize(
    "inner", ["coord|1|2|display=title", "harvs|last=Artin|year=1970", "lang|de", "nowrap|"]
)
def test_values_decide_for_some(inner: str) -> None:
    assert template_text(inner) == ""


def test_trap_one_name_means_other_things_in_other_languages() -> None:
    """French `{{s|XII}}` is a century, Russian `{{s|..}}` forbids a line break; НП is a box, нп a link."""
    assert template_text("s|XII") == "XIIe siècle"
    assert template_text("s|1941 год") == "1941 год"
    assert template_text("нп|Статья||en|Article") == "Статья"
