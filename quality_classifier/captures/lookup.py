"""Wanted pages and an index of CommonCrawl in, a table of captures for each unit of the lookup out; what is done is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from quality_classifier.captures.capture import Capture, capture_table
from quality_classifier.captures.cdx import captures_by_cdx
from quality_classifier.captures.columnar import PartRead, WantedKeys, captures_in_part
from stages.core import storage
from stages.core.atomic import atomic_output
from stages.core.reading import Reads
from stages.fetch.client import Client
from stages.fetch.download import GONE_STATUS
from stages.fetch.ranged import RemoteStream
from stages.fetch.remote import FetchError, join_url
from stages.fetch.site import listed_at
from stages.ingest.common_crawl.fetch import (
    INDEX_PATH,
    check_dump,
    dump_list,
    parse_collinfo,
    parse_paths,
)
from stages.ingest.parquet_rows import first_line

SUBSET = "/subset=warc/"
"""Redirects, errors and robots.txt are in subsets of their own; pages of status 200 are all in this one."""

CDX_PAGES = 50
"""Pages that are asked for between two writes: so many answers a killed lookup loses at most."""


class UnreadPartError(Exception):
    """A part of the index is damaged or gone: its pages are looked up the next time."""


class IndexUnit(NamedTuple):
    """A piece of a lookup: a part of the columnar index, or some pages of a CDX server."""

    name: str
    read: Callable[[], list[Capture]]


@dataclass
class Lookup:
    """Looks pages up and keeps the answers in a folder, a table for each unit. `unread` names units that gave none."""

    folder: str
    on_unit: Callable[[str], None] = lambda _: None
    unread: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def run(self, units: Sequence[IndexUnit]) -> None:
        """Ask for what was not answered before; a damaged part is passed over, any other failure ends the lookup."""
        for number, unit in enumerate(units, 1):
            place = storage.join(self.folder, f"{unit.name}.parquet")
            if not storage.exists(place):
                try:
                    found = capture_table(unit.read())
                except UnreadPartError as error:
                    self.unread.append(str(error))
                    self.on_unit(f"{number}/{len(units)} not read: {error}")
                    continue
                with atomic_output(place) as out:
                    pq.write_table(found, out)
                self.on_unit(f"{number}/{len(units)} looked up: {unit.name}, {found.num_rows:,} captures")
            self.tables.append(place)


class IndexPart(NamedTuple):
    """A Parquet file of the columnar index: what it is called in a message, and how it is opened."""

    place: str
    open: Callable[[Reads], AbstractContextManager[Any]]


def columnar_units(
    parts: Sequence[IndexPart], dump: str, wanted: WantedKeys, read: PartRead
) -> list[IndexUnit]:
    """A unit for each part of a dump's columnar index."""
    return [
        IndexUnit(f"{dump}-{number:05d}", partial(_read_part, part, dump, wanted, read))
        for number, part in enumerate(parts)
    ]


def remote_parts(client: Client, base_url: str, dump: str, collinfo_url: str) -> list[IndexPart]:
    """The parts that the dump's list (`cc-index-table.paths.gz`) names."""
    url = f"{base_url}/crawl-data/{dump}/cc-index-table.paths.gz"
    data = dump_list(client, url, dump, collinfo_url, "columnar index")
    with listed_at(url):
        paths = [path for path in parse_paths(data, INDEX_PATH) if SUBSET in path]

    def opened(place: str, _: Reads) -> AbstractContextManager[Any]:
        return nullcontext(RemoteStream(client, place))

    places = [join_url(base_url, path) for path in paths]
    return [IndexPart(place, partial(opened, place)) for place in places]


def stored_parts(index: str, dump: str) -> list[IndexPart]:
    """The parts of a dump below a folder that holds a copy of the index (`crawl=DUMP/subset=warc/*.parquet`)."""
    found = storage.find_files(storage.join(index, "**", f"crawl={dump}{SUBSET}*.parquet"))

    def opened(uri: str, size: int, reads: Reads) -> AbstractContextManager[Any]:
        return storage.open_whole(uri, size, reads)

    return [IndexPart(file.uri, partial(opened, file.uri, file.size)) for file in found]


def _read_part(part: IndexPart, dump: str, wanted: WantedKeys, read: PartRead) -> list[Capture]:
    reads = Reads()
    try:
        with part.open(reads) as stream, listed_at(part.place):
            return list(captures_in_part(stream, dump, wanted, read))
    except FetchError as error:
        if error.status in GONE_STATUS:
            raise UnreadPartError(str(error)) from error
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # pyarrow calls damage an OSError, too
        reads.check()
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        raise UnreadPartError(f"{part.place}: damaged ({first_line(error)})") from error


def cdx_units(client: Client, index_url: str, dumps: Sequence[str], pages: pa.Table) -> Iterator[IndexUnit]:
    """Units of CDX_PAGES pages of each dump; a UserError for a dump that the server does not have."""
    url = f"{index_url}/collinfo.json"
    with listed_at(url):
        known = parse_collinfo(client.get_page(url).data)
    for dump in dumps:
        check_dump(dump, known)
    for dump in dumps:
        for number, start in enumerate(range(0, pages.num_rows, CDX_PAGES)):
            some = pages.slice(start, CDX_PAGES)
            yield IndexUnit(f"{dump}-{number:06d}", partial(_ask, client, index_url, dump, some))


def _ask(client: Client, index_url: str, dump: str, pages: pa.Table) -> list[Capture]:
    pairs = zip(pages.column("page").to_pylist(), pages.column("url").to_pylist(), strict=True)
    return [one for page, url in pairs for one in captures_by_cdx(client, index_url, dump, page, url)]
