"""A file on its way: `<name>.part` beside where it will stand, what it is a part of in `<name>.part.json`, its digests."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from pathlib import Path
from types import TracebackType

import orjson

from stages.fetch.remote import PART_SUFFIX, SIDECAR_SUFFIX, RemoteFile

READ_BYTES = 1 << 20
MAGIC = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".7z": b"7z\xbc\xaf\x27\x1c"}
"""First bytes of the formats that dumps come in: an error page under such a name is told by them."""


class Digests:
    """The SHA-256 of what was fed, and the digest of another algorithm where a list gives one to compare with."""

    def __init__(self, algorithm: str | None) -> None:
        names = {"sha256", algorithm or "sha256"}
        self._all = {name: hashlib.new(name, usedforsecurity=False) for name in sorted(names)}

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        for digest in self._all.values():
            digest.update(data)

    def feed_file(self, path: Path) -> None:
        """Add all bytes of a file."""
        with path.open("rb") as stream:
            while piece := stream.read(READ_BYTES):
                self.feed(piece)

    def hex(self, algorithm: str) -> str:
        """The digest of all bytes so far."""
        return self._all[algorithm].hexdigest()


def digests_of(path: Path, remote: RemoteFile) -> Digests:
    """The digests of a whole file."""
    digests = Digests(remote.checksum.algorithm if remote.checksum else None)
    digests.feed_file(path)
    return digests


class PartFile:
    """The bytes of a file that came so far; kept between runs, so that a later one goes on where this one ended."""

    def __init__(self, target: Path, remote: RemoteFile) -> None:
        self._target, self._remote = target, remote
        self._path = target.with_name(target.name + PART_SUFFIX)
        self._sidecar = target.with_name(target.name + SIDECAR_SUFFIX)
        self.num_bytes = 0
        self.etag: str | None = None
        self.last_modified: str | None = None
        target.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what a killed process wrote is there, and the pieces are large anyway.
        self._stream: FileIO = self._path.open("ab", buffering=0)
        self._digests = Digests(remote.checksum.algorithm if remote.checksum else None)
        self._head = b""
        self._take_up()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if kind is not None and not self.num_bytes:
            self.delete()

    def _take_up(self) -> None:
        """Go on with what an earlier run left, if it is of the same address."""
        size = self._path.stat().st_size
        about = self._read_sidecar()
        known = self._remote.size
        if not size or about.get("url") != self._remote.url or (known is not None and size > known):
            self._clear()
            return
        self.etag, self.last_modified = about.get("etag"), about.get("last_modified")
        self._digests.feed_file(self._path)
        with self._path.open("rb") as stream:
            self._head = stream.read(8)
        self.num_bytes = size

    def _read_sidecar(self) -> dict[str, str]:
        try:
            about = orjson.loads(self._sidecar.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}
        if not isinstance(about, dict):
            return {}
        return {key: value for key, value in about.items() if isinstance(value, str)}

    @property
    def validator(self) -> str | None:
        """What tells this version of the file from another (for If-Range): a strong ETag, else Last-Modified."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    @property
    def can_resume(self) -> bool:
        """Whether more bytes may be added: there are some, and a mixture of two versions would be noticed."""
        return self.num_bytes > 0 and (self.validator is not None or self._remote.checksum is not None)

    def restart(self, etag: str | None, last_modified: str | None) -> None:
        """Drop all bytes; the next ones belong to the version that these headers name."""
        self._clear()
        self.etag, self.last_modified = etag, last_modified
        about = {"etag": etag, "last_modified": last_modified, "url": self._remote.url}
        # Not by a rename: a torn sidecar is no JSON, and its part is dropped.
        self._sidecar.write_bytes(orjson.dumps(about, option=orjson.OPT_SORT_KEYS))

    def _clear(self) -> None:
        self._stream.truncate(0)
        self.num_bytes, self._head = 0, b""
        self._digests = Digests(self._remote.checksum.algorithm if self._remote.checksum else None)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        rest = memoryview(data)
        while rest:  # an unbuffered write may take a part of them, as on a disk that is nearly full
            rest = rest[self._stream.write(rest) :]
        self._digests.feed(data)
        if len(self._head) < 8:
            self._head += data[:8]
        self.num_bytes += len(data)

    def fault(self) -> str | None:
        """What is wrong with the bytes as a whole file; None when nothing is."""
        size, checksum = self._remote.size, self._remote.checksum
        if size is not None and self.num_bytes != size:
            return f"{self.num_bytes:,} bytes came, the list says {size:,}"
        if checksum is not None:
            found = self._digests.hex(checksum.algorithm)
            return (
                None
                if found == checksum.hex
                else f"{checksum.algorithm} is {found}, the list says {checksum.hex}"
            )
        magic = MAGIC.get(self._target.suffix)
        if magic is not None and not self._head.startswith(magic):
            return f"starts with {self._head[:8]!r}, no {self._target.suffix[1:]} file does"
        return None

    def finish(self) -> str:
        """Give the whole file its name; its SHA-256."""
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._path.replace(self._target)
        _sync_folder(self._target.parent)
        self._sidecar.unlink(missing_ok=True)
        return self._digests.hex("sha256")

    def delete(self) -> None:
        """Leave nothing of it."""
        self._stream.close()
        delete_part(self._target)


def delete_part(target: Path) -> None:
    """Delete what is left beside a file that needs no part any more."""
    target.with_name(target.name + PART_SUFFIX).unlink(missing_ok=True)
    target.with_name(target.name + SIDECAR_SUFFIX).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
