"""Pages with gold text in, the groups of them in one language out, by fastText's lid.176 upon the gold text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from benchmarks.page_types import TypedPage
from stages.models.fasttext.model import load_fasttext
from stages.models.find import find_language_model
from stages.models.language_id import identify

MIN_PAGES = 5
"""Languages with fewer pages are one group."""

MAX_CHARS = 4096
MIN_GOLD_CHARS = 100
"""What a language is not told of."""


def gold_languages(pages: Sequence[TypedPage]) -> list[str]:
    """The language of each page's gold text, ISO 639; empty where the text is short or none is told."""
    model = load_fasttext(find_language_model(None))
    names = identify(model, pa.array([page.gold for page in pages], pa.large_string()), MAX_CHARS).name
    return [
        str(name) if len(page.gold) >= MIN_GOLD_CHARS else "" for page, name in zip(pages, names, strict=True)
    ]


def language_groups(
    pages: Sequence[TypedPage], languages: Sequence[str]
) -> Iterator[tuple[str, list[TypedPage]]]:
    """(name, pages) of each language with MIN_PAGES, the most first; of the others together, by name; of those without."""
    by_language: dict[str, list[TypedPage]] = {}
    for page, language in zip(pages, languages, strict=True):
        by_language.setdefault(language, []).append(page)
    unknown = by_language.pop("", [])
    ordered = sorted(by_language, key=lambda name: (-len(by_language[name]), name))
    rare = [name for name in ordered if len(by_language[name]) < MIN_PAGES]
    for name in ordered:
        if name not in rare:
            yield name, by_language[name]
    if rare:
        counted = ", ".join(f"{name} {len(by_language[name])}" for name in rare)
        yield f"others: {counted}", [page for name in rare for page in by_language[name]]
    if unknown:
        yield "too little text to tell", unknown
