"""A record of an archive in, which of its digests is wrong out (WARC 1.1, 5.8 and 5.9)."""

from __future__ import annotations

import base64
import hashlib

from stages.ingest.common_crawl.http import parse_response, unchunk
from stages.ingest.common_crawl.records import ArchiveRecord


def wrong_digest(record: ArchiveRecord) -> str | None:
    """Which SHA-1 digest of a record is wrong (`block` or `payload`); other algorithms are not checked."""
    block = _sha1_digest(record.headers.get("warc-block-digest", ""))
    if block is not None and hashlib.sha1(record.block).digest() != block:
        return "block"
    payload = _sha1_digest(record.headers.get("warc-payload-digest", ""))
    if payload is None or record.headers.get("warc-truncated") or record.kind == "revisit":
        return None
    response = parse_response(record.block)
    body = record.block if response is None else response.body
    # crawlers differ on whether chunking belongs to the payload
    if payload in (hashlib.sha1(body).digest(), hashlib.sha1(unchunk(body)).digest()):
        return None
    return "payload"


def _sha1_digest(field: str) -> bytes | None:
    algorithm, _, value = field.partition(":")
    if algorithm.strip().lower() != "sha1":
        return None
    try:
        digest = bytes.fromhex(value) if len(value) == 40 else base64.b32decode(value.strip().upper())
    except ValueError:
        return None
    return digest if len(digest) == 20 else None
