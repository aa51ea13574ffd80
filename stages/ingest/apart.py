"""A raw file and the name of a reader in, what the reader makes of it in a process of its own out: a crash there is damage.

Some decoders end their process at bytes that are wrong, or ask for more memory than any machine has, and nothing can be
caught. Such a reader runs in `apart_worker.py`. It has the raw file's bytes from here, so that an error of reading is
raised here as anywhere, and MEMORY_BYTES of memory, so that it is its file that asks for too much, and not the machine
that has too little.
"""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, cast

import orjson

from stages.core.errors import DamagedInputError, MachineError
from stages.ingest.raw import RawFile

MEMORY_BYTES = 4 << 30
"""Address space of the process."""

MAX_MESSAGE_BYTES = 1 << 30

HEAD = struct.Struct("<cq")
"""Before each message of the process: its kind, and bytes to read, a place to move to, or how many bytes follow."""

LENGTH = struct.Struct("<q")
READ, MOVES = b"R", (b"0", b"1", b"2")
PIECE, DAMAGE, ERROR, DONE = b"P", b"D", b"E", b"."
NO_PLACE = -1

_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from stages.ingest.apart_worker import main; main()"


def read_apart(raw: RawFile, reader: str, *arguments: str | int) -> Iterator[bytes]:
    """What a reader sends (`module:function`, called with the raw file, `send` and the arguments), piece by piece.

    The process ends with this iterator, however that ends. A DamagedInputError tells what the reader told, that it
    wanted too much memory, or that it crashed; what was sent before is given before.
    """
    with raw.open() as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, orjson.dumps(sys.path).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for this process, which ends that one
        )
        try:
            yield from _served(process, stream, orjson.dumps([reader, raw.name, raw.size, *arguments]))
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                cast(BinaryIO, process.stdin).close()
            cast(BinaryIO, process.stdout).close()
            process.wait()


def _served(process: subprocess.Popen[bytes], stream: BinaryIO, task: bytes) -> Iterator[bytes]:
    """Answer what the process asks of the stream, and give what it sends, until it is done."""
    _tell(process, len(task), task)
    while True:
        kind, number = HEAD.unpack(_heard(process, HEAD.size))
        if kind == READ:
            data = stream.read(number)
            _tell(process, len(data), data)
        elif kind in MOVES:
            _tell(process, _moved(stream, number, MOVES.index(kind)))
        elif kind == DONE:
            return
        else:
            if not 0 <= number <= MAX_MESSAGE_BYTES:
                raise DamagedInputError(f"its decoder sent a message of {number} bytes", 0)
            message = _heard(process, number)
            if kind == PIECE:
                yield message
            elif kind == DAMAGE:
                raise DamagedInputError(*orjson.loads(message))
            else:
                raise RuntimeError(f"the process that reads failed:\n{message.decode()}")


def _tell(process: subprocess.Popen[bytes], number: int, data: bytes = b"") -> None:
    pipe = cast(BinaryIO, process.stdin)
    with suppress(BrokenPipeError):  # it has ended: its next message, which is none, tells how
        pipe.write(LENGTH.pack(number) + data)
        pipe.flush()


def _heard(process: subprocess.Popen[bytes], size: int) -> bytes:
    """The next bytes from the process; the error that tells of its end when there are fewer."""
    data = cast(BinaryIO, process.stdout).read(size)
    if len(data) == size:
        return data
    code = process.wait()
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    if -code in _CRASHES:
        raise DamagedInputError(f"its decoder crashed ({how})", 0)
    raise MachineError(
        f"a process that read a raw file was ended from outside ({how}); is there memory enough?"
    )


def _moved(stream: BinaryIO, offset: int, whence: int) -> int:
    """Where a move led to."""
    try:
        return stream.seek(offset, whence)
    except (OSError, ValueError):  # before the beginning; a read that failed is neither
        return NO_PLACE
