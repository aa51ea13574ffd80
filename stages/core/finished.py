"""The folder of a finished stage in, its files of one kind out: tasks name a manifest, and not each of 200,000 files."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Self

from stages.core import storage
from stages.core.manifest import MANIFEST_NAME, Manifest, Record
from stages.core.names import below
from stages.core.sealed import damaged, unsealed


class FinishedFile(NamedTuple):
    """A file of a finished stage: URI, rows, and of an exchange file its first destination and how many it has."""

    uri: str
    rows: int
    first_destination: int
    destinations: int


class FinishedFiles(Record):
    """All files of one kind that a stage (fingerprint) left in its folder, in plan order; a task's params stay small."""

    stage: str
    folder: str
    kind: str

    @classmethod
    def of(cls, manifest: Manifest, kind: str) -> Self:
        """Those that a manifest names."""
        return cls(stage=manifest.fingerprint, folder=manifest.folder, kind=kind)

    def read(self) -> tuple[FinishedFile, ...]:
        """The files, by the manifest that lies in the folder; a UserError when it is damaged or of another stage."""
        stamp = storage.stamp(storage.join(self.folder, MANIFEST_NAME))
        return _files(self.stage, self.folder, self.kind, stamp)


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
            file["rows"],
            file.get("first_destination") or 0,
            file["destinations"] or 0,
        )
        for file in content["files"]
        if file["kind"] == kind
    )
