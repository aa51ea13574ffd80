"""A 7z archive in, its members and the bytes of one of them, piece by piece and in bounded memory, out.

py7zr reads the archive. It pushes a member's bytes into a writer, so it runs in a thread of its own, and a queue of a
few pieces makes of that a stream to pull from. What is packed by PPMd is read by a process of its own: at some streams of
which a byte is wrong pyppmd 1.3.1 ends the process that it is in.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

import orjson

from stages.core.errors import DamagedInputError, ReadFaultError, UserError
from stages.ingest.apart import read_apart
from stages.ingest.codecs import MAX_PIECE_BYTES, READ_BYTES
from stages.ingest.raw import RawFile

if TYPE_CHECKING:
    from py7zr import SevenZipFile, WriterFactory

SEVEN_ZIP_MAGIC = b"7z\xbc\xaf\x27\x1c"
PPMD = b"\x03\x04\x01"
"""The method's number in a directory, as it stands there."""

_PACKED_DIRECTORY = b"\x17"
_PIECES_AHEAD = 4
_NO_DAMAGE = (ReadFaultError, UserError, MemoryError)
"""What is no judgement on an archive's bytes, wherever in py7zr it happened."""


class SevenZipError(DamagedInputError):
    """An archive, or a member of it, that cannot be read; `rule` is damaged, encrypted or unsupported_method."""


class _StoppedError(Exception):
    """Nobody pulls any more."""


class _UnsafeError(Exception):
    """What is to be unpacked is packed by PPMd."""


@dataclass(frozen=True)
class SevenZipMember:
    """A regular file of an archive: its name and its bytes unpacked."""

    name: str
    size: int


def unpack_members(raw: RawFile) -> tuple[SevenZipMember, ...]:
    """The regular files of an archive in its order, from its directory alone; a SevenZipError when that is none."""
    try:
        return _members(raw, is_apart=False)
    except _UnsafeError:
        found = orjson.loads(b"".join(_apart(raw, send_members)))
        return tuple(SevenZipMember(*member) for member in found)


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
    try:
        yield from _pieces_here(raw, member)
    except _UnsafeError:  # before the first of them
        yield from _apart(raw, send_member, member.name, member.size)


def send_members(raw: RawFile, send: Callable[[bytes], None]) -> None:
    """The directory of an archive, as JSON."""
    send(orjson.dumps([[member.name, member.size] for member in _members(raw, is_apart=True)]))


def send_member(raw: RawFile, send: Callable[[bytes], None], name: str, size: int) -> None:
    """The bytes of a member, each as soon as it is there: how much comes before a crash must not depend on a queue."""
    pipe = _Counted(send, size)
    if (error := _unpacked(raw, name, pipe, is_apart=True)) is not None:
        raise error
    pipe.check_end()


def _apart(raw: RawFile, reader: Callable[..., None], *arguments: str | int) -> Iterator[bytes]:
    try:
        yield from read_apart(raw, f"{reader.__module__}:{reader.__name__}", *arguments)
    except SevenZipError:
        raise
    except DamagedInputError as error:
        told = error.reason if error.reason.startswith("7z") else f"7z is corrupt ({error.reason})"
        raise SevenZipError(told, error.offset, error.rule) from error


def _pieces_here(raw: RawFile, member: SevenZipMember) -> Iterator[bytes]:
    pipe = _Pipe(member.size)
    thread = threading.Thread(target=_push, args=(raw, member, pipe), daemon=True)
    thread.start()
    try:
        yield from pipe.pieces()
    finally:
        pipe.stop()
        thread.join()


class _Sink(Protocol):
    """What takes the bytes of a member."""

    def write(self, data: bytes) -> None:
        """Hand on bytes."""


class _Counted:
    """Hands on bytes of a member in pieces, no more than its directory promises."""

    def __init__(self, send: Callable[[bytes], None], size: int) -> None:
        self._send, self._left = send, size

    def write(self, data: bytes) -> None:
        """Hand on bytes."""
        if len(data) > self._left:
            raise SevenZipError("7z holds more than its directory says", 0)
        self._left -= len(data)
        for start in range(0, len(data), MAX_PIECE_BYTES):
            self._send(bytes(data[start : start + MAX_PIECE_BYTES]))

    def check_end(self) -> None:
        """A SevenZipError unless all bytes were there."""
        if self._left:
            raise SevenZipError("7z ends in the middle of a member", 0)


