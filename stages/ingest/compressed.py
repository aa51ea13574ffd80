"""Raw files in, their decompressed bytes out as a stream, bounded, with damage told by its offset in the raw file."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from stages.core.errors import DamagedInputError
from stages.ingest.codecs import MAX_PIECE_BYTES, READ_BYTES, Decoder, Deflate
from stages.ingest.frames import FRAME_MAGIC, frame_pieces
from stages.ingest.raw import RawFile
from stages.ingest.seven_zip import SEVEN_ZIP_MAGIC, member_pieces, sole_member


def compression_of(head: bytes) -> str:
    """`gzip`, `bz2`, `xz`, `zstd`, `lz4`, `7z` or `none`, told by a file's first bytes and not by its name."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    for kind, magic in FRAME_MAGIC.items():
        if head.startswith(magic):
            return kind
    return "7z" if head.startswith(SEVEN_ZIP_MAGIC) else "none"


def decompressed(raw: RawFile, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[bytes]:
    """The decompressed pieces of a raw file, at most MAX_PIECE_BYTES each; multi-member files are read to the end.

    Raises DamagedInputError with the offset in the raw file where it is truncated or corrupt, after all that
    could be read. Zeros between and behind members are padding; other bytes that are no member are damage.
    Of a 7z archive it is the one member whose name is `wanted` that is read.
    """
    with raw.open() as stream:
        kind = compression_of(stream.read(8))
        stream.seek(0)
        if kind == "7z":
            yield from member_pieces(raw, sole_member(raw, wanted))
        elif kind in FRAME_MAGIC:
            yield from frame_pieces(stream, kind)
        elif kind == "none":
            while piece := stream.read(READ_BYTES):
                yield piece
        else:
            yield from _members(stream, kind)


def _members(stream: BinaryIO, kind: str) -> Iterator[bytes]:
    """The decompressed pieces of all members of a gzip, bz2 or xz file."""
    offset = 0
    pending = b""
    decoder = _decoder(kind)
    fresh = True
    while data := pending or stream.read(READ_BYTES):
        pending = b""
        if fresh and data.startswith(b"\0"):
            rest = data.lstrip(b"\0")
            offset += len(data) - len(rest)
            pending = rest
            continue
        fresh = False
        yield from _decode(decoder, data, offset, kind)
        offset += len(data) - len(decoder.unused_data)
        if decoder.eof:
            pending = decoder.unused_data
            decoder = _decoder(kind)
            fresh = True
    if not fresh:
        raise DamagedInputError(f"{kind} ends in the middle of a member", offset)


def _decoder(kind: str) -> Decoder:
    if kind == "gzip":
        return Deflate(31)
    return bz2.BZ2Decompressor() if kind == "bz2" else lzma.LZMADecompressor()


def _decode(decoder: Decoder, data: bytes, offset: int, kind: str) -> Iterator[bytes]:
    try:
        while True:
            piece = decoder.decompress(data, MAX_PIECE_BYTES)
            data = b""
            if piece:
                yield piece
            if decoder.eof or decoder.needs_input:
                return
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
