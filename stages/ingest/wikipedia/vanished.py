"""Templates that left nothing inside a sentence, one by one, in; how often each did in each wiki, with an example, out.

What is missing in the table of templates shows here: a task's report has the commonest of those that no rule knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stages.core.manifest import Record
from stages.ingest.raw import Loss, RawFile
from stages.ingest.wikipedia.articles import read_articles
from stages.ingest.wikipedia.templates import Vanished
from stages.ingest.wikipedia.wikitext import plain_text

REPORTED_NAMES = 40
"""Names that one task reports: all tasks' stand in the stage's manifest."""

_MAX_NAMES = 20_000
_OTHERS = "(others)"
_MAX_NAME_CHARS = 60
_MAX_EXAMPLE_CHARS = 200


class VanishedTemplate(Record):
    """How often the templates of this name left nothing inside a sentence of a wiki; the first place as an example.

    `is_known`: a rule says that they have no text, as notes have none.
    """

    wiki: str
    name: str
    is_known: bool
    count: int
    example: str


class VanishedTemplates(Record):
    """What a task of the ingest reports: the commonest that no rule knows."""

    vanished: tuple[VanishedTemplate, ...] = ()


@dataclass
class VanishedTally:
    """Counts of templates by wiki and name. It is bounded: beyond 20,000 names the rest are one."""

    with_known: bool = False
    counts: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    examples: dict[tuple[str, str, bool], str] = field(default_factory=dict)

    def of_wiki(self, wiki: str | None) -> Vanished:
        """What to tell of each template of a page of this wiki."""
        code = wiki or ""

        def note(name: str, is_known: bool, around: str) -> None:
            key = (code, _name(name), is_known)
            if key not in self.counts and len(self.counts) >= _MAX_NAMES:
                key = (code, _OTHERS, is_known)
            self.counts[key] = self.counts.get(key, 0) + 1
            if key not in self.examples:
                self.examples[key] = " ".join(around.split())[:_MAX_EXAMPLE_CHARS]

        return Vanished(note, self.with_known)

    def add(self, rows: Iterable[VanishedTemplate]) -> None:
        """Count what another tally counted."""
        for row in rows:
            key = (row.wiki, row.name, row.is_known)
            self.counts[key] = self.counts.get(key, 0) + row.count
            self.examples.setdefault(key, row.example)

    def rows(self, limit: int | None = None) -> list[VanishedTemplate]:
        """The commonest first, `limit` of them."""
        ordered = sorted(self.counts, key=lambda key: (-self.counts[key], key))
        return [
            VanishedTemplate(
                wiki=key[0], name=key[1], is_known=key[2], count=self.counts[key], example=self.examples[key]
            )
            for key in ordered[:limit]
        ]


def _name(name: str) -> str:
    """The name in one form: MediaWiki's first letter has no case, and a space is as good as `_`."""
    name = " ".join(name.replace("_", " ").split())[:_MAX_NAME_CHARS]
    return name[:1].upper() + name[1:]


def vanished_in(raws: Sequence[RawFile], with_known: bool = False) -> list[VanishedTemplate]:
    """What vanishes in all articles of some dumps, the commonest first."""
    tally = VanishedTally(with_known)
    for raw in raws:
        for article in read_articles(raw):
            if isinstance(article, Loss):
                continue
            plain_text(
                article.wikitext,
                article.wiki.namespaces,
                language=article.wiki.language,
                title=article.title,
                vanished=tally.of_wiki(article.wiki.code),
            )
    return tally.rows()
