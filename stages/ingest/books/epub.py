"""An EPUB in, its text in reading order and its metadata out, with a ledger row for every part that is lost."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from unicodedata import normalize
from urllib.parse import unquote

from stages.core.errors import DamagedInputError
from stages.ingest.archives import ZIP_MAGIC, Member, open_zip, zip_member
from stages.ingest.books.epub_order import package_of_names
from stages.ingest.books.epub_package import (
    CONTAINER,
    ENCRYPTION,
    Package,
    PackageError,
    encrypted_paths,
    package_paths,
    parse_package,
    slashes,
)
from stages.ingest.books.xhtml import chapter_text
from stages.ingest.decode import bad_bytes, bad_bytes_change, decode_text
from stages.ingest.markup_charset import markup_charset
from stages.ingest.raw import Change, Loss, RawFile

MAX_PACKAGE_BYTES = 8 << 20
_MIMETYPE = b"mimetypeapplication/epub+zip"
_GUTENBERG = re.compile(r"gutenberg\.org/(?:(?:ebooks|files|etext)/)?(\d+)")


@dataclass(frozen=True)
class Epub:
    """The text of an EPUB, what its package says of it, and the parts that could not be read."""

    text: str
    package: Package
    losses: tuple[Loss, ...]
    changes: tuple[Change, ...] = ()

    @property
    def gutenberg_id(self) -> str:
        """The book's number at Gutenberg, if its identifiers tell one."""
        found = (_GUTENBERG.search(name) for name in self.package.identifiers)
        return next((match[1] for match in found if match), "")


def read_epub(raw: RawFile, max_book_bytes: int) -> Epub | Loss:
    """The book of an EPUB, or why there is none.

    Rules for the book: `no_package`, `bad_package`, `encrypted`, `too_large`; for a part of it, whose path is the
    key: `missing_item`, `not_text` and those of a zip archive. A DamagedInputError when it is no zip archive.
    """
    with raw.open() as stream:
        files = _Files(open_zip(stream))
        try:
            locked = encrypted_paths(files.small(ENCRYPTION)) if files.has(ENCRYPTION) else set()
        except PackageError as error:
            return Loss("", "bad_package", str(error), text_bytes=raw.size)
        found = _package_or_order(files, raw.size)
        if isinstance(found, Loss):
            return found
        package, changes = found
        locked_parts = [item.path for item in package.spine if item.path in locked]
        if locked_parts:
            detail = f"{len(locked_parts)} of {len(package.spine)} parts"
            return Loss("", "encrypted", detail, text_bytes=raw.size)
        return _read_spine(files, package, max_book_bytes, changes)


def is_epub(raw: RawFile) -> bool:
    """Whether a file of another name is an EPUB: an archive that begins as one, or holds an EPUB's container."""
    with raw.open() as stream:
        head = stream.read(len(_MIMETYPE) + 30)
        if not head.startswith(ZIP_MAGIC):
            return False
        if head[30:] == _MIMETYPE:
            return True
        stream.seek(0)
        try:
            return _Files(open_zip(stream)).has(CONTAINER)
        except DamagedInputError:
            return False


def _package_or_order(files: _Files, size: int) -> tuple[Package, tuple[Change, ...]] | Loss:
    """What the package says; without one, or without any of its files, the texts in the order of contents or names."""
    package: Package | None = None
    loss = Loss("", "no_package", "no package file (.opf) in the archive", text_bytes=size)
    try:
        package = _package(files)
    except PackageError as error:
        loss = Loss("", "bad_package", str(error), text_bytes=size)
    if package is not None and any(files.has_part(item.path) for item in package.spine):
        return package, ()
    found = package_of_names(files.ending(""), files.small)
    if found is None:
        return loss if package is None else (package, ())
    ordered, source = found
    reason = loss.detail if package is None else "the package lists no file that is there"
    if package is not None:
        ordered = replace(package, spine=ordered.spine)
    return ordered, (Change("reading_order", len(ordered.spine), detail=f"by {source}: {reason}"),)


def _read_spine(
    files: _Files, package: Package, max_book_bytes: int, changes: tuple[Change, ...]
) -> Epub | Loss:
    chapters: list[str] = []
    losses: list[Loss] = []
    total = bad = 0
    encodings: dict[str, None] = {}
    files.claim(item.path for item in package.spine)
    for item in package.spine:
        if not item.is_text:
            losses.append(Loss(item.path, "not_text"))
            continue
        part = files.read(item.path, max_book_bytes)
        if isinstance(part, Loss):
            losses.append(part)
            continue
        total += part.size
        if total > max_book_bytes:
            return Loss("", "too_large", "bytes of text files", total, max_book_bytes, text_bytes=total)
        read = decode_text(part.data or b"", declared_within=markup_charset)
        if wrong := bad_bytes(part.data or b"", read):
            bad += wrong
            encodings[read.encoding] = None
        chapters.append(chapter_text(read.text))
    changes += bad_bytes_change(bad, " ".join(encodings))
    return Epub("\n\n\n".join(filter(None, chapters)), package, tuple(losses), changes)


def _package(files: _Files) -> Package | None:
    """The first package file that is there, whether or not the container names it."""
    named: list[str] = []
    if files.has(CONTAINER):
        with suppress(PackageError):  # what it would say is found without it
            named = package_paths(files.small(CONTAINER))
    paths = [path for path in named if files.has(path)] or files.ending(".opf")
    return parse_package(files.small(paths[0]), paths[0]) if paths else None


class _Files:
    """The files of an archive by path, which writers of EPUBs spell in their own ways: case, escapes, accents, folder."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
        self._by_name = {slashes(info.filename): info for info in reversed(infos)}
        self._by_spelling = {_spelling(info.filename): info for info in reversed(infos)}
        bases = Counter(_base(path) for path in self._by_spelling)
        self._by_base = {
            _base(path): info for path, info in self._by_spelling.items() if bases[_base(path)] == 1
        }

    def _find(self, path: str) -> zipfile.ZipInfo | None:
        return self._by_name.get(path) or self._by_spelling.get(_spelling(path))

    def _find_anywhere(self, path: str) -> zipfile.ZipInfo | None:
        """A file as it is named, or the only one of its name, in whatever folder."""
        return self._find(path) or self._by_base.get(_base(_spelling(path)))

    def claim(self, paths: Iterable[str]) -> None:
        """These files are parts by their own paths: none of them stands for another that is missing."""
        for path in paths:
            if self._find(path) is not None:
                self._by_base.pop(_base(_spelling(path)), None)

    def has(self, path: str) -> bool:
        return self._find(path) is not None

    def has_part(self, path: str) -> bool:
        return self._find_anywhere(path) is not None

    def ending(self, end: str) -> list[str]:
        return sorted(name for name in self._by_name if name.lower().endswith(end))

    def read(self, path: str, max_bytes: int) -> Member | Loss:
        info = self._find_anywhere(path)
        if info is None:
            return Loss(path, "missing_item", "the package names it, the archive does not hold it")
        return zip_member(self._archive, info, max_bytes)

    def small(self, path: str) -> bytes:
        """A file of the EPUB's own bookkeeping; a PackageError when it cannot be read."""
        found = self.read(path, MAX_PACKAGE_BYTES)
        if isinstance(found, Loss):
            raise PackageError(f"{path}: {found.rule} {found.detail or ''}".strip())
        return found.data or b""


def _spelling(path: str) -> str:
    """A path without what differs between a package and its archive: case, percent escapes, composed accents."""
    return normalize("NFC", unquote(slashes(path))).lower().removeprefix("./")


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]
