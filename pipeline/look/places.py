"""A run in, where the texts of its stages lie out: what each node read, what it wrote, which filters it passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.graph import RunRecord, read_run, run_manifests
from stages.core import storage
from stages.core.manifest import MANIFEST_NAME, Manifest, document_uris, read_manifest
from stages.core.stage import is_made_by
from stages.filter.stage import Filter


@dataclass(frozen=True)
class Places:
    """The finished stages of a run by node, and those of other runs that it read, where they are still there."""

    record: RunRecord
    manifests: dict[str, Manifest]
    given: dict[str, Manifest]

    def inputs(self, node: str) -> list[Manifest]:
        """The finished stages that a node read, in its order."""
        names = next((one.inputs for one in self.record.nodes if one.name == node), ())
        known = self.given | self.manifests
        return [known[name] for name in names if name in known]

    def texts_before(self, node: str) -> list[str]:
        """The document shards that a node read; none of an ingest, nor where they are not known any more."""
        return document_uris(self.inputs(node))

    def filters_before(self, node: str) -> Iterator[tuple[str, Manifest]]:
        """The finished filters among a node and all that it stands on, in the order of the run."""
        above, waiting = {node}, [node]
        parents = {one.name: one.inputs for one in self.record.nodes}
        while waiting:
            new = set(parents.get(waiting.pop(), ())) - above
            above |= new
            waiting += sorted(new)
        for name, manifest in self.manifests.items():
            if name in above and is_made_by(manifest, Filter):
                yield name, manifest


def places_of(run: str) -> Places:
    """Where things lie in a run; a UserError when the folder is no run."""
    record = read_run(run)
    given = {
        name: read_manifest(folder)
        for name, folder in record.given.items()
        if folder and storage.exists(storage.join(folder, MANIFEST_NAME))
    }
    return Places(record, run_manifests(run), given)


def ends_of(places: Places) -> dict[str, Manifest]:
    """The stages, by node, that hold what a run ended with, or so far: those whose documents no finished stage took on."""
    holders = {
        name: one
        for name, one in places.manifests.items()
        if one.wrote_documents or (one.documents_in + one.created > 0 and one.documents_out == 0)
    }
    named = {name: holders[name] for name in places.record.outputs if name in holders}
    if named and len(named) == len(places.record.outputs):
        return named
    taken = {name for node in places.record.nodes if node.name in holders for name in node.inputs}
    return {name: one for name, one in holders.items() if name not in taken}
