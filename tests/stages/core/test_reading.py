"""The stream that remembers its failed reads: what is a fault, what is the end, and what wrong bytes may ask for."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile

from stages.core import storage
from stages.core.errors import ReadFaultError, UserError
from stages.core.reading import Reads, WatchedStream, is_of_input
from stages.core.remote import RemoteHandler

DATA = bytes(range(256)) * 8


class Pieces(io.BytesIO):
    """A stream that gives at most 100 bytes at a time, and calls `before` at each read."""

    def __init__(self, data: bytes, before: Callable[[], None] = lambda: None) -> None:
        super().__init__(data)
        self._before = before

    def read(self, size: int | None = -1, /) -> bytes:
        self._before()
        return super().read(100 if size is None or size < 0 else min(size, 100))


def watched(inner: io.BytesIO, size: int = len(DATA), reads: Reads | None = None) -> WatchedStream:
    return WatchedStream(cast(BinaryIO, inner), "a", size, reads or Reads())


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("size", [-1, None, len(DATA), 10**18])
def test_short_reads_are_joined(size: int | None) -> None:
    assert watched(Pieces(DATA)).read(size) == DATA


def test_every_way_to_read_and_move() -> None:
    stream, plain = watched(Pieces(DATA)), io.BytesIO(DATA)
    for step in range(40):
        offset = (step * 397) % (len(DATA) + 100)
        assert stream.seek(offset) == plain.seek(offset)
        assert stream.read(step * 11) == plain.read(step * 11)
        assert stream.seek(-min(step, stream.tell()), 1) == plain.seek(-min(step, plain.tell()), 1)
        assert stream.seek(-step, 2) == plain.seek(-step, 2)
        buffers = bytearray(step), bytearray(step)
        assert stream.readinto(buffers[0]) == plain.readinto(buffers[1])
        assert buffers[0] == buffers[1]
        assert stream.readline() == plain.readline()
        assert stream.tell() == plain.tell()


def test_nothing_asked_is_no_end() -> None:
    stream = watched(Pieces(DATA[:10]))
    assert stream.read(0) == b""
    with pytest.raises(ReadFaultError, match=r"a: ends at byte 10 of 2048"):
        stream.read()


@pytest.mark.parametrize("size", [1, 300, -1])
def test_an_end_before_the_size_is_a_fault(size: int) -> None:
    stream = watched(Pieces(DATA[:-1]))
    with pytest.raises(ReadFaultError, match=r"a: ends at byte 2047 of 2048"):
        while stream.read(size):
            pass


def test_a_file_that_is_found_shorter_is_a_fault_and_one_that_has_grown_is_read_on() -> None:
    with pytest.raises(ReadFaultError, match=r"has 100 of its 2048 bytes"):
        watched(Pieces(DATA[:100])).seek(-22, 2)
    stream = watched(Pieces(DATA), size=100)
    assert b"".join(iter(lambda: stream.read(64), b"")) == DATA
    assert (stream.seek(2000), stream.read()) == (2000, DATA[2000:])


def test_wrong_bytes_may_send_a_decoder_anywhere() -> None:
    stream = watched(io.BytesIO(DATA))
    with pytest.raises(OSError, match="before the beginning"):
        stream.seek(-len(DATA) - 1, 2)
    assert (stream.seek(2**70), stream.read(), stream.tell()) == (2**70, b"", 2**70)
    assert stream.read(2**70) == b""
    assert (stream.seek(3), stream.read(2**40)) == (3, DATA[3:])
    stream._reads.check()


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "disk"), OSError("no number"), ValueError("closed"), MemoryError(), EOFError()],
    ids=repr,
)
def test_an_error_is_raised_as_one_that_no_decoder_takes_for_its_own(error: Exception) -> None:
    reads = Reads()
    with (
        pytest.raises(ReadFaultError) as raised,
        watched(Pieces(DATA, failing(error)), reads=reads) as stream,
    ):
        stream.read(4)
    assert raised.value.__cause__ is error
    assert not isinstance(raised.value, OSError | ValueError | MemoryError | EOFError)
    with pytest.raises(ReadFaultError) as again:
        reads.check()
    assert again.value is raised.value


@pytest.mark.parametrize("takes_it_for", [None, pa.ArrowInvalid("Parquet magic bytes not found")])
def test_a_fault_that_was_swallowed_is_raised_at_the_end_of_the_block(takes_it_for: Exception | None) -> None:
    def decode(stream: WatchedStream) -> None:
        try:
            stream.read()
        except Exception as error:
            if takes_it_for is not None:
                raise takes_it_for from error

    with pytest.raises(ReadFaultError), watched(Pieces(DATA, failing(OSError("x")))) as stream:
        decode(stream)


def test_after_a_fault_no_stream_of_the_file_reads_on() -> None:
    reads = Reads()
    with pytest.raises(ReadFaultError):
        watched(Pieces(DATA, failing(OSError("first"))), reads=reads).read()
    with pytest.raises(ReadFaultError, match="first"):
        watched(Pieces(DATA), reads=reads).read()


def test_a_fault_in_a_thread_is_remembered() -> None:
    reads = Reads()

    def work() -> None:
        with pytest.raises(ReadFaultError):
            watched(Pieces(DATA, failing(OSError("x"))), reads=reads).read()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with pytest.raises(ReadFaultError):
        reads.check()


@pytest.mark.parametrize("ends_with", [None, ValueError("bad zip")])
def test_what_a_reader_makes_of_a_fault_is_not_passed_on(ends_with: Exception | None) -> None:
    reads = Reads()

    def items() -> Iterator[int]:
        yield 1
        reads.fault("b: gone")
        if ends_with is not None:
            raise ends_with
        yield 2

    found: list[int] = []
    with pytest.raises(ReadFaultError, match="b: gone"):
        found.extend(reads.checked(items()))
    checked = Reads().checked(iter([1, 2]))
    assert (found, list(checked)) == ([1], [1, 2])


def test_an_error_of_the_reader_itself_stays_what_it_is() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("ours")

    with pytest.raises(KeyError):
        list(Reads().checked(items()))


def test_opening_and_hashing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(ReadFaultError, match=r"a: cannot be opened \(FileNotFoundError"):
        storage.open_whole(str(path), 3)
    with pytest.raises(UserError):
        storage.open_whole("nothing://a", 3)
    path.write_bytes(b"abc")
    with storage.open_whole(str(path), 3) as stream:
        assert stream.read() == b"abc"
    with pytest.raises(ReadFaultError, match="ends at byte 3 of 4"):
        storage.probe(str(path), 4)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "x"), True),
        (FileNotFoundError("of Arrow, without a number"), True),
        (OSError(errno.ELOOP, "x"), True),
        (OSError(errno.EIO, "x"), False),
        (OSError(errno.ESTALE, "x"), False),
        (OSError("without a number"), False),
        (ConnectionResetError(errno.ECONNRESET, "x"), False),
        (TimeoutError("x"), False),
        (ValueError("x"), False),
    ],
)
def test_what_is_of_the_input(error: Exception, expected: bool) -> None:
    assert is_of_input(error) is expected
    fault = ReadFaultError("a")
    fault.__cause__ = error
    assert is_of_input(fault) is expected


class Served(AbstractBufferedFile):  # type: ignore[misc]
    """A remote file whose server gives 300 bytes at most."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        return DATA[start:end][:300]


def test_a_range_answered_in_part_is_an_error() -> None:
    class Server(MemoryFileSystem):  # type: ignore[misc]
        def open(self, path: str, mode: str = "rb", **options: Any) -> Served:
            return Served(self, path, size=len(DATA), **options)

    class Handler(RemoteHandler):
        block_bytes = 100

    assert Handler(Server()).open_input_file("/a").read(150) == DATA[:150]
    Handler.block_bytes = 300
    with pytest.raises(OSError, match=r"300 bytes came of bytes 0 to 450"):
        Handler(Server()).open_input_file("/a").read(150)
