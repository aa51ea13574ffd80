"""A file of addresses, one a line, in, the addresses out: what another tool listed, in place of dumps."""

from __future__ import annotations

from collections.abc import Iterator

from quality_classifier.urls import MAX_URL_CHARS, normalize_url
from stages.core.errors import DamagedInputError
from stages.ingest.compressed import decompressed, lines
from stages.ingest.raw import RawFile

HEAD_LINES = 20
MAX_LINE_BYTES = 8 * MAX_URL_CHARS


def is_url_list(raw: RawFile) -> bool:
    """Whether the first line of a file that is neither empty nor a comment is a web address with its scheme.

    A dump begins with `<`; of a file that is neither, the reader of dumps says that it holds no page.
    """
    pieces = decompressed(raw)
    try:
        for number, (_, line) in enumerate(lines(pieces, MAX_LINE_BYTES)):
            text = line.decode("utf-8-sig", "replace").strip()
            if text and not text.startswith("#"):
                begins = text[:8].lower().startswith(("http://", "https://"))
                return begins and normalize_url(text) is not None
            if number >= HEAD_LINES:
                return False
    except DamagedInputError:
        pass  # whoever reads it meets the damage, and tells of it
    return False


def read_url_list(raw: RawFile) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is neither empty nor a comment."""
    for number, (_, line) in enumerate(lines(decompressed(raw), MAX_LINE_BYTES), 1):
        text = line.decode("utf-8-sig", "replace").strip()
        if text and not text.startswith("#"):
            yield number, text
