"""Pages that are cited in, a folder of WARC files with their newest captures out (LLaMA, section 2.1): look up, fetch, count.

The folder holds `captures/` (answers of the index), `DUMP-cited-NNNNN.warc.gz`, `pages.jsonl` (a line for each page that
is settled), and when a run ends `pages.parquet` and `hosts.parquet`, which count pages by outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.captures.capture import Capture, newest_captures
from quality_classifier.captures.collect import PageCollector
from quality_classifier.captures.columnar import PartRead, WantedKeys
from quality_classifier.captures.lookup import (
    IndexUnit,
    Lookup,
    cdx_units,
    columnar_units,
    remote_parts,
    stored_parts,
)
from quality_classifier.captures.outcomes import OutcomeCount, outcome_table, write_outcomes
from quality_classifier.captures.wanted import pages_sha256
from quality_classifier.captures.warc_folder import WarcFolder
from stages.core import storage
from stages.core.atomic import delete_leftovers, write_bytes
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import Record
from stages.fetch.client import Client
from stages.fetch.fetcher import only_fetch_into
from stages.fetch.site import BaseUrl
from stages.ingest.common_crawl.fetch import DUMP_NAME, CommonCrawl

ABOUT_NAME, CAPTURES_FOLDER = "fetch.json", "captures"
BATCH_CAPTURES = 10_000


class CaptureOptions(Record):
    """Where cited pages are looked up, and how their records are written."""

    default_connections: ClassVar[int] = 4
    seconds_between_questions: ClassVar[float] = 1.0
    """The CDX server is a small one for all: its keepers ask for one question at a time."""

    dumps: tuple[Annotated[str, Field(pattern=DUMP_NAME)], ...] = Field(
        min_length=1,
        description="dumps to look in, such as CC-MAIN-2020-05; the newest capture of all is taken",
    )
    index: Literal["columnar", "cdx"] = Field(
        "columnar", description="look up in the Parquet index, or ask the CDX server for every page"
    )
    base_url: BaseUrl = Field(
        "https://data.commoncrawl.org", description="address of the data, or a mirror's"
    )
    cdx_url: BaseUrl = Field(
        "https://index.commoncrawl.org", description="address of the CDX server, and of the list of all dumps"
    )
    index_copy: Location | None = Field(
        None,
        description="folder (a bucket's, too) that holds a copy of the columnar index: crawl=DUMP/subset=warc/",
    )
    file_bytes: int = Field(1 << 30, gt=0, description="bytes of a WARC file, at most")


@dataclass(frozen=True)
class CitedFetched:
    """What a fetch came to: pages by outcome, parts of the index that gave no answer, and pages to ask for again."""

    counts: list[OutcomeCount]
    unread: list[str]
    unreachable: list[str]
    read: PartRead


@dataclass
class CitedFetch:
    """Fetches wanted pages into a folder. `asking` is the client of the index, `reading` that of the data."""

    options: CaptureOptions
    out: Path
    asking: Client
    reading: Client
    connections: int
    on_line: Callable[[str], None] = lambda _: None

    def run(self, wanted: pa.Table) -> CitedFetched:
        """Look up what was not, fetch what is not there; the tables are written however it ends."""
        site = CommonCrawl(base_url=self.options.base_url, dump=self.options.dumps[0], files=":")
        site.check_connections(self.connections)
        storage.make_folder(str(self.out))
        with only_fetch_into(self.out):
            about = self._same(wanted)
            delete_leftovers(str(self.out))
            read = PartRead()
            lookup = Lookup(str(self.out / CAPTURES_FOLDER), self.on_line)
            units = list(self._units(wanted, read))
            # Noted when the index has said that it knows the dumps: a name that was mistyped holds no folder.
            write_bytes(str(self.out / ABOUT_NAME), about)
            lookup.run(units)
            captures = newest_captures(lookup.tables)
            with WarcFolder(self.out, self.options.file_bytes) as folder:
                collector = PageCollector(
                    self.reading,
                    self.options.base_url,
                    folder,
                    self.connections,
                    _Counted(self.on_line, captures),
                )
                try:
                    collector.run(_good(captures))
                finally:
                    whole = not lookup.unread
                    table = outcome_table(wanted, captures, folder.settled, collector.unreachable, whole)
                    counts = write_outcomes(table, self.out)
        return CitedFetched(counts, lookup.unread, sorted(collector.unreachable.values()), read)

    def _units(self, wanted: pa.Table, read: PartRead) -> Iterator[IndexUnit]:
        options = self.options
        if options.index == "cdx":
            yield from cdx_units(self.asking, options.cdx_url, options.dumps, wanted)
            return
        keys = WantedKeys.of(*(wanted.column(name).combine_chunks() for name in ("page", "url")))
        for dump in dict.fromkeys(options.dumps):
            if options.index_copy is None:
                collinfo = f"{options.cdx_url}/collinfo.json"
                parts = remote_parts(self.asking, options.base_url, dump, collinfo)
            else:
                parts = stored_parts(options.index_copy, dump)
            yield from columnar_units(parts, dump, keys, read)

    def _same(self, wanted: pa.Table) -> bytes:
        """What tells this fetch from another; a UserError where the folder holds one of other pages or dumps."""
        about = {
            "dumps": sorted(set(self.options.dumps)),
            "index": self.options.index,
            "pages": pages_sha256(wanted),
        }
        place = self.out / ABOUT_NAME
        try:
            known = orjson.loads(place.read_bytes())
        except FileNotFoundError:
            known = about
        except orjson.JSONDecodeError as error:
            raise UserError(f"{place}: is no record of a fetch; move it away") from error
        if known != about:
            raise UserError(
                f"{self.out}: holds the fetch of other pages, dumps or another index; give another --out"
            )
        return orjson.dumps(about, option=orjson.OPT_APPEND_NEWLINE)


def _good(captures: pa.Table) -> Iterator[Capture]:
    for batch in captures.filter(pc.field("is_good")).to_batches(BATCH_CAPTURES):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield Capture(*row)


class _Counted:
    """Says how far a fetch is: of failures each, of pages that came every thousandth."""

    def __init__(self, on_line: Callable[[str], None], captures: pa.Table) -> None:
        self._on_line, self._done = on_line, 0
        self._total = captures.column("is_good").to_pylist().count(True)

    def __call__(self, page: str, fault: str) -> None:
        self._done += 1
        if fault:
            self._on_line(f"failed: {page}: {fault}")
        elif self._done % 1000 == 0:
            self._on_line(f"{self._done:,} pages came in this run, of {self._total:,} in all")
