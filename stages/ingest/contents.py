"""The first bytes of a raw file in, what it holds out: the formats that can be told apart for certain, and no others.

For a look before a run, at what may be another dump than its recipe says; readers judge every file by themselves.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from stages.core.errors import DamagedInputError
from stages.ingest.archives import EMPTY_ZIP_MAGIC, ZIP_MAGIC, BytesFile, is_tar_block
from stages.ingest.compressed import compression_of, decompressed
from stages.ingest.json_lines import BOM
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import RawFile

WARC, ARC, JSON, PARQUET = "WARC", "ARC", "JSON", "Parquet"
MEDIAWIKI, POSTS, XML, HTML = "MediaWiki's XML", "Posts.xml", "XML", "HTML"
TAR, ZIP, PDF, SQL, ADDRESSES = "tar", "zip", "PDF", "SQL", "a list of addresses"
OF_TEXT = frozenset({JSON, MEDIAWIKI, POSTS, XML, HTML, SQL, ADDRESSES})
"""What is text, whatever reads it."""

HEAD_BYTES = 64 << 10
BLOCK_BYTES = 1 << 20
"""More than the first block of bz2 takes, which gives nothing before it is whole."""

LOOKED_BYTES = 4 << 10
"""Of what is unpacked: all marks stand at the beginning."""

_MARKS = (
    (re.compile(rb"WARC/\d"), WARC),
    (re.compile(rb"filedesc://"), ARC),
    (re.compile(rb"%PDF-\d"), PDF),
    (re.compile(rb'(?:\[\s*)?\{\s*"(?:[^"\\]|\\.){0,200}"\s*:'), JSON),
    (re.compile(rb"<.{0,2000}?<mediawiki[\s>]|<mediawiki[\s>]", re.DOTALL), MEDIAWIKI),
    (re.compile(rb"<.{0,2000}?<posts>|<posts>", re.DOTALL), POSTS),
    (re.compile(rb"(?:<\?xml.{0,500}?\?>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+)?html\b", re.I | re.DOTALL), HTML),
    (re.compile(rb"<\?xml\s"), XML),
    (re.compile(rb"-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin)"), SQL),
    (re.compile(rb"(?:(?:https?://|s3://|crawl-data/)\S+\r?\n){3}"), ADDRESSES),
)  # fmt: skip


def unpacked_start(raw: RawFile) -> bytes:
    """The first bytes of what a raw file holds, packed or not: LOOKED_BYTES at most, none of a 7z archive."""
    with raw.open() as stream:
        return _unpacked(raw, stream.read(HEAD_BYTES), stream)


def raw_content(raw: RawFile) -> str | None:
    """What a raw file holds, packed or not; None where its first bytes do not tell (plain text, damage, a 7z archive).

    At most two reads, of HEAD_BYTES and BLOCK_BYTES. A read that fails is a ReadFaultError.
    """
    with raw.open() as stream:
        head = stream.read(HEAD_BYTES)
        if head.startswith(PARQUET_MAGIC):
            return PARQUET
        if head.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)):
            return ZIP
        start = _unpacked(raw, head, stream)
    if is_tar_block(start):
        return TAR
    text = start.removeprefix(BOM).lstrip()
    return next((name for mark, name in _MARKS if mark.match(text)), None)


def _unpacked(raw: RawFile, head: bytes, stream: BinaryIO) -> bytes:
    """The first bytes of what a file holds, of as little of it as gives any."""
    packing = compression_of(head)
    if packing in ("none", "7z"):  # what is in an archive is told at its end
        return head[:LOOKED_BYTES] if packing == "none" else b""
    found = _first_bytes(raw, head)
    return found or _first_bytes(raw, head + stream.read(BLOCK_BYTES))


def _first_bytes(raw: RawFile, data: bytes) -> bytes:
    found = b""
    try:
        for piece in decompressed(BytesFile(raw.uri, raw.name, len(data), data)):
            found += piece
            if len(found) >= LOOKED_BYTES:
                break
    except DamagedInputError:  # it is cut off here
        pass
    return found[:LOOKED_BYTES]
