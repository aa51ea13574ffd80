"""Readers in a process of their own: its crashes and its hunger are damage, failed reads are not, and it never stays."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import py7zr
import pyarrow.parquet as pq
import pytest
from py7zr.archiveinfo import DEFAULT_FILTERS  # type: ignore[attr-defined]

from stages.core.errors import DamagedInputError, MachineError, ReadFaultError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.ingest.apart import read_apart
from stages.ingest.archives import BytesFile
from stages.ingest.raw import RawFile
from stages.ingest.seven_zip import SevenZipError, member_pieces, unpack_members
from stages.ingest.wikipedia.stage import WikipediaIngest
from tests.stages.ingest.test_seven_zip import FILES, FILTERS, archive, content, data_of, raw
from tests.stages.ingest.test_seven_zip_lies import sealed

Send = Callable[[bytes], None]
ROOT = Path(__file__).resolve().parents[3]


def run(reader: Callable[..., None], data: bytes = b"0123456789", *arguments: str | int) -> Iterator[bytes]:
    file = BytesFile("", "a", len(data), data)
    return read_apart(file, f"{reader.__module__}:{reader.__name__}", *arguments)


def echo(raw: RawFile, send: Send, first: int) -> None:
    with raw.open() as stream:
        stream.seek(first)
        send(stream.read(3))
        assert stream.tell() == first + 3
        stream.seek(-2, io.SEEK_END)
        send(stream.read())
        send(b"" + stream.read(5))
        with suppress(OSError):
            stream.seek(-1)
            send(b"never")
        assert stream.seek(2, io.SEEK_CUR) == raw.size + 2


def crash(raw: RawFile, send: Send, number: int) -> None:
    send(b"before")
    if number == signal.SIGSEGV:
        ctypes.string_at(0)
    os.kill(os.getpid(), number)


def hunger(raw: RawFile, send: Send) -> None:
    send(bytes(8 << 30))


def damage(raw: RawFile, send: Send) -> None:
    raise DamagedInputError("half a row", 7, "cut")


def mistake(raw: RawFile, send: Send) -> None:
    raise ZeroDivisionError("ours")


def forever(raw: RawFile, send: Send) -> None:
    send(str(os.getpid()).encode())
    while True:
        pass


def test_what_a_reader_sends_is_what_it_read() -> None:
    assert list(run(echo, b"0123456789", 4)) == [b"456", b"89", b""]
    assert list(run(echo, b"x" * (9 << 20) + b"0123456789", 9 << 20)) == [b"012", b"89", b""]


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE])
def test_a_crash_is_damage_behind_what_was_sent(number: int) -> None:
    found = run(crash, b"x", number)
    assert next(found) == b"before"
    with pytest.raises(DamagedInputError, match=rf"its decoder crashed \({signal.Signals(number).name}\)"):
        next(found)


def test_memory_that_no_file_needs_is_damage() -> None:
    with pytest.raises(DamagedInputError, match="wants more than 4096 MiB of memory"):
        list(run(hunger))


def test_what_a_reader_raises_is_told_as_it_is() -> None:
    with pytest.raises(DamagedInputError) as raised:
        list(run(damage))
    assert (raised.value.reason, raised.value.offset, raised.value.rule) == ("half a row", 7, "cut")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: ours"):
        list(run(mistake))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_someone_ends_is_no_damage(number: int) -> None:
    with pytest.raises(MachineError, match=signal.Signals(number).name):
        list(run(crash, b"x", number))


def test_a_failed_read_is_raised_here(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    file = RawFile(str(path), "a", 20)
    with pytest.raises(ReadFaultError, match="has 10 of its 20 bytes"):
        list(read_apart(file, f"{__name__}:echo", 4))
    with pytest.raises(ReadFaultError):
        file.reads.check()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_process_ends_with_its_iterator() -> None:
    found = run(forever)
    pid = int(next(found))
    assert is_there(pid)
    found.close()  # type: ignore[attr-defined]
    assert not is_there(pid)


def test_the_process_ends_when_an_alarm_does_not_wait_for_it() -> None:
    class RangError(Exception):
        pass

    def ring(*_: Any) -> None:
        raise RangError

    found = run(forever)
    pid = int(next(found))
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(RangError):
            next(found)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not is_there(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends at its next message")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_process_ends_with_the_one_that_reads(number: int) -> None:
    program = f"""
import signal
from {__name__} import forever, run
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background is started without
found = run(forever)
print(next(found).decode(), flush=True)
next(found)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    reading = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert reading.stdout is not None
    pid = int(reading.stdout.readline())
    reading.send_signal(number)
    reading.wait()
    reading.stdout.close()
    for _ in range(1000):
        if not is_there(pid):
            return
        time.sleep(0.01)
    raise AssertionError("it stays")


