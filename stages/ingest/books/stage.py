"""Books: texts, HTML pages, EPUBs and zips in, a document each out, without Gutenberg's additions (LLaMA section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from stages.core.errors import DamagedInputError
from stages.ingest import contents
from stages.ingest.archives import BytesFile, Member, archive_members
from stages.ingest.base import IngestStage
from stages.ingest.books.encoding import book_control_share, gutenberg_charset
from stages.ingest.books.epub import Epub, is_epub, read_epub
from stages.ingest.books.gutenberg import Book, split_book
from stages.ingest.books.languages import language_code, language_of_tag
from stages.ingest.books.xhtml import chapter_text, html_language
from stages.ingest.compressed import decompressed
from stages.ingest.decode import bad_bytes, bad_bytes_change, decode_text, without_marks
from stages.ingest.markup_charset import markup_charset
from stages.ingest.raw import Change, Loss, RawDocument, RawFile, RawRecord
from stages.ingest.work import bounded

_TEXT_FILE = re.compile(r"\.te?xt(?:\.utf-?8)?(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)
_HTML_FILE = re.compile(r"\.x?html?(?:\.(?:utf-?8|(?:no)?images))?(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)
_ZIP_FILE = re.compile(r"\.zip$", re.IGNORECASE)
_BESIDE_TEXT = re.compile(
    r"\.(?:jpe?g|png|gif|svg|bmp|ico|webp|css|js|mid|midi|mp3|ogg|ly|mxl|xml|pdf|ttf|otf|woff2?)$|(?:^|/)(?:thumbs\.db|\.ds_store)$|^__macosx/",
    re.IGNORECASE,
)
"""Pictures, sounds and styles that an HTML edition shows."""
_EPUB_FILE = re.compile(r"\.epub3?(?:\.(?:no)?images)?$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\[[^\]]*\]?")


class BooksIngest(IngestStage):
    """Texts, HTML pages and EPUBs of whole books, from Gutenberg or plain folders; zips of these."""

    stage_name: ClassVar[str] = "ingest_books"
    version: ClassVar[int] = 9
    follows_unicode: ClassVar[bool] = True
    kind: ClassVar[str] = "books"
    reads: ClassVar[frozenset[str]] = frozenset({contents.HTML, contents.ZIP, contents.XML})

    min_chars: int = Field(0, ge=0, description="shorter books are dropped")
    max_book_bytes: int = Field(64 << 20, gt=0, description="larger files are dropped unread")
    max_control_share: float = Field(
        0.001, ge=0, le=1, description="control characters that a text file may hold"
    )

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        """The one book of a raw file, or all of a zip, or why there is none; before it the parts that are lost."""
        if _EPUB_FILE.search(raw.name) or (not is_book_file(raw.name) and is_epub(raw)):
            yield from self._read_epub(raw, "")
        elif _ZIP_FILE.search(raw.name):
            yield from self._read_zip(raw)
        elif is_book_file(raw.name):
            yield bounded(raw, partial(self._read_text, raw, ""), "", text_bytes=raw.size)
        else:
            yield Loss("", "unrecognised_file", "neither .txt, .htm, .zip nor .epub", text_bytes=raw.size)

    def _read_zip(self, raw: RawFile) -> Iterator[RawRecord]:
        """The books of a zip; a lone one is the raw file's own document. Pictures and style sheets are no loss."""
        books: list[Member] = []
        total = 0
        for member in archive_members(raw, self.max_book_bytes, _is_book):
            if isinstance(member, Loss):
                yield member
            elif member.data is None:
                if not _BESIDE_TEXT.search(member.name):
                    yield Loss(member.name, "not_text", text_bytes=member.size)
            elif (total := total + member.size) > self.max_book_bytes:
                limit = self.max_book_bytes
                yield Loss(
                    member.name,
                    "too_large",
                    "bytes of the archive's texts",
                    total,
                    limit,
                    text_bytes=member.size,
                )
            else:
                books.append(member)
        if not books:
            yield Loss("", "no_text", "no .txt, no .htm and no .epub in the archive", text_bytes=raw.size)
        for book in books:
            yield from self._read_member(raw, book, book.name if len(books) > 1 else "")

    def _read_member(self, raw: RawFile, book: Member, key: str) -> Iterator[RawRecord]:
        """The book of a zip's member; damage in it costs that one alone."""
        inner = BytesFile(
            raw.uri, book.name if key else raw.name, book.size, book.data or b"", watch=raw.watch
        )
        try:
            if _EPUB_FILE.search(book.name):
                yield from self._read_epub(inner, key)
            else:
                yield bounded(raw, partial(self._read_text, inner, key, book.name), key, text_bytes=book.size)
        except DamagedInputError as error:
            yield Loss(key or book.name, "damaged", error.reason, text_bytes=book.size)

    def _read_epub(self, raw: RawFile, key: str) -> Iterator[RawRecord]:
        epub = bounded(raw, partial(read_epub, raw, self.max_book_bytes), key, text_bytes=raw.size)
        if isinstance(epub, Loss):
            yield replace(epub, key=key)
            return
        for loss in epub.losses:
            yield replace(loss, key=f"{key}/{loss.key}") if key else loss
        book = split_book(epub.text)
        metadata = _epub_metadata(epub, book, raw.name)
        language = language_of_tag(epub.package.language) or language_code(book.fields.get("language", ""))
        yield self._checked(book, raw, language, metadata, epub.changes, key)

    def _read_text(self, raw: RawFile, key: str, name: str | None = None) -> RawRecord:
        data = bytearray()
        for piece in decompressed(raw):
            data += piece
            if len(data) > self.max_book_bytes:
                return Loss(key, "too_large", "bytes", len(data), self.max_book_bytes, text_bytes=raw.size)
        return self._book_of(raw, key, name or raw.name, bytes(data))

    def _book_of(self, raw: RawFile, key: str, name: str, data: bytes) -> RawRecord:
        """The book of a text or an HTML file."""
        html = _HTML_FILE.search(name) is not None
        read = decode_text(data, declared_within=markup_charset if html else gutenberg_charset)
        text = chapter_text(read.text) if html else without_marks(read.text)
        text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a\n ")
        book = split_book(text)
        language = language_code(book.fields.get("language", ""))
        if language is None and html:
            language = language_of_tag(html_language(read.text))
        changes = bad_bytes_change(bad_bytes(data, read), read.encoding)
        metadata = _metadata(book, read.encoding, name if key else raw.name)
        return self._checked(book, raw, language, metadata, changes, key, len(data))

    def _checked(
        self,
        book: Book,
        raw: RawFile,
        language: str | None,
        metadata: dict[str, Any],
        changes: tuple[Change, ...],
        key: str = "",
        size: int | None = None,
    ) -> RawDocument | Loss:
        size = raw.size if size is None or not key else size
        controls = book_control_share(book.text)
        if controls > self.max_control_share:
            limit = self.max_control_share
            return Loss(key, "encoding", "control characters", controls, limit, text_bytes=size)
        chars = len(book.text.strip())
        if chars < self.min_chars:
            length = len(book.text.encode("utf-8", "replace"))
            return Loss(key, "too_short", "characters", chars, self.min_chars, text_bytes=length)
        return RawDocument(key, book.text, _url(metadata), language, metadata=metadata, changes=changes)


