"""A stretch of a remote file in, exactly its bytes out: HTTP ranges, gone on with where a connection was cut."""

from __future__ import annotations

import io
import re
from typing import NamedTuple

import urllib3
from urllib3.exceptions import HTTPError

from stages.fetch.client import AttemptError, Client
from stages.fetch.remote import FetchError

RANGE_STATUS = 416
_RANGE_SAID = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")


class ShortRangeError(FetchError):
    """The file ends before the stretch does: what said where it lies was of another file."""


class Stretch(NamedTuple):
    """Some bytes of a file: the first one's offset, and how many."""

    start: int
    length: int


def read_range(client: Client, url: str, stretch: Stretch) -> bytes:
    """The bytes of the stretch, with retries; a FetchError where they cannot be had (a ShortRangeError: there are fewer)."""
    attempts = client.attempts(url)
    came, version = bytearray(), ""
    while len(came) < stretch.length:
        before = len(came)
        try:
            version = _go_on(client, url, stretch, came, version)
        except HTTPError as error:
            attempts.failed(error, max(0, len(came) - before))
    return bytes(came)


def _go_on(client: Client, url: str, stretch: Stretch, came: bytearray, version: str) -> str:
    """One attempt to bring what came to the stretch's end; the version (ETag) of the file."""
    first, last = stretch.start + len(came), stretch.start + stretch.length - 1
    with client.get(url, {"Range": f"bytes={first}-{last}"}) as response:
        if response.status == RANGE_STATUS:
            raise ShortRangeError(f"{url}: ends before byte {first:,}", RANGE_STATUS)
        if response.status != 206:
            raise FetchError(f"{url}: the server does not serve parts of files", response.status)
        _check_said(response, url, first, last)
        now = response.headers.get("ETag", "")
        if came and now != version:
            came.clear()
            raise AttemptError("the file changed on the server; starting afresh")
        for piece in client.pieces(response):
            if len(came) + len(piece) > stretch.length:
                came.clear()
                raise AttemptError("more bytes came than were asked for")
            came += piece
    if len(came) < stretch.length:
        raise AttemptError(f"the connection ended {stretch.length - len(came):,} bytes early")
    return now


def _check_said(response: urllib3.BaseHTTPResponse, url: str, first: int, last: int) -> None:
    said = _RANGE_SAID.fullmatch(response.headers.get("Content-Range", ""))
    if said is None or int(said[1]) != first:
        raise AttemptError("the server sent another part of the file")
    if int(said[2]) < last:
        raise ShortRangeError(f"{url}: ends at byte {int(said[2]):,}, before byte {last:,}", 206)


class RemoteStream(io.RawIOBase):
    """A remote file that is read where it is wanted, as Parquet's readers do. `num_bytes` is what was asked for."""

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url, self._at = client, url, 0
        size = client.remote_size(url)
        if size is None:
            raise FetchError(f"{url}: the server does not say its size")
        self._size = size
        self.num_bytes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; nothing is read."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next `size` bytes, fewer at the end."""
        rest = max(0, self._size - self._at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        data = read_range(self._client, self._url, Stretch(self._at, wanted))
        self._at += len(data)
        self.num_bytes += len(data)
        return data
