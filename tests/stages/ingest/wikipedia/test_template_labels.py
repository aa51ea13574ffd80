"""The words that wikis put before foreign words."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_labels import (
    GERMAN_TEMPLATES,
    chinese,
    czech_language,
    foreign_words,
    italian_words,
    language_label,
    polish_words,
    words_of,
)
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("values", "expected"),
    [("de", "německy"), ("en|London", "anglicky London"), ("xx|London", "London"), ("", "")],
)
def test_czech_names_the_language_of_a_word(values: str, expected: str) -> None:
    assert czech_language("cs", values_behind(values)) == expected


def test_german_templates_are_named_after_languages() -> None:
    assert GERMAN_TEMPLATES["rus"] == "russisch"
    assert GERMAN_TEMPLATES["grcs"] == "altgriechisch"
    assert GERMAN_TEMPLATES["arf"] == "arabisch"
    assert GERMAN_TEMPLATES["mts"] == "maltesisch"
    assert all(GERMAN_TEMPLATES.values())


@pytest.mark.parametrize(
    ("wiki", "code", "label"),
    [
        ("en", "de", "German: "),
        ("simple", "he-n", "Hebrew: "),
        ("ru", "en2", "англ. "),
        ("fr", "de", "allemand : "),
        ("bg", "de", "на немски: "),
        ("es", "de", "en alemán: "),
        ("es", "ru", "en ruso, "),
        ("it", "grc", "in greco antico: "),
        ("pl", "de", ""),
        ("en", "xyz", ""),
        (None, "de", ""),
    ],
)
def test_a_wiki_names_the_language_of_foreign_words(wiki: str | None, code: str, label: str) -> None:
    assert language_label(wiki, code) == label


@pytest.mark.parametrize(
    ("wiki", "values", "expected"),
    [
        ("en", "el|Αθήνα|Athína", "Greek: Αθήνα, romanized: Athína"),
        ("en", "ru|Москва|translit=Moskva|label=none", "Москва, Moskva"),
        ("en", "de|Wien|label=Bavarian", "Bavarian: Wien"),
        ("en", "de|", ""),
        ("ru", "el|Αθήνα|Athína", "греч. Αθήνα"),
        ("it", "grc|Ζεύς|Zèus", "in greco antico: Ζεύς, Zèus"),
    ],
)
def test_foreign_words_stand_behind_their_label(wiki: str, values: str, expected: str) -> None:
    assert foreign_words(wiki, values_behind(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("матрёшка|matrëška", "in russo: матрёшка, traslitterato: matrëška"),
        ("матрёшка|matrëška|sdp=X", "in russo матрёшка, traslitterato matrëška"),
        ("матрёшка", "in russo: матрёшка"),
        ("", ""),
    ],
)
def test_italian_templates_are_named_after_languages(values: str, expected: str) -> None:
    assert italian_words("it", {**values_behind(values), "@": "Russo"}) == expected


def test_polish_names_the_language_of_a_word() -> None:
    assert polish_words("pl", values_behind("de|Wien")) == "niem. Wien"
    assert polish_words("pl", values_behind("xx|Wien")) == "Wien"


def test_the_language_may_be_part_of_the_name() -> None:
    assert words_of("de", "en", values_behind("Wien|link=no")) == "German: Wien"
    assert words_of("de", "hu", values_behind("Wien")) == "Wien"


@pytest.mark.parametrize(
    ("wiki", "values", "expected"),
    [
        (
            "en",
            "s=中国|t=中國|p=Zhōngguó",
            "simplified Chinese: 中国; traditional Chinese: 中國; pinyin: Zhōngguó",
        ),
        ("en", "s=北京|t=北京", "Chinese: 北京"),
        ("en", "c=北京|labels=no", "北京"),
        ("es", "s=北京|p=Běijīng", "北京; Běijīng"),
        ("ru", "北京", "кит. 北京"),
    ],
)
def test_chinese_words_by_script(wiki: str, values: str, expected: str) -> None:
    assert chinese(wiki, values_behind(values)) == expected
