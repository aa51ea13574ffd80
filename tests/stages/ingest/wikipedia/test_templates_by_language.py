"""Each wiki's templates of measures, dates, numbers, persons: what a reader sees in a sentence, from a table.

How many rows come from a wiki's own page, by language and kind, stands in docs/quality.md, and a test counts them again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.wikitext import plain_text
from tests.demo import ROOT

NAMESPACES = Namespaces.of({})
LANGUAGES = "bg ca cs da de en es fr hr hu it nl pl pt ro ru sl sr sv uk".split()
KINDS = "measure date number range currency ordinal person transliteration".split()
"""The kinds that the table of sources counts."""

ALL_KINDS = frozenset([*KINDS, "exponent", "chemistry"])
SOURCES = frozenset(["page", "tests", "rendered", "module", "mediawiki", "memory"])
PAGES_OF_A_WIKI = ("page ", "rendered ", "module ")
"""How the headings begin that name a page and its wiki's language behind it: `page Modèle:Val (fr)`."""

OTHER_WAYS = ["rendered", "module", "mediawiki"]
"""The sources that the table counts once more by themselves."""


class Row(NamedTuple):
    """A line of the table, and which source the heading above it names."""

    language: str
    kind: str
    wikitext: str
    text: str
    source: str


def rows() -> list[Row]:
    """The lines of both tables, each with the heading that it stands under."""
    lines = [
        line
        for name in ("templates_by_language.txt", "templates_remembered.txt")
        for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()
    ]
    found: list[Row] = []
    source = ""
    for line in lines:
        if line.startswith("## "):
            source = line.removeprefix("## ")
        elif line and not line.startswith("#"):
            head, _, rest = line.partition(": ")
            wikitext, _, text = rest.rpartition(" -> ")
            language, kind = head.split(" ")
            found.append(Row(language, kind, wikitext, text, source))
    return found


def counts_of_sources() -> list[str]:
    """A line of Markdown for each language: its rows with a source by kind, how many of them are from rendered articles,
    from modules that were run and from MediaWiki itself, then those from memory.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows():
        way = row.source.partition(" ")[0]
        if way != "memory":
            counted[row.language, row.kind if row.kind in KINDS else "other"] += 1
        counted[row.language, way] += 1
    columns = [*KINDS, "other", *OTHER_WAYS, "memory"]
    heads = [*KINDS, "other", "of these rendered", "of these modules", "of these MediaWiki", "from memory"]
    lines = [f"| language | {' | '.join(heads)} |", f"|---{'|---' * len(heads)}|"]
    for language in LANGUAGES:
        cells = [str(counted[language, column] or "·") for column in columns]
        lines.append(f"| {language} | {' | '.join(cells)} |")
    totals = [sum(counted[language, column] for language in LANGUAGES) for column in columns]
    lines.append(f"| all | {' | '.join(map(str, totals))} |")
    return lines


@pytest.mark.parametrize(("language", "kind", "wikitext", "text", "source"), rows())
def test_a_template_shows_what_its_wiki_shows(
    language: str, kind: str, wikitext: str, text: str, source: str
) -> None:
    assert plain_text(wikitext, NAMESPACES, language=language) == text


def test_every_language_has_every_kind() -> None:
    kinds = defaultdict(set)
    for row in rows():
        kinds[row.language].add(row.kind)
    assert set(kinds) == set(LANGUAGES)
    assert {language: ALL_KINDS - found for language, found in kinds.items() if ALL_KINDS - found} == {}


def test_every_row_stands_once_under_its_source() -> None:
    found = rows()
    assert {row.source.partition(" ")[0] for row in found} == SOURCES
    assert [
        row
        for row in found
        if row.source.startswith(PAGES_OF_A_WIKI) and f"({row.language})" not in row.source
    ] == []
    assert [
        row for row, count in Counter((row.language, row.wikitext) for row in found).items() if count > 1
    ] == []


def test_the_page_on_quality_counts_the_rows_by_source() -> None:
    counted = counts_of_sources()
    page = (ROOT / "docs" / "quality.md").read_text("utf-8").splitlines()
    first = page.index(counted[0])
    assert page[first : first + len(counted)] == counted
