"""A file and its size in, a stream of its bytes out whose failed reads nobody can take for damaged bytes.

Decoders hide why they stop: zipfile says "bad zip file" of a disk error, py7zr swallows whatever its thread meets, Arrow
makes an ArrowInvalid of a lost connection. So the stream itself remembers the first read that failed, and raises it as
an exception that no decoder's family of errors holds; `Reads` asks for it again before anything is recorded.
"""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, TypeVar

from stages.core.errors import ReadFaultError

SLACK_BYTES = 1 << 20
"""How far past a file's end a read may ask: wrong bytes ask for exabytes, and a buffer is made before the read."""

_OF_THE_INPUT = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)

Item = TypeVar("Item")


class Reads:
    """The reads of one raw file, through however many streams and threads: the first that failed is remembered."""

    def __init__(self) -> None:
        self._fault: ReadFaultError | None = None

    def fault(self, reason: str) -> ReadFaultError:
        """The error to raise for a read that failed, which is remembered."""
        error = ReadFaultError(reason)
        self._fault = self._fault or error
        return error

    def check(self) -> None:
        """Raise the first fault, if there was one: whatever was made of the bytes, they were not read whole."""
        if self._fault is not None:
            raise self._fault

    def checked(self, items: Iterator[Item]) -> Iterator[Item]:
        """What a reader gives, item by item, or the fault in place of whatever item or error the reader made of it."""
        try:
            for item in items:
                self.check()
                yield item
        except Exception:
            self.check()
            raise
        self.check()


class WatchedStream(io.BufferedIOBase):
    """A stream that gives fewer bytes than were asked for only at the end of the file, which is not before `size`.

    A place before the beginning is an OSError as of any file, and behind the end there is nothing: it is wrong bytes
    that send a decoder there. The end of a `with` block raises the fault that a decoder inside it has swallowed.
    """

    def __init__(self, inner: BinaryIO, uri: str, size: int, reads: Reads) -> None:
        self._inner, self._uri, self._size, self._reads = inner, uri, size, reads
        self._position = 0
        self._is_beyond = False

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes, or all when there is no size."""
        if self._is_beyond:
            return b""
        wanted = sys.maxsize if size is None or size < 0 else size
        data = self._some(wanted)
        if len(data) == wanted or self._position >= self._size:
            return data
        parts = [data]
        while data and len(data) < wanted and self._position < self._size:
            wanted -= len(data)
            data = self._some(wanted)
            parts.append(data)
        if not data:
            at = f"ends at byte {self._position} of {self._size}"
            raise self._reads.fault(f"{self._uri}: {at}; it was cut short or a connection closed")
        return b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        """As `read`."""
        return self.read(size)

    def _some(self, wanted: int) -> bytes:
        """What one read of the stream below gives."""
        self._reads.check()
        try:
            data = self._inner.read(min(wanted, max(0, self._size - self._position) + SLACK_BYTES))
        except Exception as error:
            raise self._failed(error) from error
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and say where to."""
        if whence == io.SEEK_END:
            self._find_end()
        target = offset + (0, self._position, self._size)[whence]
        if target < 0:
            raise OSError(errno.EINVAL, "a place before the beginning")
        if target > self._size:
            self._find_end()  # a file may have grown since it was listed
        self._is_beyond = target > self._size
        if not self._is_beyond:
            self._move(target, io.SEEK_SET)
        self._position = target
        return target

    def _find_end(self) -> None:
        end = self._move(0, io.SEEK_END)
        if end < self._size:
            raise self._reads.fault(f"{self._uri}: has {end} of its {self._size} bytes; it was cut short")
        self._size = end

    def _move(self, offset: int, whence: int) -> int:
        self._reads.check()
        try:
            return self._inner.seek(offset, whence)
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> ReadFaultError:
        return self._reads.fault(f"{self._uri}: cannot be read at byte {self._position} ({told(error)})")

    def close(self) -> None:
        """Close the stream below too."""
        if self.closed:
            return
        super().close()
        try:
            self._inner.close()
        except Exception as error:
            raise self._failed(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None or (issubclass(kind, Exception) and not issubclass(kind, ReadFaultError)):
            self._reads.check()


def is_of_input(error: Exception) -> bool:
    """Whether an error tells what an input is, and not that reading it failed this time: only then is it a ledger row.

    No permission, nothing where a name or a link points, links in a ring, a name that is too long. It is told by the
    number of the error; Arrow's remote filesystems give no number but these two classes.
    """
    cause = error.__cause__ if isinstance(error, ReadFaultError) else error
    if not isinstance(cause, OSError):
        return False
    return isinstance(cause, PermissionError | FileNotFoundError) or cause.errno in _OF_THE_INPUT


def told(error: BaseException) -> str:
    """An error in one line, its class before it: `TimeoutError` often says nothing else."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
