"""Archives (tar, compressed or not, and zip) in, their regular files out one by one, never extracted to disk.

Names that would leave a folder, links, devices and files that are too large become ledger rows; an archive
that breaks off or is corrupt gives every file before the damage.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, BinaryIO

from stages.core.errors import DamagedInputError
from stages.ingest.compressed import PieceReader, decompressed
from stages.ingest.raw import Loss, RawFile
from stages.ingest.work import RULE, TooMuchWorkError

ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
MAX_HEADER_BYTES = 1 << 20
"""A long name or a pax header larger than this is damage: tarfile would read it into memory whole."""

MAX_GLOBAL_HEADER_BYTES = 64 << 10
"""tarfile goes through all that these say for every file that follows; git's own are 52 bytes."""

MAX_DIRECTORY_BYTES = 32 << 20
"""Of a zip's central directory, of which zipfile makes an object for every 46 bytes: 220 MB and 4 s at most.
One of 90,000 files with names of 50 letters, as many as Linux has, is 9 MB."""

_HEADER_TYPES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_KINDS = {
    tarfile.SYMTYPE: "symbolic link",
    tarfile.LNKTYPE: "hard link",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
    tarfile.FIFOTYPE: "fifo",
}
_BAD_ZIP_MEMBER = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)
_DIRECTORY_BYTES, _END_OFFSET = 5, 9
"""Of what zipfile reads of a directory's end: its size, and where it ends."""

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Member:
    """A regular file of an archive; `data` is None when the caller did not want its content."""

    name: str
    size: int
    data: bytes | None


@dataclass(frozen=True)
class BytesFile(RawFile):
    """A raw file that lies in memory: an archive inside an archive."""

    data: bytes = field(default=b"", repr=False)

    def open(self) -> BinaryIO:
        """A stream over the bytes."""
        return io.BytesIO(self.data)


class _DamagedTarError(Exception):
    """A tar header that is no header; tarfile would take it for the end of the archive."""


