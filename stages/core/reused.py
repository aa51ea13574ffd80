"""A finished file of another stage in, the same file in this stage's folder out: a hard link, or a copy that is checked."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from stages.core import storage
from stages.core.atomic import AtomicFile
from stages.core.errors import UserError
from stages.core.manifest import FileInfo
from stages.core.names import below
from stages.core.stored import AGAIN

_PIECE_BYTES = 1 << 20


class ReusedFile:
    """A file that is taken over as it is: it appears under its name at `commit`, and is described as before.

    Nothing of ours writes into a file that has its name, so a link is as good as a copy. A UserError when it is not as
    it was written: a link's size is looked at (`altiplano verify` reads it all), a copy's bytes.
    """

    def __init__(self, uri: str, folder: str, file: FileInfo) -> None:
        if not storage.exists(uri):
            raise UserError(f"{uri}: is missing; {AGAIN}")
        if (found := storage.size_bytes(uri)) != file.bytes:
            raise UserError(f"{uri}: has {found:,} bytes; it was written with {file.bytes:,}; {AGAIN}")
        self._file = file
        target = below(folder, file.name)
        self._copy: AtomicFile | None = None
        self._link: tuple[Path, Path] | None = None
        if storage.is_local(uri) and storage.is_local(target):
            self._link = _linked(Path(uri), Path(target))
        if self._link is None:
            self._copy = AtomicFile(target)
            try:
                _copy(uri, self._copy, file)
            except BaseException:
                self._copy.discard()
                raise

    def finish(self) -> None:
        """Bring a copy to the disk."""
        if self._copy is not None:
            self._copy.finish()

    def commit(self) -> FileInfo:
        """Give the file its name; what the report says of it."""
        if self._copy is not None:
            self._copy.commit()
        if self._link is not None:
            temporary, target = self._link
            temporary.replace(target)
            # rename does nothing where both names are one file already, as after a task that is run again
            temporary.unlink(missing_ok=True)
        return self._file

    def discard(self) -> None:
        """Leave nothing."""
        if self._copy is not None:
            self._copy.discard()
        if self._link is not None:
            with suppress(OSError):
                self._link[0].unlink(missing_ok=True)


def _linked(source: Path, target: Path) -> tuple[Path, Path] | None:
    """A link under a temporary name, and the name that it will have; None where the file system has no links between
    the two."""
    temporary = target.with_name(f"{target.name}{storage.TEMPORARY_MARK}{uuid.uuid4().hex[:12]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # another disk, or one without links: whatever is wrong, copying says it
        return None
    return temporary, target


def _copy(uri: str, output: AtomicFile, file: FileInfo) -> None:
    with storage.open_whole(uri, file.bytes) as stream:
        while piece := stream.read(_PIECE_BYTES):
            output.write(piece)
    if output.sha256 != file.sha256:
        raise UserError(f"{uri}: its bytes changed (SHA-256); {AGAIN}")
