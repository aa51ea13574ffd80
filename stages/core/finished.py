"""The folder of a finished stage in, its files of one kind out: tasks name a manifest, and not each of 200,000 files."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Self

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import MANIFEST_NAME, Manifest, Record
from stages.core.names import below
from stages.core.sealed import damaged, unsealed
from stages.core.stored import AGAIN


class FinishedFile(NamedTuple):
    """A file of a finished stage: URI, and of an exchange file its first destination and how many it has."""

    uri: str
    first_destination: int
    destinations: int


class FinishedFiles(Record):
    """All files of one kind that a stage (fingerprint) left in its folder, in plan order; a task's params stay small.

    Files that no stage of ours wrote are `given`, by their URIs.
    """

    stage: str
    folder: str
    kind: str
    given: tuple[str, ...] = ()

    @classmethod
    def of(cls, manifest: Manifest, kind: str) -> tuple[Self, ...]:
        """Those that a manifest names, stage by stage."""
        if manifest.members:
            return tuple(files for member in manifest.members for files in cls.of(member, kind))
        listed = () if manifest.folder else tuple(file.name for file in manifest.of_kind(kind))
        return (cls(stage=manifest.fingerprint, folder=manifest.folder, kind=kind, given=listed),)

    def read(self) -> tuple[FinishedFile, ...]:
        """The files, by the manifest that lies in the folder; a UserError when it is damaged or of another stage."""
        if not self.folder:
            return tuple(FinishedFile(uri, 0, 0) for uri in self.given)
        uri = storage.join(self.folder, MANIFEST_NAME)
        if not storage.exists(uri):
            raise UserError(f"{uri}: is missing; {AGAIN}")
        return _files(self.stage, self.folder, self.kind, storage.stamp(uri))


@lru_cache(maxsize=4)
def _files(stage: str, folder: str, kind: str, stamp: tuple[int, int]) -> tuple[FinishedFile, ...]:
    """Kept by a worker process for the tasks that it runs of one stage."""
    uri = storage.join(folder, MANIFEST_NAME)
    content = unsealed(storage.read_bytes(uri), uri)
    if content.get("fingerprint") != stage:
        raise damaged(uri, f"it is of stage {content.get('fingerprint')}, not {stage}")
    return tuple(
        FinishedFile(
            below(folder, file["name"]),
            file.get("first_destination") or 0,
            file["destinations"] or 0,
        )
        for file in content["files"]
        if file["kind"] == kind
    )
