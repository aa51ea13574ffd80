"""What a site's list says of its files: address, name below the output folder, size and checksum; bad names are refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from stages.core.errors import UserError
from stages.core.names import MAX_PART_BYTES, is_safe_name

PART_SUFFIX = ".part"
SIDECAR_SUFFIX = ".part.json"
RECORD_NAME = "fetched.jsonl"

MAX_PART_OF_NAME_BYTES = MAX_PART_BYTES - len(SIDECAR_SUFFIX)
DIGEST_HEX_CHARS = {"md5": 32, "sha1": 40, "sha256": 64}

_RANGE = re.compile(r"([0-9]*):([0-9]*)")


class FetchError(UserError):
    """A file or a list cannot be fetched: one line that says why; `status` is the server's, where it gave one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ListError(FetchError):
    """What came in place of a site's list is no such list."""


@dataclass(frozen=True)
class Checksum:
    """A digest in lower-case hex, by one of the algorithms that sites publish."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@dataclass(frozen=True)
class RemoteFile:
    """One file of a site: its address, its name below the output folder; size, checksum where the list says them."""

    url: str
    name: str
    size: int | None = None
    checksum: Checksum | None = None


def checksum_of(algorithm: str, digest: object) -> Checksum | None:
    """The checksum that a list gives; None where it gives none; a ListError where it is no such digest."""
    if digest is None or digest == "":
        return None
    text = str(digest).strip().lower()
    if re.fullmatch(f"[0-9a-f]{{{DIGEST_HEX_CHARS[algorithm]}}}", text) is None:
        raise ListError(f"the list has {text[:80]!r} where an {algorithm} digest belongs")
    return Checksum(algorithm, text)


def size_of(value: object) -> int | None:
    """The size in bytes that a list gives; None where it gives none; a ListError where it is no number."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()):
        raise ListError(f"the list has {text[:80]!r} where a size belongs")
    return int(text)


def safe_name(name: str) -> str:
    """The name as it is; a ListError when it would leave the output folder, or is no plain file's name."""
    if (
        not is_safe_name(name)
        or any(len(part.encode()) > MAX_PART_OF_NAME_BYTES for part in name.split("/"))
        or name.endswith((PART_SUFFIX, SIDECAR_SUFFIX))
        or name == RECORD_NAME
    ):
        raise ListError(f"the list has an unsafe file name: {name[:200]!r}")
    return name


def join_url(base: str, name: str) -> str:
    """The address of `name`, percent-encoded, below `base`."""
    return f"{base.rstrip('/')}/{quote(name)}"


def remote_file(
    base: str, name: str, size: int | None = None, checksum: Checksum | None = None
) -> RemoteFile:
    """The remote file `name` below `base`, which keeps that name below the output folder."""
    return RemoteFile(join_url(base, safe_name(name)), name, size, checksum)


def parse_range(text: str) -> slice:
    """`0:100` is the first hundred, `100:` all behind them, `:` all."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError("give a range as START:END, such as 0:100, 100: or :10")
    start, end = (int(bound) if bound else None for bound in match.groups())
    if end is not None and end <= (start or 0):
        raise ValueError(f"the range {text} is empty")
    return slice(start, end)


def chosen(files: Sequence[RemoteFile], text: str, what: str) -> list[RemoteFile]:
    """The files of a range; a UserError when the list ends before it."""
    picked = list(files[parse_range(text)])
    if not picked:
        raise UserError(f"{what}: --files {text} is empty, the list has {len(files):,} files")
    return picked


def close_matches(name: str, known: Iterable[str]) -> str:
    """Names like `name`, for an error's line."""
    return (
        ", ".join(difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)) or "nothing like it"
    )
