"""Paths and URIs in, byte streams out: local disk, s3, gs, hdfs, http and the Hub (hf) behind a few functions."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow.fs as pafs

from stages.core import hub, object_store
from stages.core.errors import UserError
from stages.core.reading import Reads, WatchedStream, told
from stages.core.remote import WebHandler
from stages.core.secrets import check_no_secret, without_secrets

TEMPORARY_MARK = ".tmp-"
"""Behind the name of a file that is being written, before the twelve digits of its attempt (`stages/core/atomic.py`)."""

_TEMPORARY = re.compile(re.escape(TEMPORARY_MARK) + r"[0-9a-f]{12}$")
PROBE_BYTES = 64 * 1024
MAX_NAME_CHARS = 1000
"""Of a name that an error quotes."""

WEB = ("http://", "https://")


def filesystem(uri: str) -> tuple[Any, str]:
    """The Arrow filesystem that serves `uri` and the path of `uri` inside it; a plain path is local."""
    check_no_secret(uri)
    if uri.startswith(WEB):
        import fsspec  # imported on use: it pulls in aiohttp, which local runs do not need

        return pafs.PyFileSystem(
            WebHandler(fsspec.filesystem("http", client_kwargs={"trust_env": True}))
        ), uri
    if uri.startswith(hub.SCHEME):
        return hub.hub_filesystem(), uri.removeprefix(hub.SCHEME)
    if "://" not in uri:
        return pafs.LocalFileSystem(), str(Path(uri).absolute())
    if uri.startswith(object_store.SCHEME):
        return object_store.s3_filesystem(uri)
    try:
        return cast("tuple[Any, str]", pafs.FileSystem.from_uri(uri))
    except (ValueError, OSError) as error:
        raise UserError(f"{uri}: cannot open this kind of location ({error})") from error


def is_local(uri: str) -> bool:
    """Whether `uri` is of this machine's file system."""
    return isinstance(filesystem(uri)[0], pafs.LocalFileSystem)


def join(folder: str, *names: str) -> str:
    """`folder` with `names` below it, for paths and URIs alike."""
    return "/".join([folder.rstrip("/"), *names])


def absolute(uri: str) -> str:
    """`uri` as it is when it has a scheme, else the absolute path: one name for one place."""
    return uri if "://" in uri else os.path.abspath(uri)  # noqa: PTH100 - resolves `..`, keeps links


def _info(uri: str) -> Any:
    """What lies at `uri`; a name that is too long for any file is that of none."""
    fs, path = filesystem(uri)
    try:
        return fs.get_file_info(path)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return pafs.FileInfo(path, pafs.FileType.NotFound)


def exists(uri: str) -> bool:
    """Whether a file or folder is there."""
    return bool(_info(uri).type != pafs.FileType.NotFound)


def is_folder(uri: str) -> bool:
    """Whether `uri` is a folder."""
    return bool(_info(uri).type == pafs.FileType.Directory)


def size_bytes(uri: str) -> int:
    """Size of the file in bytes; a UserError when there is none."""
    info = _info(uri)
    if info.type != pafs.FileType.File:
        raise UserError(f"{uri[:MAX_NAME_CHARS]}: no such file")
    return int(info.size)


def make_folder(uri: str) -> None:
    """Create the folder and its parents; nothing happens when it is there. A UserError when it cannot be."""
    fs, path = filesystem(uri)
    try:
        fs.create_dir(path, recursive=True)
    except OSError as error:
        raise UserError(f"{uri}: cannot make this folder ({error})") from error
    if fs.get_file_info(path).type == pafs.FileType.File:
        raise UserError(f"{uri}: is a file; give a folder")


def is_temporary(name: str) -> bool:
    """Whether a file is being written, or was when its attempt was killed."""
    return _TEMPORARY.search(name) is not None


def list_names(folder: str) -> list[str]:
    """Sorted names of the files and folders right below `folder`; none when it does not exist."""
    fs, path = filesystem(folder)
    infos = fs.get_file_info(pafs.FileSelector(path, allow_not_found=True))
    return sorted(info.base_name for info in infos)


def list_files(folder: str) -> list[str]:
    """Sorted names, relative to `folder`, of all files below it; none when it does not exist."""
    fs, path = filesystem(folder)
    infos = fs.get_file_info(pafs.FileSelector(path, allow_not_found=True, recursive=True))
    root = path.rstrip("/") + "/"
    return sorted(info.path.removeprefix(root) for info in infos if info.type == pafs.FileType.File)


def stamp(uri: str) -> tuple[int, int]:
    """Size and time of change (ns; 0 where the place tells none) of a file: when they differ, it is another one.

    For what a process keeps of a file that it read; a UserError when there is none.
    """
    info = _info(uri)
    if info.type != pafs.FileType.File:
        raise UserError(f"{uri[:MAX_NAME_CHARS]}: no such file")
    return int(info.size), int(info.mtime_ns or 0)


def delete_file(uri: str) -> None:
    """Delete one file."""
    fs, path = filesystem(uri)
    fs.delete_file(path)


def delete_folder(uri: str) -> None:
    """Delete a folder and all below it."""
    fs, path = filesystem(uri)
    fs.delete_dir(path)


