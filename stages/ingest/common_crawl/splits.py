"""A compressed archive and a range of its bytes in, the members out of which the range's task makes records.

Tasks share a large archive of a gzip member for each record. A range's share begins with the first split point in it and
ends before the first one behind it. Split points follow from the file alone, so no record is in two shares or in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from stages.ingest.common_crawl.members import (
    MAGIC,
    SCAN_BYTES,
    TRIAL_BYTES,
    MemberEvent,
    MemberStart,
    first_bytes_of,
    gzip_members,
    opening,
    read_members,
)
from stages.ingest.common_crawl.records import WARC_LINE
from stages.ingest.common_crawl.window import LINE_BYTES
from stages.ingest.raw import RawFile

PROOF_BYTES = 65_535
"""Longest stretch in which compressed data holds other gzip data as it is: a stored block of deflate (RFC 1951, 3.2.4)."""

MAX_PROOF_BYTES = 256 << 20
"""Decompressed bytes that are looked at for one split point."""

_MAGIC = re.compile(MAGIC["gzip"], re.DOTALL)


class ArchiveShare:
    """The part of an archive that a task reads: `events` of its members and of some behind it, and where it ends.

    `end` is None until the split point that ends the share has come, so ask for it where a record begins: that record
    is another task's when its member begins there or later.
    """

    def __init__(self, raw: RawFile) -> None:
        self._raw = raw
        self.end: int | None = None
        with raw.open() as stream:
            kind = opening(stream)[0]
        self.is_plain = kind == "none"
        """Whether the file is not compressed."""
        self._has_parts = kind == "gzip"

    def events(self) -> Iterator[MemberEvent]:
        """As `read_members` gives them for the whole file, from the share's beginning on; none where it has no record."""
        raw = self._raw
        if not self._has_parts:
            # Whatever the plan thought, the range that starts at 0 has it all.
            yield from read_members(raw) if raw.start == 0 else ()
            return
        with raw.open() as stream:
            stop = raw.size if raw.stop is None else raw.stop
            start = first_split_point(stream, raw.start, stop) if raw.start else 0
            members = iter(()) if start is None else read_members(raw, start)
            event = next(members, None)
            while event is not None:
                following = next(members, None)
                if self.end is None and isinstance(event, MemberStart) and stop <= event.offset < raw.size:
                    is_end = _may_begin_record(following) and is_split_point(stream, event.offset)
                    self.end = event.offset if is_end else None
                yield event
                event = following


def _may_begin_record(piece: MemberEvent | None) -> bool:
    """Whether a member whose first event this is may begin a record, so that it is worth a look at the file."""
    return isinstance(piece, bytes) and (len(piece) < LINE_BYTES or WARC_LINE.match(piece) is not None)


def first_split_point(stream: BinaryIO, start: int, stop: int) -> int | None:
    """The first split point of a gzip file from `start` on and before `stop`."""
    offset = start
    while offset < stop:
        stream.seek(offset)
        data = stream.read(SCAN_BYTES)
        is_last = len(data) < SCAN_BYTES
        scanned = len(data) if is_last else SCAN_BYTES - TRIAL_BYTES
        for match in _MAGIC.finditer(data):
            position = offset + match.start()
            if match.start() >= scanned or position >= stop:
                break
            trial = data[match.start() : match.start() + TRIAL_BYTES]
            if WARC_LINE.match(first_bytes_of(trial, "gzip")) and is_split_point(stream, position):
                return position
        if is_last:
            return None
        offset += scanned
    return None


def is_split_point(stream: BinaryIO, offset: int) -> bool:
    """Whether a member begins there that begins with a WARC record, whoever reads the file and from wherever.

    A payload may hold a gzip file as it is, but only a stored block at a time; so a row of whole members that is longer, or
    reaches the file's end, is no payload.
    """
    stream.seek(offset)
    if WARC_LINE.match(first_bytes_of(stream.read(TRIAL_BYTES), "gzip")) is None:
        return False
    stream.seek(offset)
    num_bytes = 0
    members = gzip_members(stream, offset)
    while True:
        try:
            event = next(members)
        except StopIteration as ended:
            return ended.value is None  # else where it is damaged
        if isinstance(event, MemberStart):
            if event.offset - offset > PROOF_BYTES:
                return True
        elif isinstance(event, bytes):
            num_bytes += len(event)
            if num_bytes > MAX_PROOF_BYTES:
                return False
