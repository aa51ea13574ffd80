"""A dump, or a stretch of one, in; pieces of its XML out, each place in them named so that no split changes the name.

A bz2 dump is read stream by stream (Wikimedia's multistream, pbzip2, concatenated files): a stream starts at a byte,
with a mark that can be found from anywhere, so tasks share one dump without its index and damage costs one stream.
"""

from __future__ import annotations

import bz2
import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import BinaryIO

from stages.core.errors import UserError
from stages.core.storage import FoundFile
from stages.ingest.base import Range, byte_ranges, whole_file
from stages.ingest.codecs import READ_BYTES
from stages.ingest.compressed import compression_of, decompressed
from stages.ingest.raw import RawFile

STREAM_START = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
"""The header of a bz2 stream with the mark of its first block, or of its end when it holds nothing."""

START_BYTES = 10
SCAN_BYTES = 1 << 20
PIECE_BYTES = 64 << 10
"""Text that a bz2 decoder gives at a time: where it meets damage, what it had not given yet is lost."""

LOOK_AHEAD_BYTES = 32 << 20
"""How far a second stream is looked for before a large bz2 file counts as one that cannot be split."""

_INDEX_NAME = re.compile(r"-multistream-index\d*\.txt(?:-p\d+p\d+)?(?:\.(?:bz2|gz|xz|7z))?$")


_NO_XML = (
    (re.compile(r"-ENTERPRISE-HTML\b.*\.json", re.IGNORECASE), "an Enterprise dump (pages as HTML in JSON)"),
    (re.compile(r"cirrussearch|cirrus-search", re.IGNORECASE), "a Cirrus dump (JSON of the search index)"),
)
_UTF16_STARTS = (
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    *((blank + b"\0", "utf-16-le") for blank in (b"\n", b"\r", b"\t", b" ")),
    *((b"\0" + blank, "utf-16-be") for blank in (b"\n", b"\r", b"\t", b" ")),
)


def refuse_other_dumps(file: FoundFile) -> None:
    """A UserError where a file is, by its name, a dump of another kind than pages in MediaWiki's XML."""
    for name, kind in _NO_XML:
        if name.search(file.name.rsplit("/", 1)[-1]) is not None:
            raise UserError(
                f"{file.uri}: {kind}, not wikitext in MediaWiki's XML; leave it out and give the wiki's"
                " pages-articles.xml.bz2"
            )


def utf16_codec(start: bytes) -> str | None:
    """The codec of XML that starts with these bytes, where it is UTF-16: no other XML has a zero byte there."""
    return next((codec for mark, codec in _UTF16_STARTS if start.startswith(mark)), None)


def is_index(name: str) -> bool:
    """Whether a raw file is the index of a multistream dump, by its name: it lists offsets and holds no page."""
    return _INDEX_NAME.search(name) is not None


def split_dump(file: FoundFile, range_bytes: int) -> list[Range]:
    """The ranges by which tasks may share a dump: any of plain XML, and of bz2 made of several streams."""
    if file.size <= range_bytes or is_index(file.name):
        return whole_file(file)
    with RawFile(file.uri, file.name, file.size).open() as stream:
        start = stream.read(READ_BYTES)
        kind = compression_of(start[:8])
        splits = kind == "none" or (kind == "bz2" and _has_second_stream(stream, file.size))
        # UTF-16 is read from its start: where a character begins cannot be told from the middle.
        splits = splits and utf16_codec(start if kind == "none" else _first_bytes(start)) is None
    return byte_ranges(file.size, range_bytes) if splits else whole_file(file)


def _first_bytes(start: bytes) -> bytes:
    try:
        return bz2.BZ2Decompressor().decompress(start, 8)
    except (OSError, ValueError):
        return b""  # whoever reads it meets the damage, and tells of it


def _has_second_stream(stream: BinaryIO, size: int) -> bool:
    return _Streams(stream, min(size, LOOK_AHEAD_BYTES)).find(1) is not None


@dataclass(frozen=True)
class StreamDamage:
    """A stretch of the raw file that cannot be read. `owned` is False when another range's reader tells of it."""

    offset: int
    num_bytes: int
    reason: str
    owned: bool


