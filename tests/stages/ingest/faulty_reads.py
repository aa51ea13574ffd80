"""Raw files whose n-th read goes wrong, in every way that disks and connections have, under the code as it is."""

from __future__ import annotations

import errno
import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from unittest import mock

import pyarrow.fs as pafs

from stages.core import storage
from stages.core.errors import ReadFaultError
from stages.core.stage import AnyStage


class RemoteError(Exception):
    """As HTTP libraries below fsspec raise: no OSError."""


ERRORS: dict[str, Callable[[], Exception]] = {
    "disk": lambda: OSError(errno.EIO, "Input/output error"),
    "no_number": lambda: OSError("Corrupt snappy compressed data."),
    "reset": lambda: ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    "timeout": lambda: TimeoutError("timed out"),
    "remote": lambda: RemoteError("503, message='Service Unavailable'"),
    "value": lambda: ValueError("I/O operation on closed file."),
    "memory": MemoryError,
}
EARLY_END, SHORT = "early_end", "short"
KINDS = (*ERRORS, EARLY_END, SHORT)
"""`early_end`: from here on the stream says that the file ends; `short`: this read gives half, which is no fault."""


@dataclass
class Faults:
    """Counts the calls to raw files (opening, reading, moving) and makes call number `at` go wrong."""

    at: int = 0
    kind: str = SHORT
    calls: int = 0
    raised: list[Exception] = field(default_factory=list)

    def call(self) -> bool:
        """Count one call; raise where it is to raise, and say whether it is the one to go wrong otherwise."""
        self.calls += 1
        if self.calls != self.at:
            return False
        if self.kind in ERRORS:
            self.raised.append(ERRORS[self.kind]())
            raise self.raised[-1]
        return True

    @contextmanager
    def injected(self) -> Iterator[None]:
        """Every raw file opened inside is a faulty one."""
        opened = storage.open_input

        def open_input(uri: str) -> BinaryIO:
            self.call()
            return cast(BinaryIO, FaultyStream(opened(uri), self))

        with mock.patch.object(storage, "open_input", open_input):
            yield


class FaultyStream(io.BufferedIOBase):
    """A file whose calls count."""

    def __init__(self, inner: BinaryIO, faults: Faults) -> None:
        self._inner, self._faults, self._ended = inner, faults, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._inner.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        goes_wrong = self._faults.call()
        self._ended |= goes_wrong and self._faults.kind == EARLY_END
        if self._ended:
            return b""
        data = self._inner.read(-1 if size is None else size)
        if goes_wrong and len(data) > 1:
            self._inner.seek(len(data) // 2 - len(data), io.SEEK_CUR)
            data = data[: len(data) // 2]
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._ended |= self._faults.call() and self._faults.kind == EARLY_END
        return self._inner.seek(offset, whence)

    def close(self) -> None:
        self._inner.close()
        super().close()


@dataclass(frozen=True)
class Outcome:
    """What a stage left: files by name, reports, the error that ended it; `left` are files of a task that failed."""

    files: dict[str, bytes]
    reports: tuple[str, ...]
    error: Exception | None = None
    left: tuple[str, ...] = ()


def run_stage(stage: AnyStage, folder: Path) -> Outcome:
    """Fingerprint, plan and run a stage, each task in a folder of its own, up to the first error."""
    files: dict[str, bytes] = {}
    reports: list[str] = []
    at = folder
    try:
        reports.append(stage.fingerprint([]))
        for task in stage.plan(()):
            at = folder / task.id
            at.mkdir(parents=True)
            reports.append(stage.run(task.at(str(at))).model_dump_json())
            files |= {f"{task.id}/{path.relative_to(at)}": path.read_bytes() for path in _files(at)}
    except Exception as error:  # noqa: BLE001 - any error ends a stage
        left = tuple(path.name for path in _files(at)) if at != folder else ()
        return Outcome(files, tuple(reports), error, left)
    return Outcome(files, tuple(reports))


def _files(folder: Path) -> list[Path]:
    """All files below a folder, listed by Arrow: some Pythons' pathlib would go through an `os.scandir` that fails."""
    found = pafs.LocalFileSystem().get_file_info(pafs.FileSelector(str(folder), recursive=True))
    return sorted(Path(info.path) for info in found if info.type == pafs.FileType.File)


def tells_of(error: BaseException | None, faults: Faults) -> bool:
    """Whether an error is the injected one, or was raised for it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if any(error is raised for raised in faults.raised):
            return True
        if faults.kind == EARLY_END and (isinstance(error, ReadFaultError) or "ends early" in str(error)):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def sampled(calls: int, at_most: int) -> list[int]:
    """Numbers of calls from 1 to `calls`: all, or the first and the last and others by a fixed seed."""
    if calls <= at_most:
        return list(range(1, calls + 1))
    return sorted({1, calls, *random.Random(calls).sample(range(1, calls + 1), at_most - 2)})
