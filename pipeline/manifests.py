"""Manifests of a run by node in, the same out within a bound of memory: what is let go of is read again from its folder."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping

from stages.core.manifest import Manifest, read_manifest

MAX_FILES_HELD = 2_000_000
"""Files that the manifests in memory name together, some 500 bytes each: a run of 500,000 tasks a stage has 100 million."""


class Manifests(MutableMapping[str, Manifest]):
    """Finished stages by the names of their nodes, in the order in which they came.

    Of those that lie in a folder, the ones that were used last stay in memory, up to `max_files` of their files.
    """

    def __init__(self, given: Mapping[str, Manifest], max_files: int = MAX_FILES_HELD) -> None:
        self._max_files = max_files
        self._folders: dict[str, str] = {}
        self._held: OrderedDict[str, Manifest] = OrderedDict()
        self._num_files = 0
        for name, manifest in given.items():
            self[name] = manifest

    def __getitem__(self, name: str) -> Manifest:
        folder = self._folders[name]
        if name not in self._held:
            self._hold(name, read_manifest(folder))
        self._held.move_to_end(name)
        return self._held[name]

    def __setitem__(self, name: str, manifest: Manifest) -> None:
        self._let_go(name)
        self._folders[name] = manifest.folder
        self._hold(name, manifest)

    def __delitem__(self, name: str) -> None:
        del self._folders[name]
        self._let_go(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._folders)

    def __len__(self) -> int:
        return len(self._folders)

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def _hold(self, name: str, manifest: Manifest) -> None:
        self._held[name] = manifest
        self._num_files += len(manifest.files)
        for other in list(self._held):
            if self._num_files <= self._max_files:
                break
            if other != name and self._folders[other]:
                self._let_go(other)

    def _let_go(self, name: str) -> None:
        if (manifest := self._held.pop(name, None)) is not None:
            self._num_files -= len(manifest.files)
