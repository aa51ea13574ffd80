"""The bytes that an index calls a page's record in, what is wrong with them out: one gzip member, one response, this page."""

from __future__ import annotations

import zlib

from quality_classifier.urls import normalize_url
from stages.ingest.common_crawl.records import WARC_LINE, parse_headers

MAX_RECORD_BYTES = 128 << 20
"""Uncompressed; CommonCrawl cuts pages at 1 MiB, since 2025 at 5."""

_END_OF_HEADER = b"\r\n\r\n"


class RecordFaultError(Exception):
    """Why bytes are not the record: `reason` is one of the outcomes, `detail` says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


DAMAGED, OTHER_PAGE = "damaged", "other_page"


def check_record(data: bytes, page: str) -> None:
    """A RecordFaultError unless `data` is one gzip member with one whole response record of `page` (in its normal form)."""
    record = _inflated(data)
    line = WARC_LINE.match(record)
    header, found, block = record[line.end() if line is not None else 0 :].partition(_END_OF_HEADER)
    if line is None or not found:
        raise RecordFaultError(DAMAGED, f"no WARC record; starts with {record[:40]!r}")
    headers = parse_headers(header)
    length = headers.get("content-length", "")
    # Behind the block stand two line ends, which some writers leave out.
    if not (length.isascii() and length.isdigit()) or len(block) - int(length[:18]) not in (0, 4):
        raise RecordFaultError(DAMAGED, f"{len(block):,} bytes follow the header, which says {length[:40]!r}")
    if (kind := headers.get("warc-type", "").lower()) != "response":
        raise RecordFaultError(OTHER_PAGE, f"a record of type {kind[:40]!r}")
    target = headers.get("warc-target-uri", "").strip("<>")
    if normalize_url(target) != page:
        raise RecordFaultError(OTHER_PAGE, f"the record is of {target[:200]!r}")


def _inflated(data: bytes) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    try:
        record = decoder.decompress(data, MAX_RECORD_BYTES)
    except zlib.error as error:
        raise RecordFaultError(DAMAGED, f"gzip is corrupt ({error})") from error
    if not decoder.eof:
        more = "more than 128 MiB unpacked" if decoder.unconsumed_tail else "gzip ends in the middle"
        raise RecordFaultError(DAMAGED, more)
    if decoder.unused_data:
        raise RecordFaultError(DAMAGED, f"{len(decoder.unused_data):,} bytes after the gzip member")
    return record