def is_book_file(name: str) -> bool:
    """Whether a file is a text or an HTML page by its name, compressed or not."""
    return _TEXT_FILE.search(name) is not None or _HTML_FILE.search(name) is not None


def _is_book(name: str) -> bool:
    return is_book_file(name) or _EPUB_FILE.search(name) is not None


def _metadata(book: Book, encoding: str, raw_name: str) -> dict[str, Any]:
    """What a text file's Gutenberg header says; without a header the title is the file's name."""
    if not book.is_gutenberg:
        return {"encoding": encoding, "gutenberg": False, "title": _stem(raw_name)}
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


def _epub_metadata(epub: Epub, book: Book, raw_name: str) -> dict[str, Any]:
    """What the package says, and where it is silent the Gutenberg header, if there is one."""
    package, fields = epub.package, book.fields
    metadata = {
        "author": package.author or fields.get("author", ""),
        "format": "epub",
        "gutenberg": book.is_gutenberg,
        "language": package.language or fields.get("language", ""),
        "released": package.released,
        "title": package.title or fields.get("title") or _stem(raw_name),
    }
    number = epub.gutenberg_id or fields.get("gutenberg_id", "")
    return metadata | ({"gutenberg_id": number} if number else {})


def _stem(raw_name: str) -> str:
    base = raw_name.rsplit("/", 1)[-1]
    for ending in (_TEXT_FILE, _EPUB_FILE, _HTML_FILE, _ZIP_FILE):
        base = ending.sub("", base)
    return " ".join(base.replace("_", " ").split())


def _url(metadata: dict[str, Any]) -> str | None:
    number = metadata.get("gutenberg_id")
    return f"https://www.gutenberg.org/ebooks/{number}" if number else None
