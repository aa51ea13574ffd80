"""Bytes in, a file that appears under its name whole or not at all out: temporary name, flush to disk, rename.

Every output of a stage is written so, hence a file that exists is whole.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from stages.core import storage


class AtomicFile:
    """A binary output that appears under its name whole or not at all: temporary name, flush to disk, rename.

    It counts its bytes and keeps their SHA-256. `finish` ends the writing, `commit` gives the name, `discard` leaves
    nothing. The temporary name differs between attempts, so a task that runs twice at once does no harm.
    """

    def __init__(self, uri: str) -> None:
        self._fs, self._path = storage.filesystem(uri)
        self._temporary = f"{self._path}{storage.TEMPORARY_MARK}{uuid.uuid4().hex[:12]}"
        self._is_local = isinstance(self._fs, pafs.LocalFileSystem)
        self._raw: Any = self._open()
        self._digest = hashlib.sha256()
        self._is_finished = False
        self.num_bytes = 0
        self.closed = False

    def _open(self) -> Any:
        if not self._is_local:
            return self._fs.open_output_stream(self._temporary)
        Path(self._temporary).parent.mkdir(parents=True, exist_ok=True)
        return Path(self._temporary).open("wb")

    def write(self, data: Any) -> int:
        """Write one piece of bytes or a buffer."""
        self._raw.write(data)
        self._digest.update(data)
        length = memoryview(data).nbytes
        self.num_bytes += length
        return length

    def flush(self) -> None:
        """Flush the stream below."""
        self._raw.flush()

    def close(self) -> None:
        """Mark as closed for the library that writes; `finish` closes the stream below."""
        self.closed = True

    def tell(self) -> int:
        """Bytes written so far."""
        return self.num_bytes

    def readable(self) -> bool:
        """Never: output only."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never: outputs are written in one pass."""
        return False

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of what was written so far."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """Bring all bytes to the disk and close; the file has no name yet."""
        if self._is_finished:
            return
        self._raw.flush()
        if self._is_local:
            os.fsync(self._raw.fileno())
        self._raw.close()
        self._is_finished = True

    def commit(self) -> None:
        """Give the file its name."""
        self.finish()
        self._fs.move(self._temporary, self._path)

    def discard(self) -> None:
        """Delete what was written, whatever state it is in; no error, since there is one on its way already."""
        with suppress(Exception):  # a disk that is full fails here too, and the file must go all the same
            self._raw.close()
        with suppress(OSError):
            if self._fs.get_file_info(self._temporary).type == pafs.FileType.File:
                self._fs.delete_file(self._temporary)


@contextmanager
def atomic_output(uri: str) -> Iterator[AtomicFile]:
    """Write `uri` so that it appears whole or not at all."""
    output = AtomicFile(uri)
    try:
        yield output
        output.commit()
    except BaseException:
        output.discard()
        raise


def write_bytes(uri: str, data: bytes) -> None:
    """Write a small file atomically."""
    with atomic_output(uri) as output:
        output.write(data)


def delete_leftovers(folder: str) -> None:
    """Delete the temporary files that killed attempts left below `folder`."""
    for name in storage.list_files(folder):
        if storage.is_temporary(name):
            storage.delete_file(storage.join(folder, name))
