"""Records of pages in, WARC files of bounded size and a journal of what became of each page out."""

from __future__ import annotations

import os
import re
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import orjson

from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.fetch.remote import PART_SUFFIX

JOURNAL_NAME = "pages.jsonl"
FETCHED_PAGE = "fetched"

_NAME = re.compile(r"(.+)-cited-([0-9]{5})\.warc\.gz")


class SettledPage(NamedTuple):
    """What became of a page for good: fetched into a file, or the reason why it cannot be had."""

    page: str
    outcome: str
    detail: str = ""
    file: str = ""
    offset: int = 0
    length: int = 0


class WarcFolder:
    """Adds records to a folder's last WARC file, which has another name until it is full.

    A record is written before its line of the journal. What a killed process left behind its last line is cut off, so that
    a page is never there twice; lines whose bytes are gone are dropped, so that none is missing.
    """

    def __init__(self, folder: Path, file_bytes: int) -> None:
        self._folder, self._file_bytes = folder, file_bytes
        lines = self._kept(self._read())
        self.settled = {line.page: line for line in lines}
        self._numbers: dict[str, int] = {}
        for line in lines:
            if (named := _NAME.fullmatch(line.file)) is not None:
                self._numbers[named[1]] = max(int(named[2]), self._numbers.get(named[1], -1))
        write_bytes(str(folder / JOURNAL_NAME), b"".join(map(_encoded, lines)))
        self._journal: FileIO = (folder / JOURNAL_NAME).open("ab", buffering=0)
        self._name, self._end = "", 0
        self._stream: FileIO | None = None
        self._take_up(lines)

    def __enter__(self) -> WarcFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
        self._journal.close()

    def add(self, page: str, dump: str, record: bytes) -> None:
        """Write the record of a page."""
        full = self._end and self._end + len(record) > self._file_bytes
        if self._stream is not None and (full or _NAME.fullmatch(self._name)[1] != dump):  # type: ignore[index]
            self.finish()
        if self._stream is None:
            self._begin(dump)
        _write(self._stream, record)
        line = SettledPage(page, FETCHED_PAGE, "", self._name, self._end, len(record))
        self._end += len(record)
        self._settle(line)

    def fail(self, page: str, reason: str, detail: str) -> None:
        """Note that a page cannot be had."""
        self._settle(SettledPage(page, reason, detail[:500]))

    def finish(self) -> None:
        """Give the last file its name."""
        if self._stream is None:
            return
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._stream = None
        self._part(self._name).replace(self._folder / self._name)

    def _settle(self, line: SettledPage) -> None:
        self.settled[line.page] = line
        _write(self._journal, _encoded(line))

    def _begin(self, dump: str) -> None:
        self._numbers[dump] = self._numbers.get(dump, -1) + 1
        self._name, self._end = f"{dump}-cited-{self._numbers[dump]:05d}.warc.gz", 0
        self._stream = self._part(self._name).open("wb", buffering=0)

    def _part(self, name: str) -> Path:
        return self._folder / (name + PART_SUFFIX)

    def _read(self) -> list[SettledPage]:
        path = self._folder / JOURNAL_NAME
        try:
            *lines, _ = path.read_bytes().split(b"\n")  # what no line end follows was being written
        except FileNotFoundError:
            return []
        try:
            return [SettledPage(**orjson.loads(line)) for line in lines]
        except (orjson.JSONDecodeError, TypeError) as error:
            raise UserError(f"{path}: is no journal of a fetch of cited pages; move it away") from error

    def _kept(self, lines: list[SettledPage]) -> list[SettledPage]:
        """The lines whose records are there."""
        sizes: dict[str, int] = {}
        for name in {line.file for line in lines if line.file}:
            for path in (self._folder / name, self._part(name)):
                if path.is_file():
                    sizes[name] = path.stat().st_size
        return [
            line for line in lines if not line.file or line.offset + line.length <= sizes.get(line.file, -1)
        ]

    def _take_up(self, lines: list[SettledPage]) -> None:
        """Go on with the file that was being written; others that have no name yet get theirs."""
        ends: dict[str, int] = {}
        for line in lines:
            if line.file:
                ends[line.file] = max(line.offset + line.length, ends.get(line.file, 0))
        for name, end in ends.items():
            if (part := self._part(name)).is_file():
                self.finish()
                self._name, self._end = name, end
                self._stream = part.open("r+b", buffering=0)
                self._stream.truncate(end)
                self._stream.seek(end)


def _encoded(line: SettledPage) -> bytes:
    return orjson.dumps(line._asdict(), option=orjson.OPT_APPEND_NEWLINE)


def _write(stream: FileIO | None, data: bytes) -> None:
    rest = memoryview(data)
    while (
        rest and stream is not None
    ):  # an unbuffered write may take a part of them, as on a disk that is nearly full
        rest = rest[stream.write(rest) :]