class _Pipe:
    """A bounded queue of pieces, from the thread that unpacks to the one that reads."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(_PIECES_AHEAD)
        self._stopped = threading.Event()
        self.sink = _Counted(self.put, size)

    def put(self, piece: bytes | Exception | None) -> None:
        """Hand on a piece, an error or the end; waits while the queue is full, until somebody stops."""
        while not self._stopped.is_set():
            try:
                self._queue.put(piece, timeout=0.05)
            except queue.Full:
                continue
            return
        raise _StoppedError

    def pieces(self) -> Iterator[bytes]:
        """All pieces; raises the error that ended them."""
        while (piece := self._queue.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        self.sink.check_end()

    def stop(self) -> None:
        """Let the other thread end."""
        self._stopped.set()


def _push(raw: RawFile, member: SevenZipMember, pipe: _Pipe) -> None:
    """Unpack one member into the pipe; whatever happens, the pipe's reader hears of it."""
    with suppress(_StoppedError):
        pipe.put(_unpacked(raw, member.name, pipe.sink, is_apart=False))


def _unpacked(raw: RawFile, name: str, sink: _Sink, is_apart: bool) -> Exception | None:
    """Unpack one member into a sink; the error that ended it, or None."""
    try:
        with raw.open() as stream, _opened(stream, raw.size, is_apart) as archive:
            if not is_apart and _unpacks_ppmd(archive):
                raise _UnsafeError
            archive.extract(targets=[name], factory=_factory(sink))
    except _StoppedError:
        raise
    except (SevenZipError, _UnsafeError, *_NO_DAMAGE) as error:
        return error
    except Exception as error:  # noqa: BLE001 - on bad bytes py7zr fails in many ways
        return _told(error, raw.size)
    return None


def _members(raw: RawFile, is_apart: bool) -> tuple[SevenZipMember, ...]:
    with raw.open() as stream, _opened(stream, raw.size, is_apart) as archive:
        return tuple(SevenZipMember(m.filename, m.uncompressed) for m in archive.files if not m.is_directory)


def _opened(stream: BinaryIO, size: int, is_apart: bool) -> SevenZipFile:
    """The archive in a stream. A SevenZipError tells of any damage: on bad bytes its parser fails in many ways."""
    import py7zr

    try:
        if not is_apart and _directory_names_ppmd(stream, size):
            raise _UnsafeError
        archive = py7zr.SevenZipFile(stream, "r", blocksize=READ_BYTES)
        if archive.needs_password():
            raise SevenZipError("7z is encrypted", 0, "encrypted")
    except (SevenZipError, _UnsafeError, *_NO_DAMAGE):
        raise
    except Exception as error:
        raise _told(error, size) from error
    return archive


def _directory_names_ppmd(stream: BinaryIO, size: int) -> bool:
    """Whether a directory that is packed itself may be so by PPMd: it is unpacked as soon as an archive is opened."""
    head = stream.read(32)
    place, length = (int.from_bytes(head[start : start + 8], "little") for start in (12, 20))
    found = False
    if len(head) == 32 and 32 + place < size:
        stream.seek(32 + place)
        found = stream.read(1) == _PACKED_DIRECTORY and PPMD in stream.read(min(length, size))
    stream.seek(0)
    return found


def _unpacks_ppmd(archive: SevenZipFile) -> bool:
    streams = archive.header.main_streams
    folders = [] if streams is None else streams.unpackinfo.folders
    return any(coder["method"] == PPMD for folder in folders for coder in folder.coders)


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


def _factory(sink: _Sink) -> WriterFactory:
    """What py7zr asks for a writer: it asks for the targets alone."""
    from py7zr.io import Py7zIO, WriterFactory

    class Writer(Py7zIO):
        def write(self, s: bytes | bytearray) -> int:
            sink.write(bytes(s))
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
