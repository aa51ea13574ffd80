"""Wikipedia dumps, or lists of addresses, in, a table of the pages that they cite out: the classifier's positives (2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import pyarrow as pa
from pydantic import Field

from quality_classifier.hosts import HostList, left_out_hosts, named_hosts
from quality_classifier.url_lists import is_url_list, read_url_list
from quality_classifier.urls import host_of_key, normalize_url
from quality_classifier.wrappers import unwrap_url
from stages.core import storage
from stages.core.errors import DamagedInputError
from stages.core.location import Location
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Task
from stages.core.storage import FoundFile
from stages.core.writer import TaskWriter
from stages.ingest.base import Range, RawParams, RawStage, raw_files_of, tasks_by_bytes, whole_file
from stages.ingest.raw import Loss, RawFile
from stages.ingest.records import document_id
from stages.ingest.wikipedia.articles import read_articles
from stages.ingest.wikipedia.citations import cited_urls
from stages.ingest.wikipedia.streams import refuse_other_dumps, split_dump

REFERENCE_SCHEMA = pa.schema(
    [
        pa.field("url", pa.string(), nullable=False),
        pa.field("page", pa.string(), nullable=False),
        pa.field("host", pa.string(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("page_id", pa.int64()),
        pa.field("title", pa.string()),
        pa.field("language", pa.string()),
        pa.field("count", pa.int32(), nullable=False),
    ]
)
"""`url` as first written (of a copy, the page it was made of), `page` its normal form, `host` without www; the article's id
(a list's: the line), number, title and language; how many addresses in it lead to the page, those of copies among them."""

BATCH_ROWS = 65_536
MAX_UNREAD = 20

_DAMAGE = ("damaged", "damaged_page", "too_large")


class CitedPage(NamedTuple):
    """A page that an article cites: as first written, its normal form, its host, and how often."""

    url: str
    page: str
    host: str
    times: int


class CitedUrls(Record):
    """What a task read: articles, pages that they cite, damaged stretches, citations left out by the reason of their
    host, and files that it could not read as dumps or lists, with the reason (the first MAX_UNREAD)."""

    articles: int
    references: int
    damaged: int
    left_out: dict[str, int]
    unread: tuple[str, ...]


class ReferenceUrls(RawStage[RawParams]):
    """The addresses that Wikipedia's articles cite, a row for each article and page, in the dump's order."""

    stage_name: ClassVar[str] = "reference_urls"
    version: ClassVar[int] = 4
    kind: ClassVar[str] = "wikipedia"

    languages: tuple[str, ...] = Field(
        (), description="wikis to read, by the code in their dumps' names (bg, en, simple); none: all"
    )
    leave_out: Location | None = Field(
        None,
        description="file of hosts to leave out too, one a line, each with all below it (dead ones, say)",
    )

    def check(self) -> None:
        """A UserError for a line of `leave_out` that is no host."""
        self._named_hosts()

    def dependencies(self) -> list[str]:
        """The raw files, and the content of `leave_out`."""
        return super().dependencies() + (
            [] if self.leave_out is None else [storage.sha256_file(self.leave_out)]
        )

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """Tasks share a large dump, as in its ingest; a list is read by one. A UserError names dumps of other things."""
        refuse_other_dumps(file)
        if is_url_list(RawFile(file.uri, file.name, file.size)):
            return whole_file(file)
        return split_dump(file, self.task_bytes)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the dumps, by bytes."""
        return tasks_by_bytes(self.raw_files(), self.task_bytes, self.ranges)

    def run(self, task: Task[RawParams]) -> ShardReport:
        """Write the table of one task."""
        with TaskWriter(task, self.stage_name) as out:
            reader = _Reader(self.source, self.languages, self._named_hosts())
            out.write_table(f"references-{task.id}", REFERENCE_SCHEMA, reader.tables(raw_files_of(task)))
            out.facts = reader.facts()
            out.bytes_in = sum(raw.num_bytes for raw in raw_files_of(task))
        return out.report

    def _named_hosts(self) -> HostList | None:
        if self.leave_out is None:
            return None
        return named_hosts(storage.read_bytes(self.leave_out).decode("utf-8", "replace"), self.leave_out)


class _Reader:
    """Reads the files of one task and counts what it met."""

    def __init__(self, source: str, languages: Sequence[str], named: HostList | None) -> None:
        self._source, self._languages = source, languages
        self._lists = [left_out_hosts(), *([] if named is None else [named])]
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._unread: list[str] = []

    def facts(self) -> CitedUrls:
        """What was counted so far."""
        counts = {name: self._counts[name] for name in ("articles", "references", "damaged")}
        return CitedUrls(
            **counts,
            left_out=dict(sorted(self._left_out.items())),
            unread=tuple(self._unread[:MAX_UNREAD]),
        )

    def tables(self, files: Sequence[RawFile]) -> Iterator[pa.Table]:
        """The rows of all files, BATCH_ROWS and more at once."""
        rows: list[tuple[object, ...]] = []
        for raw in files:
            for found in self._rows(raw):
                rows += found
                if len(rows) >= BATCH_ROWS:
                    yield _table(rows)
                    rows = []
        if rows:
            yield _table(rows)

    def _rows(self, raw: RawFile) -> Iterator[list[tuple[object, ...]]]:
        read = self._list_rows if is_url_list(raw) else self._dump_rows
        try:
            for rows in raw.reads.checked(read(raw)):
                self._counts["references"] += len(rows)
                yield rows
        except DamagedInputError as error:
            # What came before the damage is kept; the ledger of the dump's ingest names the place too.
            self._counts["damaged"] += 1
            self._unread.append(f"{raw.name}: {error}")

    def _dump_rows(self, raw: RawFile) -> Iterator[list[tuple[object, ...]]]:
        for article in read_articles(raw, self._languages):
            if isinstance(article, Loss):
                self._counts["damaged"] += article.rule in _DAMAGE
                if article.rule in ("no_pages", "damaged"):
                    self._unread.append(f"{raw.name}: {article.detail}")
                continue
            self._counts["articles"] += 1
            document = document_id(self._source, raw.name, article.key)
            about = (document, article.page_id, article.title, article.wiki.language)
            found = references_of(cited_urls(article.wikitext), self._lists, self._left_out)
            yield [(one.url, one.page, one.host, *about, one.times) for one in found]

    def _list_rows(self, raw: RawFile) -> Iterator[list[tuple[object, ...]]]:
        for number, url in read_url_list(raw):
            found = references_of([url], self._lists, self._left_out)
            document = document_id(self._source, raw.name, str(number))
            yield [(one.url, one.page, one.host, document, None, None, None, one.times) for one in found]


def _table(rows: Sequence[tuple[object, ...]]) -> pa.Table:
    columns = [
        pa.array(column, field.type)
        for column, field in zip(zip(*rows, strict=True), REFERENCE_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=REFERENCE_SCHEMA)


def references_of(
    urls: Sequence[str], left_out: Sequence[HostList], reasons: Counter[str]
) -> list[CitedPage]:
    """The pages among cited addresses, each once (by `normalize_url`), in the order in which they come first.

    What stands on a host of one of the lists is counted in `reasons` instead; what is no web address is not counted.
    """
    pages: dict[str, tuple[str, str, int]] = {}
    for cited in urls:
        url = unwrap_url(cited)
        if (page := normalize_url(url)) is None:
            continue
        if (known := pages.get(page)) is not None:
            pages[page] = (known[0], known[1], known[2] + 1)
            continue
        host = host_of_key(page)
        reason = next((why for hosts in left_out if (why := hosts.reason(host)) is not None), None)
        if reason is None:
            pages[page] = (url, host, 1)
        else:
            reasons[reason] += 1
    return [CitedPage(url, page, host, count) for page, (url, host, count) in pages.items()]
