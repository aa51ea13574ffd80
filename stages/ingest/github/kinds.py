"""A raw file of code in, what it is out: an archive, an export of rows, or neither."""

from __future__ import annotations

import re

from stages.core.errors import DamagedInputError
from stages.ingest.archives import EMPTY_ZIP_MAGIC, ZIP_MAGIC, is_tar_block
from stages.ingest.compressed import decompressed
from stages.ingest.github import folders
from stages.ingest.parquet_rows import PARQUET_MAGIC
from stages.ingest.raw import RawFile

PEEK_BYTES = 512
_JSON_NAME = re.compile(r"\.(?:json|jsonl|ndjson)(?:\.\w+)?$", re.IGNORECASE)


def raw_kind(raw: RawFile) -> str:
    """`archive`, `parquet`, `json` or `unknown`, by a file's content; a file that cannot be read is what its name says."""
    with raw.open() as stream:
        head = stream.read(4)
    if head == PARQUET_MAGIC:
        return "parquet"
    if head in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
        return "archive"
    first = b""
    try:
        for piece in decompressed(raw):
            first += piece
            if len(first) >= PEEK_BYTES:
                break
    except DamagedInputError:
        pass
    if first and is_tar_block(first[:PEEK_BYTES]):
        return "archive"
    if first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "json"
    name = raw.name.rsplit("/", 1)[-1]
    if _JSON_NAME.search(name):
        return "json"
    return "archive" if folders.is_raw_name(name) else "unknown"
