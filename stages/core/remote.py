"""An fsspec filesystem in, an Arrow filesystem out whose files notice an answer that is shorter than what was asked.

A server may answer a range with a part of it, and fsspec's caches would put the next answer right behind that: bytes in
the wrong place, as many as there should be.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs


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


def _whole_ranges(fetch: Any, size: int) -> Any:
    def fetch_whole(start: int, end: int, *more: Any) -> bytes:
        data: bytes = fetch(start, end, *more)
        if len(data) < min(end, size) - start:
            raise OSError(f"{len(data)} bytes came of bytes {start} to {min(end, size)}")
        return data

    return fetch_whole
