"""Books: one text file in, one document out, without Gutenberg's additions (LLaMA section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from stages.ingest.base import IngestStage, Loss, RawDocument, RawFile, RawRecord
from stages.ingest.books.encoding import control_share, decode_book
from stages.ingest.books.gutenberg import Book, split_book
from stages.ingest.books.languages import language_code
from stages.ingest.compressed import decompressed

_TEXT_FILE = re.compile(r"\.te?xt(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\[[^\]]*\]?")


class BooksIngest(IngestStage):
    """Text files of whole books, from Gutenberg or plain folders; a raw file is a document."""

    stage_name: ClassVar[str] = "ingest_books"
    source: ClassVar[str] = "books"

    min_chars: int = Field(0, ge=0, description="shorter books are dropped")
    max_book_bytes: int = Field(64 << 20, gt=0, description="larger files are dropped unread")
    max_control_share: float = Field(
        0.001, ge=0, le=1, description="control characters that a text file may hold"
    )

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """The one book of a raw file, or why there is none."""
        yield self._read_file(raw)

    def _read_file(self, raw: RawFile) -> RawRecord:
        if not _TEXT_FILE.search(raw.name):
            return Loss("", "unrecognised_file", "not .txt", text_bytes=raw.size)
        data = bytearray()
        for piece in decompressed(raw):
            data += piece
            if len(data) > self.max_book_bytes:
                return Loss("", "too_large", "bytes", len(data), self.max_book_bytes, text_bytes=raw.size)
        text, encoding = decode_book(bytes(data))
        controls = control_share(text)
        if controls > self.max_control_share:
            return Loss(
                "", "encoding", "control characters", controls, self.max_control_share, text_bytes=raw.size
            )
        text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a\n ")
        book = split_book(text)
        chars = len(book.text.strip())
        if chars < self.min_chars:
            return Loss("", "too_short", "characters", chars, self.min_chars, text_bytes=len(data))
        language = language_code(book.fields.get("language", ""))
        return RawDocument("", book.text, _url(book), language, metadata=_metadata(book, encoding))


def _metadata(book: Book, encoding: str) -> dict[str, Any]:
    if not book.is_gutenberg:
        return {"encoding": encoding, "gutenberg": False}
    fields = book.fields
    released = _BRACKETS.sub("", fields.get("release date") or fields.get("posting date", "")).strip()
    return {
        "author": fields.get("author", ""),
        "encoding": encoding,
        "gutenberg": True,
        "gutenberg_id": fields.get("gutenberg_id", ""),
        "language": fields.get("language", ""),
        "released": released,
        "title": fields.get("title", ""),
    }


def _url(book: Book) -> str | None:
    number = book.fields.get("gutenberg_id")
    return f"https://www.gutenberg.org/ebooks/{number}" if number else None
