"""Compressed bytes in, at most `max_length` bytes of what they hold out: one bounded interface for every decoder."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

READ_BYTES = 128 << 10
MAX_PIECE_BYTES = 4 << 20
"""Decompressed bytes handed on at a time: a bomb streams by, it never fills the memory."""


class Decoder(Protocol):
    """What the standard library's bz2 and lzma decoders are."""

    @property
    def eof(self) -> bool:
        """Whether the end mark of the stream was read."""

    @property
    def unused_data(self) -> bytes:
        """The bytes given that lie behind the end mark."""

    @property
    def needs_input(self) -> bool:
        """Whether more can come out only after more went in."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take `data` and give at most `max_length` bytes; what was not used is kept for the next call."""


class Deflate:
    """zlib's decoder with the bounded interface of bz2 and lzma; `wbits` 31 is gzip, -15 raw.

    Where bytes are corrupt it first gives what they hold up to there, and raises at the next call: a small file
    is one call, and would be lost as a whole.
    """

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits=wbits)
        self._is_full = False
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was read."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """The bytes behind the end of the stream."""
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether all bytes that were given are used up, and what they hold came out."""
        return not self._inner.unconsumed_tail and not self._is_full and self._error is None

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes."""
        if self._error is not None:
            raise self._error
        given = self._inner.unconsumed_tail + data
        before = self._inner.copy()
        try:
            piece = self._inner.decompress(given, max_length)
        except zlib.error as error:
            self._error = error
            return _up_to_damage(before, given, max_length)
        self._is_full = len(piece) == max_length
        return piece


def _up_to_damage(decoder: Any, data: bytes, max_length: int) -> bytes:
    """What a decoder gives before the byte of `data` at which it fails."""
    pieces: list[bytes] = []
    for index in range(len(data)):
        try:
            piece = decoder.decompress(data[index : index + 1], max_length)
        except zlib.error:
            break
        pieces.append(piece)
        max_length -= len(piece)
        if max_length <= 0:
            break
    return b"".join(pieces)


class Stored:
    """Bytes that are not compressed at all, under the same interface; they have no end mark."""

    eof = False
    unused_data = b""

    def __init__(self) -> None:
        self._held = b""

    @property
    def needs_input(self) -> bool:
        """Whether all bytes that were given went out."""
        return not self._held

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes."""
        self._held += data
        piece, self._held = self._held[:max_length], self._held[max_length:]
        return piece
