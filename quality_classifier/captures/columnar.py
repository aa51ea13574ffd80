"""CommonCrawl's columnar index and sorted keys in, the captures of their pages out: only the row groups that may hold one.

Layout: https://commoncrawl.org/columnar-index (cc-index/table/cc-main/warc/crawl=DUMP/subset=warc/*.parquet); a part
is sorted by `url_surtkey`, so that the statistics of its row groups tell which keys they can hold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quality_classifier.captures.capture import Capture, IndexRow, capture_of
from quality_classifier.captures.surt import surt_keys
from stages.fetch.remote import ListError

KEY = "url_surtkey"
MIME, MIME_TOLD = "content_mime_detected", "content_mime_type"
COLUMNS = (
    "url",
    "fetch_time",
    "fetch_status",
    MIME,
    MIME_TOLD,
    "warc_filename",
    "warc_record_offset",
    "warc_record_length",
)
_MAY_LACK = frozenset({MIME, MIME_TOLD})
"""Crawls before 2017 do not say what a page was found to be, only what its server called it."""


@dataclass(frozen=True)
class WantedKeys:
    """The pages that are looked up, by their keys: `keys` sorted, shape (keys,), and beside each the row of its page."""

    pages: pa.Array
    keys: list[str] = field(repr=False)
    rows: np.ndarray = field(repr=False)

    @staticmethod
    def of(pages: pa.Array, urls: pa.Array) -> WantedKeys:
        """The keys of pages, each in its normal form, and as it was first written."""
        pairs = [
            (key, row)
            for row, (page, url) in enumerate(zip(pages.to_pylist(), urls.to_pylist(), strict=True))
            for key in surt_keys(page, url)
        ]
        pairs.sort()
        rows = np.array([row for _, row in pairs], np.int64)
        return WantedKeys(pages, [key for key, _ in pairs], rows)

    def between(self, low: str, high: str) -> slice:
        """Which keys lie from `low` to `high`."""
        return slice(bisect_left(self.keys, low), bisect_right(self.keys, high))

    def pages_of(self, keys: slice) -> set[str]:
        """The pages of some keys."""
        return set(self.pages.take(pa.array(self.rows[keys])).to_pylist())


@dataclass
class PartRead:
    """What was read of a part of the index."""

    row_groups: int = 0
    row_groups_read: int = 0


def captures_in_part(source: Any, dump: str, wanted: WantedKeys, read: PartRead) -> Iterator[Capture]:
    """The captures of wanted pages in one Parquet file (a seekable stream) of the index.

    Raises a ListError for a file that is no part of the index, pyarrow's errors for a damaged one.
    """
    file = pq.ParquetFile(source, pre_buffer=True)
    names = set(file.schema_arrow.names)
    if missing := sorted(({KEY, *COLUMNS} - _MAY_LACK) - names):
        raise ListError(f"no part of CommonCrawl's columnar index: has no column {missing[0]}")
    column = file.schema.names.index(KEY)
    columns = [name for name in COLUMNS if name in names]
    read.row_groups += file.num_row_groups
    for group in range(file.num_row_groups):
        keys = _keys_of_group(file.metadata.row_group(group).column(column), wanted)
        if keys.start == keys.stop:
            continue
        read.row_groups_read += 1
        found = file.read_row_group(group, columns=[KEY]).column(KEY)
        hits = pc.is_in(found, value_set=pa.array(wanted.keys[keys], pa.string()))
        if pc.any(hits).as_py():
            rows = file.read_row_group(group, columns=columns).filter(hits)
            pages = wanted.pages_of(keys)
            captures = (capture_of(row, dump, pages) for row in _rows(rows))
            yield from (capture for capture in captures if capture is not None)


def _keys_of_group(column: Any, wanted: WantedKeys) -> slice:
    """The keys that a row group can hold; all where it has no statistics."""
    told = column.statistics
    if told is None or not told.has_min_max:
        return slice(0, len(wanted.keys))
    return wanted.between(_text(told.min), _text(told.max))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _rows(table: pa.Table) -> Iterator[IndexRow]:
    times = pc.strftime(table.column("fetch_time").cast(pa.timestamp("s"), safe=False), "%Y%m%d%H%M%S")
    mimes = [table.column(name) for name in (MIME, MIME_TOLD) if name in table.column_names]
    mime = pc.coalesce(*mimes) if mimes else pa.nulls(table.num_rows, pa.string())
    places = [table.column(f"warc_{name}") for name in ("filename", "record_offset", "record_length")]
    columns = [table.column("url"), times, table.column("fetch_status"), mime, *places]
    for row in zip(*(column.to_pylist() for column in columns), strict=True):
        yield IndexRow(*row)
