"""WARC records written by hand, a gzip member each, with the byte offset of every one: CommonCrawl's keys."""

from __future__ import annotations

import base64
import hashlib
import uuid

from builder.dumps import corrupt_gzip_member, gzip_member

CRAWL = "CC-MAIN-2020-05"


class RawArchive:
    """A `.warc.gz` or `.warc.wet.gz` file as it grows."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._members = bytearray()

    @property
    def data(self) -> bytes:
        """The bytes of the raw file."""
        return bytes(self._members)

    def add(self, record: bytes) -> str:
        """Append a record; its key."""
        return self._append(gzip_member(record))

    def add_corrupt(self, record: bytes) -> str:
        """Append a member that cannot be decompressed; the key of the damage."""
        return "@" + self._append(corrupt_gzip_member(record))

    def add_truncated(self, record: bytes) -> str:
        """Append the first half of a member, as the last one; the key of its record."""
        member = gzip_member(record)
        return self._append(member[: len(member) // 2])

    def _append(self, member: bytes) -> str:
        key = str(len(self._members))
        self._members += member
        return key


def warcinfo(file_name: str) -> bytes:
    """The first record of a raw file."""
    block = f"isPartOf: {CRAWL}\r\npublisher: Altiplano samples\r\nsoftware: samples/build.py\r\nrobots: classic\r\n"
    return _record(
        "warcinfo", None, f"{block}\r\n".encode(), "application/warc-fields", {"WARC-Filename": file_name}
    )


def conversion(url: str, text: bytes, minute: int, language: str | None) -> bytes:
    """A WET record: the text of a page."""
    more = {} if language is None else {"WARC-Identified-Content-Language": language}
    return _record("conversion", url, text, "text/plain", more, minute)


def response(
    url: str,
    body: bytes,
    minute: int,
    *,
    status: str = "200 OK",
    content_type: str = "text/html; charset=UTF-8",
) -> bytes:
    """A WARC record: the HTTP response with a page."""
    head = (
        f"HTTP/1.1 {status}\r\nServer: nginx\r\nDate: {_http_date(minute)}\r\nContent-Type: {content_type}\r\n"
        f"X-Crawler-Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    block = head.encode() + body
    return _record("response", url, block, "application/http; msgtype=response", {}, minute, payload=body)


def request(url: str, minute: int) -> bytes:
    """The WARC record of the request that a response answers."""
    _, _, host, *path = url.split("/")
    block = f"GET /{'/'.join(path)} HTTP/1.1\r\nUser-Agent: CCBot/2.0\r\nHost: {host}\r\n\r\n".encode()
    return _record("request", url, block, "application/http; msgtype=request", {}, minute)


def _record(
    kind: str,
    url: str | None,
    block: bytes,
    content_type: str,
    more: dict[str, str],
    minute: int = 0,
    payload: bytes | None = None,
) -> bytes:
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {url} {minute} {hashlib.sha1(block).hexdigest()}")
    headers = {
        "WARC-Type": kind,
        "WARC-Date": f"2020-01-17T{minute // 60:02d}:{minute % 60:02d}:00Z",
        "WARC-Record-ID": f"<urn:uuid:{name}>",
        "Content-Length": str(len(block)),
        "Content-Type": content_type,
    }
    if url is not None:
        headers["WARC-Target-URI"] = url
    if payload is not None:
        headers["WARC-Payload-Digest"] = _digest(payload)
    headers |= {"WARC-Block-Digest": _digest(block)} | more
    lines = "".join(f"{field}: {value}\r\n" for field, value in headers.items())
    return b"WARC/1.0\r\n" + lines.encode() + b"\r\n" + block + b"\r\n\r\n"


def _digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def _http_date(minute: int) -> str:
    return f"Fri, 17 Jan 2020 {minute // 60:02d}:{minute % 60:02d}:00 GMT"
