"""Input patterns in, raw files out: archives, exports, and checked-out repositories, each a raw file of its own.

A repository's root is a folder with `.git`, or, outside a repository, with a licence file or a manifest. Links are
never followed inside a folder. Works alike on local disks and remote storage.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pyarrow.fs as pafs

from stages.core import storage
from stages.core.errors import UserError
from stages.core.reading import is_of_input
from stages.core.storage import FoundFile
from stages.ingest.github.licenses import is_license_path
from stages.ingest.github.manifests import is_manifest

FILE, FOLDER, LINK, SPECIAL, UNREADABLE, GIT = "file", "folder", "link", "special", "unreadable", "git"
LOOSE = "."
"""Name of the raw file that stands for the files of a folder that belong to no repository."""

_RAW_NAME = re.compile(
    r".*\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|7z|parquet|(?:json|jsonl|ndjson)(?:\.(?:gz|bz2|xz|zst))?)|.*\d{12}(?:\.gz)?",
    re.IGNORECASE,
)
_PLAIN_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Entry:
    """What lies in a folder: its path below where the walk began, kind (FILE, FOLDER, LINK, ...), size in bytes."""

    path: str
    kind: str
    size: int = 0


def is_raw_name(name: str) -> bool:
    """Whether a file outside of repositories is an archive or an export by its name."""
    return _RAW_NAME.fullmatch(name) is not None


def entries(folder: str) -> list[Entry]:
    """What lies right in a folder, sorted by name; an OSError when it cannot be listed."""
    if "://" not in folder:
        with os.scandir(folder) as found:
            return sorted((_local_entry(item) for item in found), key=lambda entry: entry.path)
    fs, path = storage.filesystem(folder)
    infos = fs.get_file_info(pafs.FileSelector(path))
    return sorted(
        (
            Entry(info.base_name, FOLDER if info.type == pafs.FileType.Directory else FILE, info.size or 0)
            for info in infos
        ),
        key=lambda entry: entry.path,
    )


def _local_entry(item: os.DirEntry[str]) -> Entry:
    if item.is_symlink():
        return Entry(item.name, LINK)
    if item.is_dir(follow_symlinks=False):
        return Entry(item.name, FOLDER)
    if item.is_file(follow_symlinks=False):
        return Entry(item.name, FILE, item.stat(follow_symlinks=False).st_size)
    return Entry(item.name, SPECIAL)


def walk_repository(root: str, loose: bool = False) -> Iterator[Entry]:
    """Everything that belongs to the repository at `root`, in order of path; `.git` is one entry.

    Nested repositories (submodules) are left out. With `loose` it is what belongs to no repository below `root`.
    """
    yield from _walk(root, "", not loose)


def _walk(root: str, below: str, in_repository: bool) -> Iterator[Entry]:
    try:
        found = entries(storage.join(root, below) if below else root)
    except OSError as error:
        if not is_of_input(error):
            raise
        yield Entry(below, UNREADABLE)
        return
    names = [entry.path for entry in found]
    if below and (".git" in names or (not in_repository and _is_root(names))):
        return
    for entry in found:
        path = f"{below}/{entry.path}" if below else entry.path
        if entry.path == ".git":
            yield Entry(path, GIT)
        elif entry.kind == FOLDER:
            yield from _walk(root, path, in_repository)
        elif in_repository or entry.kind == SPECIAL or not is_raw_name(entry.path):
            yield Entry(path, entry.kind, entry.size)


def _is_root(names: Sequence[str]) -> bool:
    return ".git" in names or any(is_license_path(name) or is_manifest(name) for name in names)


def find_raw_files(pattern: str) -> list[FoundFile]:
    """The raw files of a path, folder or glob pattern; the URI of a repository ends in `/`. A UserError for none."""
    fs, path = storage.filesystem(pattern)
    path = path.rstrip("/") or "/"
    prefix = pattern[: len(pattern.rstrip("/")) - len(path)] if "://" in pattern else ""
    kind = fs.get_file_info(path).type
    wildcard = next((i for i, c in enumerate(path) if c in "*?["), None)
    if kind == pafs.FileType.File or "http://" in pattern[:8] or "https://" in pattern[:8]:
        return storage.find_files(pattern)
    if kind == pafs.FileType.Directory:
        return _given_folder(prefix + path, "")
    if wildcard is None:
        raise UserError(f"{pattern}: no such file or folder")
    base, _, rest = path[:wildcard].rpartition("/")
    segments = (rest + path[wildcard:]).split("/")
    while len(segments) > 1 and segments[-2:] in (["**", "*"], ["**", "**"]):
        segments.pop()
    if segments == ["**"]:
        return _given_folder(prefix + base, "")
    found: list[FoundFile] = []
    for entry in _matches(prefix + base, "", segments):
        uri = storage.join(prefix + base, entry.path)
        if entry.kind == FOLDER:
            found += _given_folder(uri, entry.path)
        else:
            found.append(FoundFile(uri, entry.path, _size(uri, entry)))
    if not found:
        raise UserError(f"{pattern}: no file matches; check the path and quote the pattern")
    return found


def _matches(base: str, below: str, segments: Sequence[str]) -> Iterator[Entry]:
    """Files and folders below `base` that match; what a link stands for where the link itself is matched."""
    first, rest = segments[0], segments[1:]
    for entry in _listed(storage.join(base, below) if below else base):
        path = f"{below}/{entry.path}" if below else entry.path
        if entry.path == ".git":
            continue
        if first == "**":
            if entry.kind == FOLDER:
                yield from _matches(base, path, segments)
            if not rest or (len(rest) == 1 and fnmatchcase(entry.path, rest[0])):
                if entry.kind == FILE or (entry.kind == LINK and _is_file(storage.join(base, path))):
                    yield Entry(path, FILE, entry.size)
            elif entry.kind == FOLDER and fnmatchcase(entry.path, rest[0]):
                yield from _matches(base, path, rest[1:])
        elif fnmatchcase(entry.path, first):
            if rest and entry.kind == FOLDER:
                yield from _matches(base, path, rest)
            elif not rest:
                place = storage.join(base, path)
                if entry.kind == FOLDER or storage.is_folder(place):
                    yield Entry(path, FOLDER)
                elif entry.kind == FILE or _is_file(place):
                    yield Entry(path, FILE, entry.size)


def _given_folder(uri: str, name: str) -> list[FoundFile]:
    """The raw files of a folder that was given: itself when it is a repository, else what lies in it."""
    listed = _listed(uri)
    names = [entry.path for entry in listed]
    files = [entry.path for entry in listed if entry.kind in (FILE, LINK)]
    archives = sum(is_raw_name(file) and not file.lower().endswith(_PLAIN_JSON) for file in files)
    root = ".git" in names or (_is_root(names) and archives * 2 <= len(files))
    sizes: dict[str, int] = {}
    found: list[FoundFile] = []
    _survey(uri, "", listed, "" if root else None, sizes, found)
    own = name or uri.rsplit("/", 1)[-1]
    for path, size in sizes.items():
        place = uri if path in ("", LOOSE) else storage.join(uri, path)
        above = own if root else name
        # empty files make rows too; a raw file of no bytes has none
        found.append(FoundFile(place + "/", "/".join(filter(None, (above, path))), max(1, size)))
    if name and not root:
        found = [f if f.uri.endswith("/") else FoundFile(f.uri, f"{name}/{f.name}", f.size) for f in found]
    if not found:
        raise UserError(f"{uri}: no file in this folder")
    return found


def _survey(
    uri: str, below: str, listed: list[Entry], root: str | None, sizes: dict[str, int], found: list[FoundFile]
) -> None:
    """Bytes of each repository by its root, and archives outside of repositories; `root` is where we are in."""
    for entry in listed:
        path = f"{below}/{entry.path}" if below else entry.path
        place = storage.join(uri, path)
        if entry.kind == FOLDER and entry.path != ".git":
            inner = _listed(place)
            names = [item.path for item in inner]
            nested = ".git" in names or (root is None and _is_root(names))
            _survey(uri, path, inner, path if nested else root, sizes, found)
        elif root is None and is_raw_name(entry.path) and (entry.kind == FILE or _is_file(place)):
            found.append(FoundFile(place, path, _size(place, entry)))
        else:
            owner = LOOSE if root is None else root
            sizes[owner] = sizes.get(owner, 0) + entry.size


def _listed(folder: str) -> list[Entry]:
    """What lies in a folder; nothing when the input forbids to list it, which the walk tells."""
    try:
        return entries(folder)
    except OSError as error:
        if not is_of_input(error):
            raise
        return []


def _is_file(uri: str) -> bool:
    fs, path = storage.filesystem(uri)
    return bool(fs.get_file_info(path).type == pafs.FileType.File)


def _size(uri: str, entry: Entry) -> int:
    return entry.size if entry.kind == FILE and entry.size else storage.size_bytes(uri)
