"""A graph and the folder of its run in, the folders, manifests and record of its nodes out: what is there, what is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.graph import RUN_FILE, Graph, RunNode, RunRecord, read_run
from stages.core import storage
from stages.core.manifest import (
    DOCUMENTS,
    EXCHANGE,
    MANIFEST_NAME,
    PARTS,
    Manifest,
    is_whole,
    read_manifest,
    write_record,
)
from stages.core.sealed import damaged

Keep = Literal["all", "outputs"]
"""What stays of a run: all that its stages wrote; or what was asked of it, and what people look at (ledgers, values)."""

PASSING = (DOCUMENTS, EXCHANGE, PARTS)
"""Kinds of files that are there for the stages that read them; ledgers, values, models, tokens are there for people."""


@dataclass
class RunFolder:
    """Where the nodes of a graph lie, and what `run.json` says of them. `outputs` are those that a user asked for."""

    graph: Graph
    run: str
    name: str
    fingerprints: Mapping[str, str]
    outputs: tuple[str, ...]
    _names: dict[str, str] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name the folder of every node: the one that ends in its fingerprint when there is one, whatever its number."""
        existing = storage.list_names(self.run)
        for number, node in enumerate(self.graph.nodes.values()):
            suffix = f"-{node.name}-{self.fingerprints[node.name]}"
            old = [name for name in existing if name.endswith(suffix)]
            self._names[node.name] = old[0] if old else f"{number:02d}{suffix}"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The nodes whose documents stay: what a user asked for."""
        return self.graph.parts(self.outputs)

    def of(self, node: str) -> str:
        """The folder of a node."""
        return storage.join(self.run, self._names[node])

    def take_up(self) -> dict[str, Manifest]:
        """The manifests of what earlier runs finished, and what is left can go on from; a UserError when one is not what
        its run recorded."""
        found = self._stored()
        readers = readers_of(self.graph)
        for name in reversed(self.graph.nodes):
            if name in found and not self._is_enough(found[name], readers.get(name, []), found):
                del found[name]
        for manifest in found.values():
            _delete_gone(manifest)
        self._digests = {name: digest for name, digest in self._digests.items() if name in found}
        return found

    def _stored(self) -> dict[str, Manifest]:
        uri = storage.join(self.run, RUN_FILE)
        known = (
            {node.folder: node.manifest_sha256 for node in read_run(self.run).nodes}
            if storage.exists(uri)
            else {}
        )
        found = {}
        for node in self.graph.nodes:
            uri = storage.join(self.of(node), MANIFEST_NAME)
            if not storage.exists(uri):
                continue
            digest = storage.sha256_file(uri)
            if known.get(self._names[node]) not in (None, digest):
                raise damaged(uri, f"it is not what {RUN_FILE} says")
            manifest = read_manifest(self.of(node))
            if is_whole(manifest):
                found[node], self._digests[node] = manifest, digest
        return found

    def _is_enough(
        self, manifest: Manifest, readers: Sequence[str], finished: Mapping[str, Manifest]
    ) -> bool:
        """Whether nobody who is not finished needs what a stage did not keep."""
        if all(file.kept for file in manifest.files if file.kind != PARTS):  # parts are merged
            return True
        return manifest.node not in self.wanted and all(reader in finished for reader in readers)

    def write_record(self) -> None:
        """Store what the run consists of."""
        nodes = tuple(
            RunNode(
                name=node.name,
                stage=node.stage.stage_name,
                fingerprint=self.fingerprints[node.name],
                folder=self._names[node.name],
                inputs=self.graph.parts(node.inputs),
                manifest_sha256=self._digests.get(node.name),
            )
            for node in self.graph.nodes.values()
        )
        given = {
            name: "" if name in self.graph.left_behind else manifest.folder
            for name, manifest in self.graph.given.items()
        }
        record = RunRecord(name=self.name, nodes=nodes, given=given, outputs=self.outputs)
        write_record(storage.join(self.run, RUN_FILE), record)

    def store(self, manifest: Manifest) -> None:
        """Store the manifest of a finished node, the mark that it is done, and record it."""
        uri = storage.join(manifest.folder, MANIFEST_NAME)
        self._digests[manifest.node] = write_record(uri, manifest)
        self.write_record()

    def let_go(self, manifest: Manifest, kinds: Sequence[str]) -> Manifest:
        """Delete what a finished node holds of these kinds; its manifest, which says so.

        The record forgets the manifest while it changes, and files go last: a killed run finds all of it true.
        """
        going = [file.name for file in manifest.files if file.kept and file.kind in kinds]
        files = tuple(replace(file, kept=False) if file.name in going else file for file in manifest.files)
        changed = manifest.model_copy(update={"files": files})
        del self._digests[manifest.node]
        self.write_record()
        self.store(changed)
        for name in going:
            storage.delete_file(storage.join(manifest.folder, name))
        return changed

    def spent(self, finished: Mapping[str, Manifest]) -> list[tuple[Manifest, Sequence[str]]]:
        """Finished nodes, in the graph's order, with the kinds of their files that nothing needs: all that is for readers
        where these are all finished, else the first level of an exchange, which is merged."""
        readers = readers_of(self.graph)
        found: list[tuple[Manifest, Sequence[str]]] = []
        for name in self.graph.nodes:
            if name not in finished:
                continue
            is_read = bool(readers.get(name)) and all(reader in finished for reader in readers[name])
            kinds = PASSING if is_read and name not in self.wanted else (PARTS,)
            if any(file.kept and file.kind in kinds for file in finished[name].files):
                found.append((finished[name], kinds))
        return found


def _delete_gone(manifest: Manifest) -> None:
    """Delete what a killed run was about to delete of a node."""
    gone = {file.name for file in manifest.files if not file.kept}
    for name in sorted(gone & set(storage.list_files(manifest.folder))) if gone else ():
        storage.delete_file(storage.join(manifest.folder, name))


def readers_of(graph: Graph) -> dict[str, list[str]]:
    """By node, the nodes that read it, those too that read it in a union."""
    found: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for name in graph.parts(node.inputs):
            found.setdefault(name, []).append(node.name)
    return found
