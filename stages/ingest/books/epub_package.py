"""The package file of an EPUB in, its metadata and the files of its text in reading order out (EPUB 2 and 3).

XML here is parsed without any entity of its own: a package that declares one is refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.entities import html5
from urllib.parse import unquote
from xml.etree import ElementTree

from stages.ingest.books.lenient_xml import MAX_XML_DEPTH, lenient_root
from stages.ingest.decode import decode_text
from stages.ingest.markup_charset import markup_charset
from stages.ingest.work import TooMuchWorkError

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
_FONT_MANGLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_TEXT_TYPES = (
    "application/xhtml+xml",
    "text/html",
    "text/x-oeb1-document",
    "application/x-dtbook+xml",
    "text/xml",
    "application/xml",
)
_TEXT_FILE = re.compile(r"\.x?html?$", re.IGNORECASE)
_COVER = re.compile(r"(?:cover|cvi)(?:[-_]?page)?(?:-wrapper)?", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\b[^>]{0,500}\?>")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:(\w{1,32});)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARES_ENTITY = re.compile(rb"<\0?!\0?E\0?N\0?T\0?I\0?T\0?Y")


class PackageError(ValueError):
    """A file of an EPUB's own bookkeeping is not what the format says."""


@dataclass(frozen=True)
class SpineItem:
    """A file in reading order: its path in the archive, and whether it is text (another is a picture, say)."""

    path: str
    is_text: bool


@dataclass(frozen=True)
class Package:
    """What a package file says; `spine` leaves out covers and tables of contents."""

    spine: tuple[SpineItem, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    released: str = ""
    identifiers: tuple[str, ...] = ()


def parse_xml(data: bytes, needed: str = "") -> ElementTree.Element:
    """The root of a small XML file; a PackageError when it declares entities or is not well-formed.

    One that is not well-formed is read as browsers read HTML, if it then holds an element of the name `needed`.
    """
    if _DECLARES_ENTITY.search(data):
        raise PackageError("declares entities")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        mended = _mended(data)
        try:
            root = ElementTree.fromstring(mended)
        except (ElementTree.ParseError, ValueError):
            root = lenient_root(mended)
            if not needed or all(_local(element) != needed for element in root.iter()):
                raise PackageError(f"not well-formed ({error})") from error
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_XML_DEPTH:
            raise TooMuchWorkError("elements of a package file inside each other", depth, MAX_XML_DEPTH)
        level = [child for element in level for child in element]
    return root


def _mended(data: bytes) -> str:
    """XML with what writers of EPUBs get wrong in it: bare `&`, HTML's entities, bad bytes, blanks before its declaration."""
    text = decode_text(data, declared_within=markup_charset).text
    text = _DECLARATION.sub("", _CONTROL.sub("", text).lstrip("\ufeff \t\r\n"))
    return _AMPERSAND.sub(_entity, text)


def _entity(match: re.Match[str]) -> str:
    char = html5.get(f"{match[1]};") if match[1] else None
    return "&amp;" + match[0][1:] if char is None else escape(char)


def package_paths(container: bytes) -> list[str]:
    """The package files that META-INF/container.xml names."""
    found = [
        element.get("full-path", "")
        for element in parse_xml(container, needed="rootfile").iter()
        if _local(element) == "rootfile"
    ]
    return [slashes(unquote(path)).lstrip("/") for path in found if path]


def is_cover_name(stem: str) -> bool:
    """Whether a file is a cover by its name without an extension, or an item by its id."""
    return _COVER.fullmatch(stem) is not None


def slashes(path: str) -> str:
    """A path as archives have it, whatever a writer on Windows wrote."""
    return path.replace("\\", "/")


def encrypted_paths(encryption: bytes) -> set[str]:
    """The files that META-INF/encryption.xml says are encrypted; mangled fonts are no encryption."""
    paths: set[str] = set()
    for data in parse_xml(encryption).iter():
        if _local(data) != "encrypteddata":
            continue
        methods = {e.get("Algorithm", "") for e in data if _local(e) == "encryptionmethod"}
        if methods and all(method in _FONT_MANGLING for method in methods):
            continue
        references = (e.get("URI", "") for e in data.iter() if _local(e) == "cipherreference")
        paths |= {slashes(unquote(uri)).lstrip("/") for uri in references if uri}
    return paths


def parse_package(data: bytes, path: str) -> Package:
    """The package file at `path` of the archive; its own paths are relative to its folder."""
    root = parse_xml(data, needed="item")
    folder = posixpath.dirname(path)
    items = [e for e in root.iter() if _local(e) == "item"]
    manifest = {e.get("id", "").lower(): e for e in reversed(items)} | {e.get("id", ""): e for e in items}
    left_out = {
        _resolved(folder, e.get("href", ""))
        for e in root.iter()
        if _local(e) == "reference" and e.get("type", "").lower() in ("toc", "cover")
    }
    spine: dict[str, SpineItem] = {}
    names = [e.get("idref", "") for e in root.iter() if _local(e) == "itemref"]
    # without a reading order that of the list of files
    has_order = any(name in manifest or name.lower() in manifest for name in names)
    for name in names + ([] if has_order else [e.get("id", "") for e in items]):
        item = manifest.get(name) or manifest.get(name.lower())
        if item is None:
            spine.setdefault(name, SpineItem(name or "(no name)", True))
            continue
        place = _resolved(folder, item.get("href", ""))
        stem = posixpath.splitext(posixpath.basename(place))[0]
        is_cover = is_cover_name(name) or is_cover_name(stem)
        if is_cover or place in left_out or "nav" in item.get("properties", "").split():
            continue
        is_text = item.get("media-type", "") in _TEXT_TYPES or _TEXT_FILE.search(place) is not None
        if not is_text and not has_order:
            continue
        spine.setdefault(place, SpineItem(place, is_text))
    return Package(
        tuple(spine.values()),
        title=next(_texts(root, "title"), ""),
        author="; ".join(_authors(root)),
        language=next(_texts(root, "language"), ""),
        released=_released(root),
        identifiers=tuple(_texts(root, "identifier")) + tuple(_texts(root, "source")),
    )


def _texts(root: ElementTree.Element, name: str) -> Iterator[str]:
    for element in root.iter():
        if _local(element) == name and (text := " ".join("".join(element.itertext()).split())):
            yield text


def _authors(root: ElementTree.Element) -> list[str]:
    """The creators, without those that have another part than the author's."""
    roles = {
        e.get("refines", "").lstrip("#"): (e.text or "").strip()
        for e in root.iter()
        if _local(e) == "meta" and e.get("property") == "role"
    }
    found: list[tuple[str, str]] = []
    for element in root.iter():
        if _local(element) == "creator" and (name := " ".join("".join(element.itertext()).split())):
            own = next((value for key, value in element.items() if key.rsplit("}", 1)[-1] == "role"), "")
            found.append((name, own or roles.get(element.get("id", ""), "") or "aut"))
    return [name for name, role in found if role == "aut"] or [name for name, _ in found]


def _released(root: ElementTree.Element) -> str:
    dates = {
        next((v for k, v in e.items() if k.rsplit("}", 1)[-1] == "event"), ""): (e.text or "").strip()
        for e in reversed(list(root.iter()))
        if _local(e) == "date"
    }
    return dates.get("publication") or dates.get("") or next(iter(dates.values()), "")


def _local(element: ElementTree.Element) -> str:
    """The name of an element without its namespace, in lower case."""
    return str(element.tag).rsplit("}", 1)[-1].lower()


def _resolved(folder: str, href: str) -> str:
    path = slashes(unquote(href.split("#", 1)[0]))
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")
