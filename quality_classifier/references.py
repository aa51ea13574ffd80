"""Wikipedia dumps in, a table of the pages that articles cite out: the classifier's positives (2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from quality_classifier.urls import host_of_url, normalize_url, unwrap_archive
from stages.core.errors import DamagedInputError
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Task
from stages.core.storage import FoundFile
from stages.core.writer import TaskWriter
from stages.ingest.base import Range, RawParams, RawStage, raw_files_of, tasks_by_bytes
from stages.ingest.raw import Loss, RawFile
from stages.ingest.records import document_id
from stages.ingest.wikipedia.articles import Article, read_articles
from stages.ingest.wikipedia.citations import cited_urls
from stages.ingest.wikipedia.streams import split_dump

REFERENCE_SCHEMA = pa.schema(
    [
        pa.field("url", pa.string(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("page_id", pa.int64()),
        pa.field("language", pa.string()),
    ]
)
"""`url` as the article has it (for an archived copy, the page it was made of), `document` its id."""

BATCH_ROWS = 65_536

_WIKI_HOST = re.compile(
    r"(?:.+\.)?(?:wiki(?:pedia|media|data|books|news|quote|source|versity|voyage|species|functions)|wiktionary"
    r"|mediawiki|wmflabs|toolforge|wmcloud)\.org|(?:.+\.)?w\.wiki"
)


class CitedUrls(Record):
    """What a task read: articles, addresses that they cite, and damaged stretches."""

    articles: int
    references: int
    damaged: int


class ReferenceUrls(RawStage[RawParams]):
    """The addresses that Wikipedia's articles cite, a row for each article and page, in the dump's order."""

    stage_name: ClassVar[str] = "reference_urls"
    version: ClassVar[int] = 2
    kind: ClassVar[str] = "wikipedia"

    languages: tuple[str, ...] = Field(
        (), description="wikis to read, by the code in their dumps' names (bg, en, simple); none: all"
    )

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Tasks share a large dump, as in its ingest."""
        return split_dump(file, self.task_bytes)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the dumps, by bytes."""
        return tasks_by_bytes(self.raw_files(), self.task_bytes, self.ranges)

    def run(self, task: Task[RawParams]) -> ShardReport:
        """Write the table of one task; the report's facts count articles, addresses and damaged stretches."""
        with TaskWriter(task, self.stage_name) as out:
            facts = {"articles": 0, "references": 0, "damaged": 0}
            tables = _tables(raw_files_of(task), self.source, self.languages, facts)
            out.write_table(f"references-{task.id}", REFERENCE_SCHEMA, tables)
            out.facts = CitedUrls(**facts)
            out.bytes_in = sum(raw.num_bytes for raw in raw_files_of(task))
        return out.report


def _tables(
    files: Sequence[RawFile], source: str, languages: Sequence[str], facts: dict[str, int]
) -> Iterator[pa.Table]:
    rows: list[tuple[str, str, int, str | None]] = []
    for raw in files:
        try:
            for article in raw.reads.checked(read_articles(raw, languages)):
                if isinstance(article, Loss):
                    facts["damaged"] += article.rule in ("damaged", "damaged_page", "too_large")
                    continue
                facts["articles"] += 1
                document = document_id(source, raw.name, article.key)
                language = article.wiki.language
                rows += [(url, document, article.page_id, language) for url in article_references(article)]
                if len(rows) >= BATCH_ROWS:
                    facts["references"] += len(rows)
                    yield _table(rows)
                    rows = []
        except DamagedInputError:
            # What came before the damage is kept; the ledger of the dump's ingest names it.
            facts["damaged"] += 1
    facts["references"] += len(rows)
    if rows:
        yield _table(rows)


def _table(rows: Sequence[tuple[str, str, int, str | None]]) -> pa.Table:
    columns = [
        pa.array(column, field.type)
        for column, field in zip(zip(*rows, strict=True), REFERENCE_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=REFERENCE_SCHEMA)


def article_references(article: Article) -> list[str]:
    """The external pages that an article cites, each once (by `normalize_url`), as first written."""
    pages: dict[str, str] = {}
    for cited in cited_urls(article.wikitext):
        url = unwrap_archive(cited)
        key, host = normalize_url(url), host_of_url(url)
        if key is not None and host is not None and _WIKI_HOST.fullmatch(host) is None:
            pages.setdefault(key, url)
    return list(pages.values())
