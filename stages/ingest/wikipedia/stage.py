"""Wikipedia dumps in, a document per article out (LLaMA, section 2.1): plain text under its title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from pydantic import Field

from stages.core.storage import FoundFile
from stages.ingest import contents
from stages.ingest.base import IngestStage, Range
from stages.ingest.raw import Loss, RawDocument, RawFile, RawRecord
from stages.ingest.wikipedia.articles import Article, read_articles
from stages.ingest.wikipedia.streams import refuse_other_dumps, split_dump
from stages.ingest.wikipedia.templates import Vanished
from stages.ingest.wikipedia.vanished import REPORTED_NAMES, VanishedTally, VanishedTemplates
from stages.ingest.wikipedia.wikitext import plain_text
from stages.ingest.work import bounded

_TALLY = "vanished_templates"


class WikipediaIngest(IngestStage):
    """Dumps of pages (`pages-articles.xml`, plain or compressed) to documents: title, empty line, text."""

    stage_name: ClassVar[str] = "ingest_wikipedia"
    version: ClassVar[int] = 9
    kind: ClassVar[str] = "wikipedia"
    reads: ClassVar[frozenset[str]] = frozenset({contents.MEDIAWIKI, contents.XML})

    languages: tuple[str, ...] = Field(
        (), description="wikis to keep, by the code in their dumps' names (bg, en, simple); none: all"
    )

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Tasks share a large dump that is plain, or bz2 of several streams; a UserError for what is no dump of XML."""
        refuse_other_dumps(file)
        return split_dump(file, self.task_bytes)

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """All pages of one dump that begin in the range."""
        tally = raw.tally.setdefault(_TALLY, VanishedTally())
        for article in read_articles(raw, self.languages):
            if isinstance(article, Loss):
                yield article
                continue
            read = partial(article_document, article, tally.of_wiki(article.wiki.code))
            yield bounded(raw, read, article.key, article.url, len(article.wikitext))

    def facts(self, raws: Sequence[RawFile]) -> VanishedTemplates:
        """The commonest templates that left nothing inside a sentence."""
        tally = VanishedTally()
        for raw in raws:
            if _TALLY in raw.tally:
                tally.add(raw.tally[_TALLY].rows())
        return VanishedTemplates(vanished=tuple(tally.rows(REPORTED_NAMES)))


def article_document(article: Article, vanished: Vanished | None = None) -> RawRecord:
    """The document of an article; a Loss when nothing is left but its title."""
    body = plain_text(
        article.wikitext,
        article.wiki.namespaces,
        language=article.wiki.language,
        title=article.title,
        vanished=vanished,
    )
    if not body:
        num_bytes = len(article.wikitext.encode("utf-8", "surrogatepass"))
        return Loss(article.key, "empty_text", article.title, url=article.url, text_bytes=num_bytes)
    metadata = {"title": article.title, "page_id": article.page_id, "wiki": article.wiki.code}
    if article.timestamp is not None:
        metadata["timestamp"] = article.timestamp
    return RawDocument(
        key=article.key,
        text=f"{article.title}\n\n{body}",
        url=article.url,
        language=article.wiki.language,
        metadata=metadata,
    )
