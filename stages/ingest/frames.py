"""A stream of zstd or lz4 frames in, what they hold out: fastwarc's readers, which join frames and do not check padding."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from fastwarc.stream_io import Lz4Reader, ZstdReader

from stages.core.errors import DamagedInputError

PIECE_BYTES = 64 << 10
"""Bytes handed on at a time: what stands before damage in the same piece is lost with it."""

FRAME_MAGIC = {"zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x04\x22\x4d\x18"}


class Forward:
    """A stream as it is from here on; fastwarc's readers must not seek back to its start."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Always refused."""
        raise io.UnsupportedOperation("forward only")

    def close(self) -> None:
        """The stream below belongs to the caller."""

    def tell(self) -> int:
        """Bytes read so far."""
        return self._position


def frame_reader(stream: BinaryIO, kind: str) -> Any:
    """A reader of what the frames from here on hold; it raises OSError where they are corrupt."""
    return (ZstdReader if kind == "zstd" else Lz4Reader)(Forward(stream))


def frame_pieces(stream: BinaryIO, kind: str) -> Iterator[bytes]:
    """All that the frames hold, a piece at a time; a DamagedInputError at the frame that is corrupt or cut."""
    reader = frame_reader(stream, kind)
    try:
        while piece := reader.read(PIECE_BYTES):
            yield bytes(piece)
    except OSError as error:
        raise DamagedInputError(f"{kind} is corrupt ({error})", reader.frame_start_position() or 0) from error
