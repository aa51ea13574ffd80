"""The files of an EPUB whose package says nothing in, a package of its texts in the order of its contents, or names, out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from urllib.parse import unquote

from stages.ingest.books.epub_package import (
    Package,
    PackageError,
    SpineItem,
    is_cover_name,
    parse_xml,
    slashes,
)

_TEXT_FILE = re.compile(r"\.x?html?$", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"(?:nav|toc|contents|table-?of-?contents)", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")
MAX_NUMBER_DIGITS = 18


def package_of_names(names: Iterable[str], small: Callable[[str], bytes]) -> tuple[Package, str] | None:
    """The package that the files of an archive make, and what their order is of; None where none of them is text.

    `small` reads a file. What the table of contents leaves out stands behind the file that is before it by name.
    """
    paths = sorted((path for path in names if not path.lower().startswith("meta-inf/")), key=_natural)
    texts = [path for path in paths if _TEXT_FILE.search(path)]
    chapters = [
        path for path in texts if not _CONTENTS_NAME.fullmatch(_stem(path)) and not is_cover_name(_stem(path))
    ]
    if not chapters:
        return None
    title, listed, source = "", list[str](), "names"
    for path in [path for path in paths if path.lower().endswith(".ncx")] + [
        path for path in texts if _CONTENTS_NAME.fullmatch(_stem(path))
    ]:
        with suppress(PackageError):
            title, places = _contents(small(path), posixpath.dirname(path))
            listed = list(dict.fromkeys(place for place in places if place in set(chapters)))
        if listed:
            source = "the table of contents"
            break
    spine = tuple(SpineItem(path, True) for path in _merged(listed, chapters))
    return Package(spine, title=title), source


def _merged(listed: list[str], chapters: list[str]) -> Iterator[str]:
    """`listed`, each followed by the chapters that are not listed and come behind it by name."""
    known = set(listed)
    behind: dict[str, list[str]] = {}
    before = ""
    for path in chapters:
        if path in known:
            before = path
        else:
            behind.setdefault(before, []).append(path)
    yield from behind.get("", [])
    for path in listed:
        yield path
        yield from behind.get(path, [])


def _contents(data: bytes, folder: str) -> tuple[str, list[str]]:
    """The title and the files that a table of contents (NCX, or XHTML with links) lists."""
    root = parse_xml(data, needed="navpoint" if b"navPoint" in data else "a")
    title, found = "", list[str]()
    for element in root.iter():
        name = str(element.tag).rsplit("}", 1)[-1].lower()
        if name == "doctitle":
            title = " ".join("".join(element.itertext()).split())
        if (place := element.get("src" if name == "content" else "href", "")) and name in ("content", "a"):
            path = slashes(unquote(place.split("#", 1)[0]))
            found.append(posixpath.normpath(posixpath.join(folder, path)).lstrip("/"))
    return title, found


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _natural(path: str) -> list[tuple[int, str]]:
    """A key by which `c2` comes before `c10`."""
    return [
        (int(part), "") if part.isdecimal() and len(part) <= MAX_NUMBER_DIGITS else (-1, part.lower())
        for part in _NUMBERS.split(path)
    ]
