"""A byte stream of MediaWiki XML in, the bytes of each `<page>` out, with bounded memory.

Wikitext is escaped inside XML, so the byte strings `<page>` and `</page>` are never text: after damage the
next `<page>` is always a sound place to go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stages.core.errors import DamagedInputError
from stages.ingest.wikipedia.streams import StreamDamage

MAX_PAGE_BYTES = 64 << 20
MAX_HEADER_BYTES = 1 << 20
OPEN, CLOSE = b"<page>", b"</page>"
_CUT_SHORT = "the file cannot be read on inside the page ({})"


@dataclass(frozen=True)
class Chunk:
    """Bytes of one page, tags included, at `offset` of the decompressed stream."""

    offset: int
    data: bytes


@dataclass(frozen=True)
class BrokenPage:
    """A stretch of the decompressed stream that should be a page and is not: where, how long, and why.

    One without a beginning (`headless`) belongs to the page before it.
    """

    offset: int
    num_bytes: int
    rule: str
    reason: str
    headless: bool = False


class PageCutter:
    """Cuts pages out of pieces of bytes; holds one page and one piece at most.

    What lies before the first page, or before the first one after damage, is passed over: the file's header, or the
    rest of a page that began in what another task reads, or in what is lost.
    """

    def __init__(self, max_page_bytes: int = MAX_PAGE_BYTES) -> None:
        self._max_page_bytes = max_page_bytes
        self._buffer = bytearray()
        self._base = 0
        """Position of the buffer in the stream."""
        self._scanned = 0
        self._in_page = False
        self._page_start: int | None = None
        """Position of an open page whose bytes are too many to be held, else None."""
        self._gap = bytearray()
        self._gap_bytes = 0
        self._follows_page = False
        self.seen_page = False

    def feed(self, piece: bytes) -> Iterator[Chunk | BrokenPage]:
        """Take the next piece; the pages that it completes."""
        self._buffer += piece
        start = 0
        close = -2  # not looked for yet; -1: none in the buffer
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
                self._in_page = self._follows_page = self.seen_page = True
                self._scanned, start = at + len(OPEN), at
            if close == -2 or 0 <= close < self._scanned:
                close = self._buffer.find(CLOSE, self._scanned)
            end = close
            following = self._buffer.find(OPEN, self._scanned, end if end >= 0 else len(self._buffer))
            if following >= 0:
                yield self._broken(start, following, "damaged_page", "the page has no end")
                self._scanned, start = following + len(OPEN), following
            elif end >= 0:
                end += len(CLOSE)
                if self._page_start is not None or end - start > self._max_page_bytes:
                    yield self._broken(start, end, "too_large", "the page is larger than the limit")
                else:
                    yield Chunk(self._base + start, bytes(self._buffer[start:end]))
                self._in_page, start = False, end
            else:
                self._scanned = max(start, self._scanned, len(self._buffer) - len(CLOSE) + 1)
                if self._page_start is not None or len(self._buffer) - start > self._max_page_bytes:
                    self._page_start = self._base + start if self._page_start is None else self._page_start
                    start = self._scanned
                break
        del self._buffer[:start]
        self._scanned = max(0, self._scanned - start)
        self._base += start

    def finish(self, reason: str = "the file ends inside the page") -> Iterator[BrokenPage]:
        """The stream has ended, or cannot be read on here; what was left open. More may be fed, as a new beginning."""
        num_bytes = len(self._buffer)
        if self._in_page:
            yield self._broken(0, num_bytes, "damaged_page", reason)
        else:
            self._add_gap(0, num_bytes)
            yield from self._end_gap(num_bytes)
        self._buffer.clear()
        self._base += num_bytes
        self._scanned = 0
        self._in_page = self._follows_page = False

    def _broken(self, start: int, stop: int, rule: str, reason: str) -> BrokenPage:
        position = self._base + start if self._page_start is None else self._page_start
        self._page_start = None
        return BrokenPage(position, self._base + stop - position, rule, reason)

    def _add_gap(self, start: int, stop: int) -> None:
        room = MAX_HEADER_BYTES - len(self._gap)
        self._gap += self._buffer[start : min(stop, start + max(0, room))]
        self._gap_bytes += stop - start

    def _end_gap(self, stop: int) -> Iterator[BrokenPage]:
        """Judge the bytes between two pages, up to `stop` of the buffer: space, the root's end, or a lost page."""
        gap, num_bytes = bytes(self._gap), self._gap_bytes
        self._gap.clear()
        self._gap_bytes = 0
        if self._follows_page and gap.strip() and b"mediawiki" not in gap:
            position = self._base + stop - num_bytes
            yield BrokenPage(position, num_bytes, "damaged_page", "a page has no beginning", headless=True)


def cut_pages(
    pieces: Iterable[bytes | StreamDamage], cutter: PageCutter
) -> Iterator[Chunk | BrokenPage | StreamDamage]:
    """Pages, broken stretches and damage in order; damage that ends the pieces is raised after all before it."""
    try:
        for piece in pieces:
            if isinstance(piece, StreamDamage):
                yield from cutter.finish(_CUT_SHORT.format(piece.reason))
                yield piece
            else:
                yield from cutter.feed(piece)
    except DamagedInputError as error:
        yield from cutter.finish(_CUT_SHORT.format(error.reason))
        raise
    yield from cutter.finish()