class _StrictTarInfo(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _StrictTarInfo:
        try:
            info = super().frombuf(buf, encoding, errors)
        except (tarfile.EmptyHeaderError, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise _DamagedTarError(str(error)) from error
        most = MAX_GLOBAL_HEADER_BYTES if info.type == tarfile.XGLTYPE else MAX_HEADER_BYTES
        if info.size < 0 or (info.type in _HEADER_TYPES and info.size > most):
            raise _DamagedTarError(f"a header of {info.size} bytes")
        return info


class _Kept:
    """Pieces up to the damage: the end comes where the damage is, and the error is kept for later."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.error: DamagedInputError | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except DamagedInputError as error:
            self.error = error


def is_tar_block(block: bytes) -> bool:
    """Whether the first 512 bytes of a stream are a tar header (old v7 headers too, by their checksum)."""
    try:
        tarfile.TarInfo.frombuf(block[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def is_plain_tar(raw: RawFile) -> bool:
    """Whether a raw file is a tar that is not compressed, which tasks can share."""
    with raw.open() as stream:
        return is_tar_block(stream.read(tarfile.BLOCKSIZE))


def archive_members(
    raw: RawFile, max_member_bytes: int, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[Member | Loss]:
    """The regular files of a tar or zip archive in archive order; folders are passed over.

    Of a plain tar that is split over tasks, those whose headers begin in the raw file's range: the archive is gone through
    from its beginning, as it is read whole, and what is in front is passed over. No other archive is split: the range that
    starts at 0 has it all. Content is read only where `wanted(name)` holds. Rules: `unsafe_path`, `not_a_file`, `too_large`
    (only where wanted), `repeated_name`, `damaged`, `encrypted` (zip). Raises DamagedInputError, after all that could be
    read, when the compressed stream breaks.
    """
    if not is_plain_tar(raw):
        if raw.start:
            return
        raw = replace(raw, stop=None)
    with raw.open() as stream:
        head = stream.read(len(ZIP_MAGIC))
    members = _zip_members if head in (ZIP_MAGIC, EMPTY_ZIP_MAGIC) else _tar_members
    seen: set[str] = set()
    for offset, member in members(raw, max_member_bytes, wanted):
        if raw.stop is not None and offset >= raw.stop:
            return
        if isinstance(member, Member):
            if member.name in seen:
                member = Loss(member.name, "repeated_name", text_bytes=member.size)
            else:
                seen.add(member.name)
        if offset >= raw.start:
            yield member


def _tar_members(
    raw: RawFile, max_member_bytes: int, wanted: Callable[[str], bool]
) -> Iterator[tuple[int, Member | Loss]]:
    """Each with the place of its header in the archive; content of those in front of the range is not read."""
    kept = _Kept(decompressed(raw))
    reader: Any = PieceReader(iter(kept))
    offset = 0
    try:
        with tarfile.open(None, "r|", reader, 1 << 16, tarinfo=_StrictTarInfo) as tar:
            for info in tar:
                tar.members = []  # type: ignore[attr-defined]  # else tarfile remembers every member
                offset = info.offset
                if not info.isdir():
                    is_ours = wanted if offset >= raw.start else _unwanted
                    yield offset, _tar_member(tar, info, max_member_bytes, is_ours)
    except (_DamagedTarError, tarfile.TarError, ValueError, OverflowError, EOFError, RecursionError) as error:
        if kept.error is None:
            reason = f"tar is corrupt after the file at byte {offset} of the archive ({error})"
            yield offset, Loss(f"@{offset}", "damaged", reason)
    if kept.error is not None:
        raise kept.error


def _unwanted(name: str) -> bool:
    return False


def _tar_member(
    tar: tarfile.TarFile, info: tarfile.TarInfo, max_member_bytes: int, wanted: Callable[[str], bool]
) -> Member | Loss:
    name = info.name
    if loss := _refused(name, info.size):
        return loss
    if not info.isreg() or info.issparse():
        kind = "sparse file" if info.issparse() else _KINDS.get(info.type, f"tar type {info.type!r}")
        return Loss(name, "not_a_file", kind)
    if not wanted(name):
        return Member(name, info.size, None)
    if info.size > max_member_bytes:
        return _too_large(name, info.size, max_member_bytes)
    content = tar.extractfile(info)
    data = b"" if content is None else _read_all(content, info.size)
    if len(data) < info.size:
        return Loss(name, "damaged", f"ends after {len(data)} of {info.size} bytes", text_bytes=info.size)
    return Member(name, info.size, data)


def _read_all(content: IO[bytes], size: int) -> bytes:
    try:
        return content.read(size)
    except tarfile.ReadError:
        return b""


def _zip_members(
    raw: RawFile, max_member_bytes: int, wanted: Callable[[str], bool]
) -> Iterator[tuple[int, Member | Loss]]:
    with raw.open() as stream:
        try:
            archive = open_zip(stream)
        except TooMuchWorkError as error:
            yield 0, Loss("@0", RULE, error.of_what, error.count, error.limit, text_bytes=raw.size)
            return
        for info in archive.infolist():
            if not info.filename.endswith("/"):  # not `is_dir`, which fails on an empty name
                yield 0, zip_member(archive, info, max_member_bytes, wanted)


def open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """The zip archive in a seekable stream; a DamagedInputError when its directory cannot be read.

    A TooMuchWorkError when it is too large, by the record at the archive's end: by its bytes, which zipfile goes
    through whatever number of entries that record claims.
    """
    try:
        end: Any = zipfile._EndRecData(stream)  # type: ignore[attr-defined]  # as zipfile will read it, zip64 too
        if end is not None and MAX_DIRECTORY_BYTES < end[_DIRECTORY_BYTES] <= end[_END_OFFSET]:
            raise TooMuchWorkError("bytes of a zip's directory", end[_DIRECTORY_BYTES], MAX_DIRECTORY_BYTES)
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise DamagedInputError(f"zip without a readable directory ({error})", 0) from error


def zip_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    max_member_bytes: int,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Member | Loss:
    """One file of a zip archive, or why it cannot be read, by the rules of `archive_members`."""
    name, mode = info.filename, info.external_attr >> 16
    if loss := _refused(name, info.file_size):
        return loss
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Loss(name, "not_a_file", "symbolic link" if stat.S_ISLNK(mode) else "special file")
    if info.flag_bits & 1:
        return Loss(name, "encrypted", text_bytes=info.file_size)
    if not wanted(name):
        return Member(name, info.file_size, None)
    if info.file_size > max_member_bytes:
        return _too_large(name, info.file_size, max_member_bytes)
    try:
        with archive.open(info) as content:
            data = content.read(max_member_bytes + 1)
    except _BAD_ZIP_MEMBER as error:
        return Loss(name, "damaged", str(error), text_bytes=info.file_size)
    if len(data) > max_member_bytes:  # the directory lied about the size
        return _too_large(name, len(data), max_member_bytes)
    return Member(name, len(data), data)


def _refused(name: str, size: int) -> Loss | None:
    slashed = name.replace("\\", "/")
    unsafe = slashed.startswith("/") or _DRIVE.match(name) is not None or ".." in slashed.split("/")
    if unsafe or "\0" in name or not name:
        return Loss(name or "(no name)", "unsafe_path", text_bytes=size)
    return None


def _too_large(name: str, size: int, max_member_bytes: int) -> Loss:
    return Loss(name, "too_large", value=size, threshold=max_member_bytes, text_bytes=size)
