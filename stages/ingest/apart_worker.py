"""A reader's name and the bytes of a raw file on standard input in, what the reader sends on standard output out."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import resource
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

import orjson

from stages.core.errors import DamagedInputError
from stages.ingest.apart import DAMAGE, DONE, ERROR, HEAD, LENGTH, MEMORY_BYTES, MOVES, NO_PLACE, PIECE, READ
from stages.ingest.codecs import MAX_PIECE_BYTES
from stages.ingest.raw import RawFile

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    """Run one reader."""
    _set_limits()
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no message
    wire = Wire(asked, told)
    reader, name, size, *arguments = orjson.loads(wire.answer())
    try:
        module, _, function = reader.partition(":")
        raw = AskedFile("", name, size, wire)
        getattr(import_module(module), function)(raw, wire.send, *arguments)
    except DamagedInputError as error:
        wire.say(DAMAGE, orjson.dumps([error.reason, error.offset, error.rule]))
    except MemoryError:
        reason = f"its decoder wants more than {MEMORY_BYTES >> 20} MiB of memory"
        wire.say(DAMAGE, orjson.dumps([reason, 0]))
    except BaseException:  # noqa: BLE001 - the other process raises it
        wire.say(ERROR, traceback.format_exc().encode("utf-8", "replace"))
    else:
        wire.say(DONE)


def _set_limits() -> None:
    with suppress(ValueError, OSError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the end of its input ends it, at its next read or message
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


class Wire:
    """The two pipes; any thread may use it."""

    def __init__(self, asked: BinaryIO, told: BinaryIO) -> None:
        self._in, self._out = asked, told
        self._lock = threading.Lock()

    def send(self, piece: bytes | memoryview) -> None:
        """Hand on a piece of what is read."""
        self.say(PIECE, piece)

    def say(self, kind: bytes, data: bytes | memoryview = b"") -> None:
        """One message."""
        with self._lock:
            self._out.write(HEAD.pack(kind, len(data)))
            self._out.write(data)
            self._out.flush()

    def read(self, size: int) -> bytes:
        """The next bytes of the raw file."""
        with self._lock:
            self._out.write(HEAD.pack(READ, size))
            self._out.flush()
            return self.answer()

    def move(self, offset: int, whence: int) -> int:
        """Where a move of the raw file's stream led to."""
        with self._lock:
            self._out.write(HEAD.pack(MOVES[whence], offset))
            self._out.flush()
            return self._number()

    def answer(self) -> bytes:
        """A length, and as many bytes."""
        return self._in.read(self._number())

    def _number(self) -> int:
        found = self._in.read(LENGTH.size)
        if len(found) < LENGTH.size:
            os._exit(0)  # nobody reads any more
        return int(LENGTH.unpack(found)[0])


class _AskedStream(io.BufferedIOBase):
    """The raw file's stream in the other process."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._position = wire, wire.move(0, io.SEEK_SET)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes, asked for a few at a time: the other process has memory for one piece."""
        left = sys.maxsize if size is None or size < 0 else size
        parts = []
        while left > 0:
            wanted = min(left, MAX_PIECE_BYTES)
            data = self._wire.read(wanted)
            parts.append(data)
            left -= len(data)
            if len(data) < wanted:
                break
        found = parts[0] if len(parts) == 1 else b"".join(parts)
        self._position += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if not -(1 << 63) <= offset < 1 << 63 or (found := self._wire.move(offset, whence)) == NO_PLACE:
            raise OSError(errno.EINVAL, "a place that no file has")
        self._position = found
        return found


@dataclass(frozen=True)
class AskedFile(RawFile):
    """A raw file whose bytes the other process reads; one stream of it at a time."""

    wire: Any = None

    def open(self) -> BinaryIO:
        """Its stream, from its beginning."""
        return _AskedStream(self.wire)  # type: ignore[return-value]
