"""A 7z archive in, its members and the bytes of one of them, piece by piece and in bounded memory, out.

py7zr reads the archive. It pushes a member's bytes into a writer, so it runs in a thread of its own, and a queue of a
few pieces makes of that a stream to pull from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from stages.core.errors import DamagedInputError, ReadFaultError, UserError
from stages.ingest.codecs import MAX_PIECE_BYTES, READ_BYTES
from stages.ingest.raw import RawFile

if TYPE_CHECKING:
    from py7zr import SevenZipFile, WriterFactory

SEVEN_ZIP_MAGIC = b"7z\xbc\xaf\x27\x1c"
_PIECES_AHEAD = 4
_NO_DAMAGE = (ReadFaultError, UserError, MemoryError)
"""What is no judgement on an archive's bytes, wherever in py7zr it happened."""


class SevenZipError(DamagedInputError):
    """An archive, or a member of it, that cannot be read; `rule` is damaged, encrypted or unsupported_method."""


class _StoppedError(Exception):
    """Nobody pulls any more."""


@dataclass(frozen=True)
class SevenZipMember:
    """A regular file of an archive: its name and its bytes unpacked."""

    name: str
    size: int


def unpack_members(raw: RawFile) -> tuple[SevenZipMember, ...]:
    """The regular files of an archive in its order, from its directory alone; a SevenZipError when that is none."""
    with raw.open() as stream, _opened(stream, raw.size) as archive:
        return tuple(SevenZipMember(m.filename, m.uncompressed) for m in archive.files if not m.is_directory)


def sole_member(raw: RawFile, wanted: Callable[[str], bool] = lambda _: True) -> SevenZipMember:
    """The one member whose name is wanted; a SevenZipError when there are none or several."""
    found = [member for member in unpack_members(raw) if wanted(member.name)]
    if len(found) != 1:
        raise SevenZipError(f"7z holds {len(found)} files to read, not one", 0)
    return found[0]


def member_pieces(raw: RawFile, member: SevenZipMember) -> Iterator[bytes]:
    """The bytes of a member, at most MAX_PIECE_BYTES at a time; its checksum is looked at behind the last of them.

    In a solid archive what lies before the member has to be unpacked too; it is thrown away.
    """
    pipe = _Pipe(member.size)
    thread = threading.Thread(target=_push, args=(raw, member, pipe), daemon=True)
    thread.start()
    try:
        yield from pipe.pieces()
    finally:
        pipe.stop()
        thread.join()


class _Pipe:
    """A bounded queue of pieces, from the thread that unpacks to the one that reads."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(_PIECES_AHEAD)
        self._stopped = threading.Event()
        self._left = size

    def put(self, piece: bytes | Exception | None) -> None:
        """Hand on a piece, an error or the end; waits while the queue is full, until somebody stops."""
        while not self._stopped.is_set():
            try:
                self._queue.put(piece, timeout=0.05)
            except queue.Full:
                continue
            return
        raise _StoppedError

    def write(self, data: bytes) -> None:
        """Hand on bytes of the member, no more than its directory promises."""
        if len(data) > self._left:
            raise SevenZipError("7z holds more than its directory says", 0)
        self._left -= len(data)
        for start in range(0, len(data), MAX_PIECE_BYTES):
            self.put(bytes(data[start : start + MAX_PIECE_BYTES]))

    def pieces(self) -> Iterator[bytes]:
        """All pieces; raises the error that ended them."""
        while (piece := self._queue.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        if self._left:
            raise SevenZipError("7z ends in the middle of a member", 0)

    def stop(self) -> None:
        """Let the other thread end."""
        self._stopped.set()


def _push(raw: RawFile, member: SevenZipMember, pipe: _Pipe) -> None:
    """Unpack one member into the pipe; whatever happens, the pipe's reader hears of it."""
    end: Exception | None = None
    try:
        with raw.open() as stream, _opened(stream, raw.size) as archive:
            archive.extract(targets=[member.name], factory=_factory(pipe))
    except _StoppedError:
        return
    except (SevenZipError, *_NO_DAMAGE) as error:
        end = error
    except Exception as error:  # noqa: BLE001 - on bad bytes py7zr fails in many ways
        end = _told(error, raw.size)
    with suppress(_StoppedError):
        pipe.put(end)


def _opened(stream: BinaryIO, size: int) -> SevenZipFile:
    """The archive in a stream. A SevenZipError tells of any damage: on bad bytes its parser fails in many ways."""
    import py7zr

    try:
        archive = py7zr.SevenZipFile(stream, "r", blocksize=READ_BYTES)
        if archive.needs_password():
            raise SevenZipError("7z is encrypted", 0, "encrypted")
    except (SevenZipError, *_NO_DAMAGE):
        raise
    except Exception as error:
        raise _told(error, size) from error
    return archive


def _told(error: Exception, size: int) -> SevenZipError:
    """The damage of an archive of `size` bytes in our words."""
    from py7zr.exceptions import CrcError, PasswordRequired, UnsupportedCompressionMethodError

    if isinstance(error, CrcError):
        return SevenZipError(f"7z is corrupt (checksum of {error.filename})", 0)
    if isinstance(error, PasswordRequired):
        return SevenZipError("7z is encrypted", 0, "encrypted")
    if isinstance(error, UnsupportedCompressionMethodError):
        return SevenZipError(f"7z packed by a method that is not known ({error})", 0, "unsupported_method")
    reason = str(error) or type(error).__name__
    return SevenZipError(f"7z of {size} bytes is corrupt, truncated or a volume of several ({reason})", 0)


def _factory(pipe: _Pipe) -> WriterFactory:
    """What py7zr asks for a writer: it asks for the targets alone."""
    from py7zr.io import Py7zIO, WriterFactory

    class Writer(Py7zIO):
        def write(self, s: bytes | bytearray) -> int:
            pipe.write(bytes(s))
            return len(s)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            return None

        def size(self) -> int:
            return 0

    class Factory(WriterFactory):
        def create(self, filename: str) -> Writer:
            return Writer()

    return Factory()
