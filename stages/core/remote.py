"""An fsspec filesystem in, an Arrow filesystem out whose files notice an answer that is shorter than what was asked.

A server may answer a range with a part of it, and fsspec's caches would put the next answer right behind that: bytes in
the wrong place, as many as there should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from stages.core.reading import told
from stages.core.web import file_size, guard_redirects


class RemoteHandler(pafs.FSSpecHandler):
    """Opens files for reading; `block_bytes` is the size of one request, None the filesystem's own."""

    block_bytes: int | None = None

    def open_input_file(self, path: str) -> Any:
        """A seekable stream that reads ahead."""
        options = {} if self.block_bytes is None else {"block_size": self.block_bytes}
        file = self.fs.open(path, mode="rb", **options)
        if getattr(file, "size", None) is not None and getattr(file, "cache", None) is not None:
            file.cache.fetcher = _whole_ranges(file.cache.fetcher, file.size)
        return pa.PythonFile(file, mode="r")


class WebHandler(RemoteHandler):
    """Files of a web server: what it refuses is told in one line, what fails is tried again."""

    def __init__(self, fs: Any) -> None:
        super().__init__(fs)
        guard_redirects(fs)

    def get_file_info(self, paths: Sequence[str]) -> list[pafs.FileInfo]:
        """A file with its size, or nothing; there are no folders."""
        return [self._info(path) for path in paths]

    def _info(self, path: str) -> pafs.FileInfo:
        size = file_size(self.fs, path)
        if size is None:
            return pafs.FileInfo(path, pafs.FileType.NotFound)
        return pafs.FileInfo(path, pafs.FileType.File, size=size)


def _whole_ranges(fetch: Any, size: int) -> Any:
    def fetch_whole(start: int, end: int, *more: Any) -> bytes:
        try:
            data: bytes = fetch(start, end, *more)
        except OSError:
            raise
        except Exception as error:  # a client's own kinds, which no reader of files expects
            raise OSError(f"bytes {start} to {end} did not come ({told(error)})") from error
        if len(data) < min(end, size) - start:
            raise OSError(f"{len(data)} bytes came of bytes {start} to {min(end, size)}")
        return data

    return fetch_whole
