"""`fetched.jsonl` in an output folder: a line per file with its address, bytes, SHA-256 and the site's checksum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson
from pydantic import ValidationError

from stages.core.atomic import write_bytes
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.fetch.remote import RECORD_NAME, RemoteFile


class FetchedFile(Record):
    """Where a file came from and what it holds; `listed` is the checksum of the site's list, `<algorithm>:<hex>`."""

    name: str
    source: str
    url: str
    bytes: int
    sha256: str
    listed: str | None = None


def fetched_file(source: str, remote: RemoteFile, num_bytes: int, sha256: str) -> FetchedFile:
    """The line of a file that is there."""
    listed = None if remote.checksum is None else str(remote.checksum)
    return FetchedFile(
        name=remote.name, source=source, url=remote.url, bytes=num_bytes, sha256=sha256, listed=listed
    )


def read_fetched(folder: Path) -> dict[str, FetchedFile]:
    """The lines of earlier fetches into this folder, by name."""
    path = folder / RECORD_NAME
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    try:
        files = [FetchedFile.model_validate_json(line) for line in lines]
    except ValidationError as error:
        raise UserError(f"{path}: is no record of a fetch; move it away") from error
    return {file.name: file for file in files}


def write_fetched(folder: Path, files: Mapping[str, FetchedFile]) -> None:
    """Write the lines, sorted by name: equal bytes for equal files, whatever the order in which they came."""
    lines: Iterable[bytes] = (
        orjson.dumps(files[name].model_dump(), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        for name in sorted(files)
    )
    write_bytes(str(folder / RECORD_NAME), b"".join(lines))