def open_input(uri: str) -> BinaryIO:
    """A readable, seekable binary stream over a local or remote file."""
    if "://" not in uri:
        return Path(uri).open("rb")
    fs, path = filesystem(uri)
    if isinstance(fs, pafs.S3FileSystem):
        return cast(BinaryIO, object_store.AheadFile(fs, path))
    return cast(BinaryIO, fs.open_input_file(path))


def open_whole(uri: str, size: int, reads: Reads | None = None) -> BinaryIO:
    """As `open_input`, of a file of at least `size` bytes: any error, and an end before them, is a ReadFaultError.

    `reads` remembers it for all streams that are opened with it.
    """
    reads = reads or Reads()
    try:
        inner = open_input(uri)
    except UserError:
        raise
    except Exception as error:
        raise reads.fault(f"{uri}: cannot be opened ({told(error)})") from error
    return cast(BinaryIO, WatchedStream(inner, uri, size, reads))


def open_arrow(uri: str) -> Any:
    """A random-access Arrow file over `uri`, for Parquet and Arrow IPC readers."""
    fs, path = filesystem(uri)
    return (
        object_store.patient_arrow_file(fs, path)
        if isinstance(fs, pafs.S3FileSystem)
        else fs.open_input_file(path)
    )


@contextmanager
def local_file(uri: str) -> Iterator[str]:
    """The path of a file for libraries that open files by themselves: the file's own, or that of a copy for the while."""
    if "://" not in uri:
        yield uri
        return
    with tempfile.TemporaryDirectory(prefix="altiplano-") as folder:
        copy = Path(folder) / uri.rpartition("/")[2]
        with open_whole(uri, size_bytes(uri)) as stream, copy.open("wb") as output:
            shutil.copyfileobj(stream, output, 1 << 20)
        yield str(copy)


def read_bytes(uri: str) -> bytes:
    """The whole file; for small ones."""
    with open_input(uri) as stream:
        return stream.read()


def sha256_file(uri: str) -> str:
    """Hex SHA-256 of a file, read in pieces; a UserError when it is none."""
    digest = hashlib.sha256()
    with open_whole(uri, size_bytes(uri)) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def probe(uri: str, file_size: int) -> str:
    """Hex SHA-256 of size, first and last 64 KiB: tells another file of the same name without reading it all.

    A run that read every byte of 10 TB only to know that nothing changed would be no resume at all. Of a file on
    the Hub it is the hash of its name for the content: asking a thousand files for their ends takes minutes.
    """
    digest = hashlib.sha256(str(file_size).encode())
    if uri.startswith(hub.SCHEME):
        digest.update(hub.content_name(uri.removeprefix(hub.SCHEME)).encode())
        return digest.hexdigest()
    with open_whole(uri, file_size) as stream:
        digest.update(stream.read(PROBE_BYTES))
        if file_size > PROBE_BYTES:
            stream.seek(max(PROBE_BYTES, file_size - PROBE_BYTES))
            digest.update(stream.read(PROBE_BYTES))
    return digest.hexdigest()


def overwrite(uri: str, data: bytes) -> None:
    """Write a small file that only processes under way look at: no flush to the disk, and a reader may see a part."""
    fs, path = filesystem(uri)
    with fs.open_output_stream(path) as stream:
        stream.write(data)


@dataclass(frozen=True)
class FoundFile:
    """A file that a pattern matched: its URI, its name below the pattern's fixed part, its size in bytes."""

    uri: str
    name: str
    size: int


def find_files(pattern: str) -> list[FoundFile]:
    """Files that match a path, folder or glob pattern (`*`, `?`, `[..]`, `**`), sorted by name.

    A folder stands for every file below it. Names are relative to the part before the first wildcard,
    so they do not depend on where the data lies. A UserError when nothing matches.
    """
    from fsspec.implementations.arrow import ArrowFSWrapper

    fs, path = filesystem(pattern)
    wrapped = ArrowFSWrapper(fs)
    info = fs.get_file_info(path)
    if info.type == pafs.FileType.NotFound and pattern.startswith(WEB) and "*" not in pattern:
        raise UserError(f"{without_secrets(pattern)}: HTTP 404; check the address")
    wildcard = next((i for i, c in enumerate(path) if c in "*?["), None)
    if wildcard is None or info.type != pafs.FileType.NotFound:  # a name may hold a bracket
        if info.type == pafs.FileType.NotFound:
            raise UserError(f"{pattern}: no such file or folder")
        if info.type == pafs.FileType.File:
            return [FoundFile(pattern, path.rsplit("/", 1)[-1], int(info.size))]
        root, found = path.rstrip("/"), wrapped.find(path, detail=True)
    else:
        root, found = path[:wildcard].rsplit("/", 1)[0], wrapped.glob(path, detail=True)
    prefix = pattern[: len(pattern) - len(path)] if "://" in pattern else ""
    files = [
        FoundFile(prefix + name, name[len(root) :].lstrip("/"), int(entry["size"]))
        for name, entry in found.items()
        if entry["type"] == "file" and not is_temporary(name)
    ]
    if not files:
        raise UserError(f"{pattern}: no file matches; check the path and quote the pattern")
    return sorted(files, key=lambda file: file.name)
