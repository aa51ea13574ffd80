"""A raw archive file in, its decompressed bytes and the raw offset of every member out, past damage."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from stages.core.errors import DamagedInputError
from stages.ingest.compressed import compression_of, decompressed
from stages.ingest.frames import frame_reader
from stages.ingest.raw import RawFile

READ_BYTES = 16 << 10
"""Small, since what a chunk holds past a member's end is copied once per member."""
SCAN_BYTES = 1 << 20
MAX_PIECE_BYTES = 1 << 20

MAGIC = {
    "gzip": rb"\x1f\x8b\x08[\x00-\x1f]",
    "zstd": rb"\x28\xb5\x2f\xfd",
    "lz4": rb"\x04\x22\x4d\x18",
}
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""The skippable frame before the first member that holds the dictionary of all."""

_RECORD_START = re.compile(rb"\s*(?:WARC/\d|[a-z]{3,8}:\S)")
TRIAL_BYTES = 4 << 10
"""Of a member, that tell what it begins with."""


@dataclass(frozen=True)
class MemberStart:
    """A compressed member (gzip) or stream (zstd, lz4) begins at `offset` bytes of the raw file."""

    offset: int


@dataclass(frozen=True)
class MemberDamage:
    """The raw file cannot be read from `offset` on, for `length_bytes`; what follows is a member that can."""

    offset: int
    length_bytes: int
    reason: str


MemberEvent = MemberStart | MemberDamage | bytes


def archive_compression(head: bytes) -> str:
    """`gzip`, `zstd`, `lz4`, `bz2`, `xz` or `none`, by a file's first bytes."""
    return "zstd" if head.startswith(ZSTD_DICTIONARY) else compression_of(head)


def opening(stream: BinaryIO) -> tuple[str, int]:
    """Compression of an archive and the offset of its first member, which is not 0 where its start is damaged."""
    head = stream.read(TRIAL_BYTES)
    kind = archive_compression(head)
    if kind != "none" or not head or _RECORD_START.match(head):
        return kind, 0
    for name in MAGIC:
        offset = _next_member(stream, 0, name, SCAN_BYTES)
        if offset is not None:
            return name, offset
    return "none", 0


def read_members(raw: RawFile, start: int = 0) -> Generator[MemberEvent, None, None]:
    """Decompressed pieces of a raw file, each member announced; after damage the next good member.

    From the gzip member at `start` on, where that is not 0.
    """
    with raw.open() as stream:
        kind, first = ("gzip", start) if start else opening(stream)
        if kind in ("none", "bz2", "xz", "7z"):
            yield MemberStart(0)
            yield from _plain(raw)
            return
        if first and not start:
            yield MemberDamage(0, first, f"no {kind} member")
        offset: int | None = first
        while offset is not None and offset < raw.size:
            stream.seek(offset)
            events = gzip_members(stream, offset) if kind == "gzip" else _framed(stream, offset, kind)
            damage = yield from events
            if damage is None:
                return
            offset = _next_member(stream, damage.offset + 1, kind)
            end = raw.size if offset is None else offset
            yield MemberDamage(damage.offset, max(0, end - damage.offset), damage.reason)


def _plain(raw: RawFile) -> Iterator[MemberEvent]:
    try:
        yield from decompressed(raw)
    except DamagedInputError as error:
        yield MemberDamage(error.offset, max(0, raw.size - error.offset), error.reason)


def gzip_members(stream: BinaryIO, start: int) -> Generator[MemberEvent, None, MemberDamage | None]:
    """Members from `start` on; returns where and why they cannot be read on, None at a clean end."""
    chunk = stream.read(READ_BYTES)
    member = start
    while True:
        chunk, padding = _without_padding(stream, chunk)
        member += padding
        if not chunk:
            return None
        yield MemberStart(member)
        decoder = zlib.decompressobj(wbits=31)
        consumed = 0
        while not decoder.eof:
            if not chunk:
                return MemberDamage(member, 0, "gzip ends in the middle of a member")
            before = decoder.copy() if consumed else zlib.decompressobj(wbits=31)
            given = 0
            try:
                for piece in _inflate(decoder, chunk):
                    given += len(piece)
                    yield piece
            except zlib.error as error:
                if rescued := b"".join(_rescue(before, chunk))[given:]:
                    yield rescued
                return MemberDamage(member, 0, f"gzip is corrupt ({error})")
            consumed += len(chunk) - len(decoder.unused_data)
            chunk = decoder.unused_data if decoder.eof else stream.read(READ_BYTES)
        member += consumed


def _without_padding(stream: BinaryIO, chunk: bytes) -> tuple[bytes, int]:
    """Zeros between members are padding: the chunk without them, and how many there were."""
    padding = 0
    if not chunk:
        chunk = stream.read(READ_BYTES)
    while chunk[:1] == b"\0":
        rest = chunk.lstrip(b"\0")
        padding += len(chunk) - len(rest)
        chunk = rest or stream.read(READ_BYTES)
    return chunk, padding


def _inflate(decoder: Any, chunk: bytes) -> Iterator[bytes]:
    """All that `chunk` gives, in bounded pieces."""
    data = chunk
    while True:
        piece = decoder.decompress(data, MAX_PIECE_BYTES)
        if piece:
            yield piece
        data = decoder.unconsumed_tail
        if decoder.eof or (not data and len(piece) < MAX_PIECE_BYTES):
            return


def _rescue(decoder: Any, chunk: bytes) -> Iterator[bytes]:
    """What a chunk with an error holds before the error: zlib gives nothing of a call that fails."""
    for position in range(len(chunk)):
        try:
            yield from _inflate(decoder, chunk[position : position + 1])
        except zlib.error:
            return


def _framed(stream: BinaryIO, start: int, kind: str) -> Generator[MemberEvent, None, MemberDamage | None]:
    """A zstd or lz4 stream from `start` on; fastwarc's readers join its frames."""
    yield MemberStart(start)
    reader = frame_reader(stream, kind)
    try:
        while piece := reader.read(SCAN_BYTES):
            yield piece
    except OSError as error:
        frame = start + (reader.frame_start_position() or 0)
        return MemberDamage(frame, 0, f"{kind} is corrupt ({error})")
    return None


def _next_member(stream: BinaryIO, start: int, kind: str, end: int | None = None) -> int | None:
    """Raw offset of the first member from `start` on, up to about `end`, that holds the start of a record."""
    magic = re.compile(MAGIC[kind], re.DOTALL)
    offset = start
    overlap = 3
    while True:
        stream.seek(offset)
        data = stream.read(SCAN_BYTES)
        for match in magic.finditer(data):
            position = offset + match.start()
            stream.seek(position)
            if _RECORD_START.match(first_bytes_of(stream.read(TRIAL_BYTES), kind)):
                return position
        if len(data) < SCAN_BYTES or (end is not None and offset + len(data) >= end):
            return None
        offset += len(data) - overlap


def first_bytes_of(data: bytes, kind: str) -> bytes:
    """The first bytes that compressed `data` gives; none when it is not what its magic says."""
    try:
        if kind == "gzip":
            return zlib.decompressobj(wbits=31).decompress(data, 64)
        return bytes(frame_reader(io.BytesIO(data), kind).read(64))
    except (zlib.error, OSError):
        return b""
