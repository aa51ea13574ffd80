"""The words that wikis put before foreign words."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.template_labels import GERMAN_TEMPLATES, czech_language
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
    assert all(name.endswith("s") and word for name, word in GERMAN_TEMPLATES.items())
