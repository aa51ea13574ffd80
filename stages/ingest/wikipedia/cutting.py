"""A byte stream of MediaWiki XML in, its header and the bytes of each `<page>` out, with bounded memory.

Wikitext is escaped inside XML, so the byte strings `<page>` and `</page>` are never text: after damage the
next `<page>` is always a sound place to go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stages.core.errors import DamagedInputError

MAX_PAGE_BYTES = 64 << 20
MAX_HEADER_BYTES = 1 << 20
OPEN, CLOSE = b"<page>", b"</page>"


@dataclass(frozen=True)
class Chunk:
    """Bytes of one page, tags included, at `offset` of the decompressed stream."""

    offset: int
    data: bytes


@dataclass(frozen=True)
class BrokenPage:
    """A stretch of the decompressed stream that should be a page and is not: where, how long, and why."""

    offset: int
    num_bytes: int
    rule: str
    reason: str


class PageCutter:
    """Cuts pages out of pieces of bytes; holds one page and one piece at most."""

    def __init__(self, max_page_bytes: int = MAX_PAGE_BYTES) -> None:
        self._max_page_bytes = max_page_bytes
        self._buffer = bytearray()
        self._base = 0
        self._scanned = 0
        self._in_page = False
        self._too_large_from: int | None = None
        self._gap = bytearray()
        self._gap_bytes = 0
        self._seen_page = False
        self.header = b""

    def feed(self, piece: bytes) -> Iterator[Chunk | BrokenPage]:
        """Take the next piece; the pages that it completes."""
        self._buffer += piece
        start = 0
        while True:
            if not self._in_page:
                at = self._buffer.find(OPEN, start)
                if at < 0:
                    keep = max(start, len(self._buffer) - len(OPEN) + 1)
                    self._add_gap(start, keep)
                    start = keep
                    break
                self._add_gap(start, at)
                yield from self._end_gap(at)
                self._in_page, self._scanned, start = True, at + len(OPEN), at
            end = self._buffer.find(CLOSE, self._scanned)
            following = self._buffer.find(OPEN, self._scanned, end if end >= 0 else len(self._buffer))
            if following >= 0:
                yield self._broken(start, following, "damaged_page", "the page has no end")
                self._scanned, start = following + len(OPEN), following
            elif end >= 0:
                end += len(CLOSE)
                if end - start > self._max_page_bytes:
                    yield self._broken(start, end, "too_large", "the page is larger than the limit")
                else:
                    yield Chunk(self._base + start, bytes(self._buffer[start:end]))
                self._in_page, start = False, end
            elif len(self._buffer) - start > self._max_page_bytes:
                self._too_large_from = self._base + start
                self._in_page, start = False, len(self._buffer) - len(CLOSE) + 1
            else:
                self._scanned = max(start + len(OPEN), len(self._buffer) - len(CLOSE) + 1)
                break
        del self._buffer[:start]
        self._scanned = max(0, self._scanned - start)
        self._base += start

    def finish(self, reason: str = "the file ends inside the page") -> Iterator[BrokenPage]:
        """The stream has ended; what was left open."""
        if self._in_page:
            yield self._broken(0, len(self._buffer), "damaged_page", reason)
            return
        self._add_gap(0, len(self._buffer))
        yield from self._end_gap(len(self._buffer))

    def _broken(self, start: int, stop: int, rule: str, reason: str) -> BrokenPage:
        return BrokenPage(self._base + start, stop - start, rule, reason)

    def _add_gap(self, start: int, stop: int) -> None:
        room = MAX_HEADER_BYTES - len(self._gap)
        self._gap += self._buffer[start : min(stop, start + max(0, room))]
        self._gap_bytes += stop - start

    def _end_gap(self, stop: int) -> Iterator[BrokenPage]:
        """Judge the bytes between two pages, up to `stop` of the buffer: header, space, or a lost page."""
        gap, num_bytes = bytes(self._gap), self._gap_bytes
        self._gap.clear()
        self._gap_bytes = 0
        if self._too_large_from is not None:
            length = self._base + stop - self._too_large_from
            yield BrokenPage(self._too_large_from, length, "too_large", "the page is larger than the limit")
            self._too_large_from = None
        elif not self._seen_page:
            self.header = gap
        elif gap.strip() and b"mediawiki" not in gap:
            yield BrokenPage(
                self._base + stop - num_bytes, num_bytes, "damaged_page", "a page has no beginning"
            )
        self._seen_page = True


def cut_pages(pieces: Iterator[bytes], cutter: PageCutter) -> Iterator[Chunk | BrokenPage]:
    """Pages and broken stretches in order; damage of the compression is raised after all before it."""
    try:
        for piece in pieces:
            yield from cutter.feed(piece)
    except DamagedInputError as error:
        yield from cutter.finish(f"the file cannot be read on inside the page ({error.reason})")
        raise
    yield from cutter.finish()