def crashing(place: int, **beside: bytes) -> bytes:
    """An archive at which pyppmd ends its process: one byte of `posts` is wrong."""
    noise = random.Random(3).randbytes(3 << 19)
    data = bytearray(data_of(archive({**beside, "posts": noise}, "ppmd")))
    data[place] ^= 255
    return bytes(data)


def test_trap_pyppmd_ends_its_process_and_that_is_damage_of_the_archive() -> None:
    file = raw(crashing(5 << 18, first=b"first"))
    first, posts = unpack_members(file)
    assert b"".join(member_pieces(file, first)) == b"first"
    got = bytearray()
    with pytest.raises(SevenZipError, match=r"7z is corrupt \(its decoder crashed \(SIG") as raised:
        for piece in member_pieces(file, posts):
            got += piece
    assert raised.value.rule == "damaged"
    assert random.Random(3).randbytes(3 << 19).startswith(bytes(got[: 1 << 20]))


def test_the_files_beside_a_crashing_archive_are_read(
    tmp_path: Path, run_stage: Callable[..., Manifest]
) -> None:
    page = "<page><title>T</title><ns>0</ns><id>1</id><revision><text>Some words.</text></revision></page>"
    head = "<mediawiki><siteinfo><dbname>enwiki</dbname></siteinfo>"
    (tmp_path / "enwiki-a.xml.7z").write_bytes(crashing(1 << 19))
    (tmp_path / "enwiki-b.xml").write_text(f"{head}{page}</mediawiki>")
    manifest = run_stage(WikipediaIngest(input=(str(tmp_path),)))
    rows = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    assert [(row["id"], row["rule"]) for row in rows] == [("wikipedia/enwiki-a.xml.7z/@0", "damaged")]
    assert rows[0]["detail"].startswith("7z is corrupt (its decoder crashed (SIG")
    texts = [t for uri in manifest.uris(DOCUMENTS) for t in pq.read_table(uri)["text"].to_pylist()]
    assert [text.split()[-2:] for text in texts] == [["Some", "words."]]


def test_a_directory_packed_by_ppmd_is_read_apart_too() -> None:
    stream = io.BytesIO()
    with (
        mock.patch.object(type(DEFAULT_FILTERS), "ENCODED_HEADER_FILTER", FILTERS["ppmd"]),
        py7zr.SevenZipFile(stream, "w", filters=FILTERS["lzma2"]) as writer,
    ):
        for name, data in FILES.items():
            writer.writestr(data, name)
    with mock.patch("pyppmd.Ppmd7Decoder", side_effect=AssertionError("in this process")):
        assert content(raw(stream.getvalue())) == FILES
        assert content(archive(FILES, "ppmd")) == FILES


def test_an_archive_that_wants_all_memory_is_damage() -> None:
    data = archived_plainly()
    start = 32 + int.from_bytes(data[12:20], "little")
    settings, hungry = struct.pack("<BL", 6, 1 << 20), struct.pack("<BL", 6, (1 << 32) - 1)
    assert content(raw(sealed(data[32:start], data[start:]))) == {"a": b"text " * 100}
    with pytest.raises(
        SevenZipError, match=r"7z is corrupt \(its decoder (wants more than 4096 MiB|crashed)"
    ):
        content(raw(sealed(data[32:start], data[start:].replace(settings, hungry))))


def archived_plainly() -> bytes:
    """An archive packed by PPMd whose directory is not packed."""
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w", filters=FILTERS["ppmd"]) as writer:
        writer.set_encoded_header_mode(False)
        writer.writestr(b"text " * 100, "a")
    return stream.getvalue()


def test_a_disk_that_fails_under_a_ppmd_archive_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.7z"
    path.write_bytes(data_of(archive({"a": random.Random(1).randbytes(1 << 20)}, "ppmd")))
    file = RawFile(str(path), "a.7z", path.stat().st_size)
    (member,) = unpack_members(file)
    error = OSError(errno.EIO, "Input/output error")
    real, calls = RawFile.open, iter(range(1000))

    def opened(self: RawFile) -> Any:
        stream = real(self)
        if next(calls) == 1:  # the first one sees that PPMd is needed
            stream._inner.close()  # type: ignore[attr-defined]
            stream._inner = mock.Mock(read=mock.Mock(side_effect=error), seek=lambda at, _: at)  # type: ignore[attr-defined]
        return stream

    with (
        mock.patch.object(RawFile, "open", opened),
        pytest.raises(ReadFaultError, match="Input/output error"),
    ):
        list(member_pieces(file, member))
