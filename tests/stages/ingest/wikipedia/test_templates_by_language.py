"""Each wiki's templates of measures, dates, numbers, persons: what a reader sees in a sentence, from a table."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.wikitext import plain_text

NAMESPACES = Namespaces.of({})
LANGUAGES = frozenset("bg ca cs da de en es fr hr hu it nl pl pt ro ru sl sr sv uk".split())
KINDS = frozenset(
    "measure date number exponent range currency ordinal person transliteration chemistry".split()
)


def entries() -> list[tuple[str, str, str, str]]:
    """Language, kind, wikitext and text of each line of the table."""
    lines = Path(__file__).with_name("templates_by_language.txt").read_text("utf-8").splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            head, _, rest = line.partition(": ")
            wikitext, _, text = rest.partition(" -> ")
            found.append((*head.split(" "), wikitext, text))
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(("language", "kind", "wikitext", "text"), entries())
def test_a_template_shows_what_its_wiki_shows(language: str, kind: str, wikitext: str, text: str) -> None:
    assert plain_text(wikitext, NAMESPACES, language=language) == text


def test_every_language_has_every_kind() -> None:
    kinds = defaultdict(set)
    for language, kind, _, _ in entries():
        kinds[language].add(kind)
    assert set(kinds) == LANGUAGES
    assert {language: KINDS - found for language, found in kinds.items() if KINDS - found} == {}