class DumpReader:
    """Reads the XML from a raw file's `start` on, past its `stop`; a position counts the bytes given since."""

    def __init__(self, raw: RawFile) -> None:
        self._raw = raw
        self._stop = raw.size if raw.stop is None else raw.stop
        self._marks: list[tuple[int, int]] = []
        """(position, raw offset) of the start of each stream read so far."""
        self._position = 0
        self._stop_position: int | None = None
        self._plain = False

    def place(self, position: int) -> str:
        """`@<raw offset>` in plain XML, else `@<raw offset of the stream>+<offset in what it holds>`."""
        start, origin = self._marks[bisect_right(self._marks, position, key=itemgetter(0)) - 1]
        offset = position - start
        return f"@{origin + offset}" if self._plain else f"@{origin}+{offset}"

    def is_behind(self, position: int) -> bool:
        """Whether what begins there belongs to a later range."""
        return self._stop_position is not None and position >= self._stop_position

    def pieces(self) -> Iterator[bytes | StreamDamage]:
        """The XML in pieces, to the end of the file; a DamagedInputError as `decompressed` raises it."""
        with self._raw.open() as stream:
            kind = compression_of(stream.read(8))
            if kind == "bz2":
                yield from self._bz2_pieces(_Streams(stream, self._raw.size))
            elif kind == "none":
                yield from self._plain_pieces(stream)
        # Other files have no parts: whatever the plan thought, the range that starts at 0 has it all.
        if kind not in ("bz2", "none") and self._raw.start == 0:
            self._marks.append((0, 0))
            yield from decompressed(self._raw)

    def _plain_pieces(self, stream: BinaryIO) -> Iterator[bytes]:
        self._plain = True
        self._marks.append((0, self._raw.start))
        if self._stop < self._raw.size:
            self._stop_position = self._stop - self._raw.start
        stream.seek(self._raw.start)
        while piece := stream.read(SCAN_BYTES):
            yield piece

    def _bz2_pieces(self, streams: _Streams) -> Iterator[bytes | StreamDamage]:
        at = streams.find(self._raw.start)
        if self._raw.start == 0 and at != 0:
            # What lies before the first stream belongs to the range that starts with it.
            yield from streams.check_padding(0, at, owned=True)
        while at is not None:
            owned = at < self._stop
            if not owned and self._stop_position is None:
                self._stop_position = self._position
            self._marks.append((self._position, at))
            end = yield from self._stream(streams, at, owned)
            following = end if streams.starts_at(end) else streams.find(end)
            if following != end:
                yield from streams.check_padding(end, following, owned)
            at = following

    def _stream(
        self, streams: _Streams, start: int, owned: bool
    ) -> Generator[bytes | StreamDamage, None, int]:
        """The pieces of the stream at `start`; returns where it ends, or where to go on when it is damaged.

        It is fed in pieces counted from its own start: what comes out before damage does not depend on the range.
        """
        decoder, at, reason = bz2.BZ2Decompressor(), start, ""
        while not decoder.eof and not reason:
            data = b""
            if decoder.needs_input:
                data = streams.read(at, READ_BYTES)
                at += len(data)
                if not data:
                    reason = "bz2 ends in the middle of a stream"
                    break
            try:
                piece = decoder.decompress(data, PIECE_BYTES)
            except (OSError, ValueError) as error:
                reason = f"bz2 is corrupt ({error})"
                break
            if piece:
                self._position += len(piece)
                yield piece
        if not reason:
            return at - len(decoder.unused_data)
        following = streams.find(start + START_BYTES)
        end = streams.size if following is None else following
        yield StreamDamage(start, end - start, reason, owned)
        return end


class _Streams:
    """The raw bytes of a bz2 file up to `size`, read by offset through one window."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.size = size
        self._window, self._window_start = b"", 0

    def read(self, offset: int, num_bytes: int) -> bytes:
        """Bytes from `offset` on, fewer only at the end of the file."""
        num_bytes = min(num_bytes, self.size - offset)
        if not self._window_start <= offset <= offset + num_bytes <= self._window_start + len(self._window):
            self._stream.seek(offset)
            self._window, self._window_start = self._stream.read(max(SCAN_BYTES, num_bytes)), offset
        start = offset - self._window_start
        return self._window[start : start + num_bytes]

    def starts_at(self, offset: int) -> bool:
        """Whether a stream starts there."""
        return STREAM_START.match(self.read(offset, START_BYTES)) is not None

    def find(self, offset: int) -> int | None:
        """Where the first stream at or behind `offset` starts."""
        while offset < self.size:
            data = self.read(offset, SCAN_BYTES)
            found = STREAM_START.search(data)
            if found is not None:
                return offset + found.start()
            offset += SCAN_BYTES - START_BYTES + 1
        return None

    def check_padding(self, start: int, stop: int | None, owned: bool) -> Iterator[StreamDamage]:
        """Damage unless the bytes between two streams, or behind the last, are zeros."""
        stop = self.size if stop is None else stop
        at = start
        while at < stop:
            data = self.read(at, min(SCAN_BYTES, stop - at))
            if data.strip(b"\0"):
                yield StreamDamage(start, stop - start, "bytes that are no bz2 stream", owned)
                return
            at += len(data)
