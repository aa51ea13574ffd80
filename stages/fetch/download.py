"""One remote file in, the same bytes under their final name out: resumed, retried, checked, and renamed only when whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError

from stages.fetch.client import AttemptError, Client, check_ended, content_length
from stages.fetch.part import MAGIC, PartFile
from stages.fetch.remote import FetchError, RemoteFile

MAX_FAULTY = 2
"""How often a file that came whole but wrong is fetched anew before it is given up."""

GONE_STATUS = frozenset({404, 410})
_CONTENT_RANGE = re.compile(r"bytes (?:([0-9]+)-([0-9]+)|\*)/([0-9]+|\*)")


@dataclass(frozen=True)
class Downloaded:
    """A file that now has its final name."""

    num_bytes: int
    sha256: str


def download(client: Client, remote: RemoteFile, target: Path) -> Downloaded:
    """Fetch one file to `target`; a FetchError when it cannot be had, with the part kept where it can be gone on with."""
    attempts = client.attempts(remote.url)
    faulty = 0
    with PartFile(target, remote) as part:
        while True:
            before = part.num_bytes
            try:
                _receive(client, remote, part)
            except HTTPError as error:
                attempts.failed(error, part.num_bytes - before)
                continue
            except FetchError as error:
                if error.status in GONE_STATUS:
                    part.delete()
                raise
            fault = part.fault()
            if fault is None:
                return Downloaded(part.num_bytes, part.finish())
            faulty += 1
            if faulty > MAX_FAULTY:
                part.delete()
                raise FetchError(f"{remote.url}: {fault} ({faulty} downloads)")
            part.restart(None, None)
            client.pacer.sleep(client.backoff_seconds * faulty)


def _receive(client: Client, remote: RemoteFile, part: PartFile) -> None:
    """One attempt to bring the part to its end."""
    if part.num_bytes and part.num_bytes == remote.size:
        return
    headers = {}
    if part.can_resume:
        headers["Range"] = f"bytes={part.num_bytes}-"
        if part.validator is not None:
            headers["If-Range"] = part.validator
    with client.get(remote.url, headers) as response:
        if response.status == 416:
            _check_complete(response, part)
            return
        _refuse_pages(remote, response)
        if response.status == 206:
            _check_continues(response, remote, part)
        else:
            _check_size(remote, content_length(response))
            part.restart(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        start = part.num_bytes
        for piece in client.pieces(response):
            if remote.size is not None and part.num_bytes + len(piece) > remote.size:
                part.restart(None, None)
                raise AttemptError(f"more than the {remote.size:,} bytes came that the list says")
            part.write(piece)
        check_ended(response, part.num_bytes - start)


def _check_complete(response: urllib3.BaseHTTPResponse, part: PartFile) -> None:
    """416: nothing lies behind the part's end. Either it is whole, or the file became another one."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not part.num_bytes or match is None or match[3] != str(part.num_bytes):
        part.restart(None, None)
        raise AttemptError("HTTP 416: the server has no such range; starting afresh")


def _check_continues(response: urllib3.BaseHTTPResponse, remote: RemoteFile, part: PartFile) -> None:
    """206: these bytes must follow the part's, and be of the same version: not every server minds If-Range."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    if part.etag and etag:
        changed = part.etag != etag
    else:
        changed = bool(part.last_modified and modified and part.last_modified != modified)
    if changed or match is None or match[1] != str(part.num_bytes):
        part.restart(None, None)
        raise AttemptError("the file changed on the server; starting afresh")
    if match[3] != "*":
        _check_size(remote, int(match[3]))


def _check_size(remote: RemoteFile, size: int | None) -> None:
    if remote.size is not None and size is not None and size != remote.size:
        raise FetchError(f"{remote.url}: the server has {size:,} bytes, the list says {remote.size:,}")


def _refuse_pages(remote: RemoteFile, response: urllib3.BaseHTTPResponse) -> None:
    """A page that says `come back later`, with status 200, is not the file; nor is what the server compressed."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind == "text/html" and not remote.name.endswith((".html", ".htm")):
        raise FetchError(f"{remote.url}: the server sent an HTML page in place of the file")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity") and Path(remote.name).suffix not in MAGIC:
        raise FetchError(f"{remote.url}: the server sent it with Content-Encoding {encoding}, unasked")
