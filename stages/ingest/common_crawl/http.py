"""The bytes of an HTTP response in, status, headers and decoded body out; wrong codings are tolerated."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from fastwarc.stream_io import BrotliReader, ZstdReader

from stages.ingest.common_crawl.records import parse_headers
from stages.ingest.work import TooMuchWorkError

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{1,3})\b[^\r\n]*(?:\r?\n|$)")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_READ_BYTES = 1 << 16
MAX_CODINGS = 16


class ContentCodingError(Exception):
    """A body cannot be decoded from its content coding."""


@dataclass(frozen=True)
class HttpResponse:
    """A parsed response; header names in lower case; `body` still as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return media_type(self.headers.get("content-type", ""))

    @property
    def charset(self) -> str | None:
        """The charset parameter of the content type."""
        return charset_of(self.headers.get("content-type", ""))


def media_type(content_type: str) -> str:
    """`text/html` of `Text/HTML; charset=x`."""
    return re.split(r"[;,\s]", content_type.strip(), maxsplit=1)[0].lower()


def charset_of(content_type: str) -> str | None:
    """The charset parameter of a content type, as it is written."""
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", content_type, re.IGNORECASE)
    return found[1] if found else None


def parse_response(block: bytes) -> HttpResponse | None:
    """The response in a record's block, or None when it does not begin with a status line."""
    status = _STATUS.match(block)
    if status is None:
        return None
    end = _END_OF_HEADER.search(block, max(0, status.end() - 2))
    header_end, body_start = (len(block), len(block)) if end is None else end.span()
    headers = parse_headers(block[status.end() : max(header_end, status.end())])
    return HttpResponse(int(status[1]), headers, block[body_start:])


def decoded_body(response: HttpResponse, max_bytes: int) -> bytes:
    """The body without chunking and content coding, at most `max_bytes` and one piece more.

    Crawlers often store bodies decoded under headers that say otherwise: a body that is not coded stays.
    A ContentCodingError when it is coded and nothing of it can be decoded.
    """
    body = response.body
    if "chunked" in response.headers.get("transfer-encoding", "").lower():
        body = unchunk(body)
    codings = response.headers.get("content-encoding", "").lower().split(",")
    if len(codings) > MAX_CODINGS:
        raise TooMuchWorkError("content codings", len(codings), MAX_CODINGS)
    for coding in reversed(codings):
        body = _decode(body, coding.strip(), max_bytes)
    return body


def unchunk(body: bytes) -> bytes:
    """The data of a chunked body; from the first wrong chunk size on the bytes are kept as they are."""
    parts: list[bytes] = []
    position = 0
    while size := _CHUNK_SIZE.match(body, position):
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        start = size.end()
        parts.append(body[start : start + length])
        position = start + length
        while body[position : position + 1] in (b"\r", b"\n"):
            position += 1
            if body[position - 1 : position] == b"\n":
                break
    parts.append(body[position:])
    return b"".join(parts)


def _decode(body: bytes, coding: str, max_bytes: int) -> bytes:
    if not body or coding in ("", "identity", "none"):
        return body
    if coding in ("gzip", "x-gzip"):
        return _bounded(_gzip(body), coding, max_bytes) if body.startswith(b"\x1f\x8b") else body
    if coding == "deflate":
        return _deflate(body, max_bytes)
    if coding == "zstd":
        if not body.startswith(b"\x28\xb5\x2f\xfd"):
            return body
        return _bounded(_read(ZstdReader(io.BytesIO(body))), coding, max_bytes)
    if coding == "br":
        try:
            return _bounded(_read(BrotliReader(io.BytesIO(body))), coding, max_bytes)
        except ContentCodingError:
            if _looks_like_markup(body):  # Brotli has no magic number that could tell
                return body
            raise
    return body


def _deflate(body: bytes, max_bytes: int) -> bytes:
    """With zlib's header, without it as some servers send it, or not deflated at all."""
    for wbits in (15, -15):
        try:
            return _bounded(_inflate(body, wbits), "deflate", max_bytes)
        except ContentCodingError:
            continue
    if _looks_like_markup(body):
        return body
    raise ContentCodingError("deflate")


def _gzip(body: bytes) -> Iterator[bytes]:
    return _inflate(body, 31)


def _inflate(body: bytes, wbits: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=wbits)
    data = body
    while data and not decoder.eof:
        yield decoder.decompress(data, _READ_BYTES)
        data = decoder.unconsumed_tail
    yield decoder.flush() if not data else b""


def _read(reader: ZstdReader | BrotliReader) -> Iterator[bytes]:
    while piece := reader.read(_READ_BYTES):
        yield piece


def _bounded(pieces: Iterator[bytes], coding: str, max_bytes: int) -> bytes:
    """Pieces until there are more than `max_bytes`, or damage; an error when there is damage and no piece."""
    parts: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            parts.append(piece)
            size += len(piece)
            if size > max_bytes:
                break
    except (zlib.error, OSError) as error:
        if not size:
            raise ContentCodingError(f"{coding}: {error}") from error
    return b"".join(parts)


def _looks_like_markup(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
