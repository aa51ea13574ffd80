"""An `s3://` address in, an Arrow filesystem that bears a store's bad hours out, and its files as streams that do.

Stores refuse requests when they are busy (503), answer late, and close connections in the middle of a body. Requests
are repeated by the AWS SDK; a body that ended early is asked for again here, from where it ended.
"""

from __future__ import annotations

import io
import os
import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from stages.core.errors import UserError
from stages.core.reading import told

SCHEME = "s3://"
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
ATTEMPTS_VARIABLE = "AWS_MAX_ATTEMPTS"
DEFAULT_ATTEMPTS = 12
"""With a third of all requests refused, one in half a million fails for good; the AWS SDK's 3 would lose one in 30."""

CONNECT_SECONDS = 10.0
BODY_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.05
FIRST_AHEAD_BYTES, MAX_AHEAD_BYTES = 64 << 10, 8 << 20
"""What a request of `AheadFile` is for: first, and when it has gone on for a while."""


def s3_filesystem(uri: str) -> tuple[pafs.S3FileSystem, str]:
    """The filesystem of an address and the path in it; server, region and retries are the environment's."""
    path = uri.removeprefix(SCHEME)
    if "?" in path.partition("/")[0] or path.startswith("/") or not path:
        raise UserError(f"{uri}: no bucket there; give s3://bucket/folder")
    endpoint = _first(ENDPOINT_VARIABLES)
    region = _first(REGION_VARIABLES)
    attempts = os.environ.get(ATTEMPTS_VARIABLE, str(DEFAULT_ATTEMPTS))
    if not attempts.isdigit() or int(attempts) < 1:
        raise UserError(f"{ATTEMPTS_VARIABLE}={attempts}: give a number of attempts, 1 or more")
    bucket = path.partition("/")[0]
    try:
        return _filesystem(bucket, endpoint, region, int(attempts), os.getpid()), path
    except OSError as error:
        raise UserError(f"{uri}: cannot find this bucket ({told(error)}); set AWS_DEFAULT_REGION") from error


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


@lru_cache(maxsize=32)
def _filesystem(
    bucket: str, endpoint: str | None, region: str | None, attempts: int, pid: int
) -> pafs.S3FileSystem:
    """Made once for a bucket and process: each has connections of its own, and asks for its bucket's region."""
    options: dict[str, Any] = {}
    if endpoint is not None:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme}
    elif region is None:
        region = pafs.resolve_s3_region(bucket)
    if region is not None:
        options["region"] = region
    return pafs.S3FileSystem(
        connect_timeout=CONNECT_SECONDS,
        retry_strategy=pafs.AwsDefaultS3RetryStrategy(max_attempts=attempts),
        **options,
    )


class PatientFile(io.RawIOBase):
    """A remote file whose reads are repeated, from where they stopped, when they fail or end before the file does."""

    def __init__(self, fs: Any, path: str) -> None:
        super().__init__()
        self._fs, self._path = fs, path
        self._file: Any = fs.open_input_file(path)
        self._size: int = self._file.size()
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and say where to."""
        target = offset + (0, self._position, self._size)[whence]
        if target < 0:
            raise OSError(f"{self._path}: a place before the beginning")
        self._position = target
        return target

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes, or all that are left; fewer only at the end of the file."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self.read_at(wanted, self._position)
        self._position += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer with the next bytes; how many they are."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read_at(self, size: int, offset: int) -> bytes:
        """`size` bytes from `offset`; the last error when no attempt gave more of them."""
        parts: list[bytes] = []
        failures = 0
        while size > 0:
            error: OSError | None = None
            data = b""
            try:
                data = self._opened().read_at(size, offset)
            except OSError as failed:
                error, self._file = failed, None
            if data:
                parts.append(data)
                size, offset, failures = size - len(data), offset + len(data), 0
                continue
            failures += 1
            if failures == BODY_ATTEMPTS:
                raise error or OSError(f"{self._path}: no more bytes came after byte {offset}")
            time.sleep(FIRST_PAUSE_SECONDS * 2**failures)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _opened(self) -> Any:
        file = self._file  # threads may read at once, and one of them let a broken file go
        if file is None:
            file = self._file = self._fs.open_input_file(self._path)
        return file

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed and self._file is not None:
            self._file.close()
        super().close()


class AheadFile(PatientFile):
    """The same for readers that go through a file in small steps: a request is for more, the longer they go on.

    Whoever looks at two places of a file pays for what is there, and whoever reads all of it for a request in 8 MiB.
    """

    def __init__(self, fs: Any, path: str) -> None:
        super().__init__(fs, path)
        self._ahead, self._ahead_start, self._next_bytes = b"", -1, FIRST_AHEAD_BYTES

    def read_at(self, size: int, offset: int) -> bytes:
        """`size` bytes from `offset`, of what was read ahead where it holds them."""
        inside = offset - self._ahead_start
        held = self._ahead[inside : inside + size] if 0 <= inside <= len(self._ahead) else b""
        if len(held) == size:
            return held
        goes_on = inside == len(self._ahead) or bool(held)
        self._next_bytes = min(MAX_AHEAD_BYTES, 2 * self._next_bytes) if goes_on else FIRST_AHEAD_BYTES
        start = offset + len(held)
        wanted = min(max(size - len(held), self._next_bytes), self._size - start)
        self._ahead, self._ahead_start = super().read_at(wanted, start), start
        return held + self._ahead[: size - len(held)]


def patient_arrow_file(fs: Any, path: str) -> pa.NativeFile:
    """The same as an Arrow file, for readers of Parquet and Arrow IPC."""
    return pa.PythonFile(PatientFile(fs, path), mode="r")
