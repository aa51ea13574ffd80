"""Raw files in, their decompressed bytes out as a stream, bounded, with damage told by its offset in the raw file."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

from stages.core.errors import DamagedInputError
from stages.ingest.base import RawFile

READ_BYTES = 128 << 10
MAX_PIECE_BYTES = 4 << 20
"""Decompressed bytes handed on at a time: a bomb streams by, it never fills the memory."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _Gzip:
    """zlib's gzip decoder with the bounded interface of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def compression_of(head: bytes) -> str:
    """`gzip`, `bz2`, `xz` or `none`, told by a file's first bytes and not by its name."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    return "none"


def decompressed(raw: RawFile) -> Iterator[bytes]:
    """The decompressed pieces of a raw file, at most MAX_PIECE_BYTES each; multi-member files are read to the end.

    Raises DamagedInputError with the offset in the raw file where it is truncated or corrupt, after all that
    could be read. Bytes after the last member that are no member (padding) end the stream when they are zeros.
    """
    with raw.open() as stream:
        head = stream.read(8)
        stream.seek(0)
        kind = compression_of(head)
        if kind == "none":
            while piece := stream.read(READ_BYTES):
                yield piece
            return
        offset = 0
        pending = b""
        decoder = _decoder(kind)
        fresh = True
        while True:
            data = pending if pending else stream.read(READ_BYTES)
            if not data:
                if not fresh:
                    raise DamagedInputError(f"{kind} ends in the middle of a member", offset)
                return
            pending = b""
            if fresh and not data.strip(b"\0"):
                offset += len(data)
                continue
            fresh = False
            yield from _decode(decoder, data, offset, kind)
            offset += len(data) - len(decoder.unused_data)
            if decoder.eof:
                pending = decoder.unused_data
                decoder = _decoder(kind)
                fresh = True


def _decoder(kind: str) -> _Gzip | bz2.BZ2Decompressor | lzma.LZMADecompressor:
    if kind == "gzip":
        return _Gzip()
    return bz2.BZ2Decompressor() if kind == "bz2" else lzma.LZMADecompressor()


def _decode(
    decoder: _Gzip | bz2.BZ2Decompressor | lzma.LZMADecompressor, data: bytes, offset: int, kind: str
) -> Iterator[bytes]:
    try:
        piece = decoder.decompress(data, MAX_PIECE_BYTES)
        while True:
            if piece:
                yield piece
            if decoder.eof or (not piece and decoder.needs_input):
                return
            if decoder.needs_input:
                return
            piece = decoder.decompress(b"", MAX_PIECE_BYTES)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        raise DamagedInputError(f"{kind} is corrupt ({error})", offset) from error


class PieceReader:
    """A file-like reader over decompressed pieces, for parsers that want `read(n)`; forward only."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._start = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end (all of the rest when negative)."""
        parts: list[bytes] = []
        wanted = size
        while wanted != 0:
            available = len(self._buffer) - self._start
            if available == 0:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._buffer, self._start = piece, 0
                continue
            take = available if wanted < 0 else min(available, wanted)
            parts.append(self._buffer[self._start : self._start + take])
            self._start += take
            wanted -= take if wanted > 0 else 0
        return b"".join(parts)


def lines(pieces: Iterator[bytes], max_line_bytes: int) -> Iterator[tuple[int, bytes]]:
    r"""(offset in the decompressed stream, line without `\n`) of each line.

    A line longer than `max_line_bytes` is cut off at that length plus one byte, so that a caller sees that it is too
    long and memory stays bounded; the rest of it is passed over.
    """
    offset = 0
    start_of_line = 0
    tail = b""
    for piece in pieces:
        parts = piece.split(b"\n")
        for part in parts[:-1]:
            room = max_line_bytes + 1 - len(tail)
            yield start_of_line, tail + part[: max(0, room)]
            tail = b""
            offset += len(part) + 1
            start_of_line = offset
        offset += len(parts[-1])
        room = max_line_bytes + 1 - len(tail)
        tail += parts[-1][: max(0, room)]
    if tail:
        yield start_of_line, tail
