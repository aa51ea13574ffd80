"""What a user gives a command as documents in, outputs in a graph out: runs, stages' folders, files of anyone's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.graph import RUN_FILE, Graph, read_run, run_manifests
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.runner import Runner
from stages.core import storage
from stages.core.errors import UserError
from stages.core.given import holds_documents, manifest_of_parquet
from stages.core.manifest import DOCUMENTS, MANIFEST_NAME, REPORTS_FOLDER, Manifest, read_manifest
from stages.ingest.dataset.stage import DatasetIngest

TOGETHER = "documents"


@dataclass
class Given:
    """Documents from outside a run: finished outputs by name, and files that have to be read as a dataset first."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)


def look_at(inputs: Sequence[str]) -> Given:
    """What inputs are: run folders (their last documents), stage folders, Parquet of documents, or anyone's tables."""
    given, documents = Given(), []
    for one in inputs:
        uri = storage.absolute(one)
        if storage.exists(storage.join(uri, RUN_FILE)):
            _add_run(given.manifests, uri)
        elif storage.exists(storage.join(uri, MANIFEST_NAME)):
            _add_once(given.manifests, uri, read_manifest(uri))
        elif storage.exists(storage.join(uri, REPORTS_FOLDER)):
            raise UserError(f"{one}: this stage is not finished; run its command again to finish it")
        elif holds_documents(uri):
            documents.append(uri)
        else:
            given.tables.append(one)
    if documents:
        given.manifests[TOGETHER] = manifest_of_parquet(documents)
    for name, manifest in given.manifests.items():
        if manifest.wrote_documents and not manifest.of_kind(DOCUMENTS):
            raise UserError(f"{name}: its documents are not kept (keep: outputs); give what came of them")
    if not given.tables and not any(manifest.of_kind(DOCUMENTS) for manifest in given.manifests.values()):
        raise UserError(f"{', '.join(inputs)}: no documents there; give a run, a stage's folder or files")
    return given


def add_given(graph: Graph, inputs: Sequence[str]) -> list[str]:
    """Add what a user gives to a graph; the names of the outputs that hold the documents."""
    given = look_at(inputs)
    graph.given |= given.manifests
    names = [name for name, manifest in given.manifests.items() if manifest.of_kind(DOCUMENTS)]
    if given.tables:
        names.append(DatasetIngest(input=tuple(given.tables)).wire(graph.below("")))
    return names


def add_given_together(graph: Graph, inputs: Sequence[str], name: str = TOGETHER) -> str:
    """The same as one output."""
    names = add_given(graph, inputs)
    return names[0] if len(names) == 1 else graph.add_union(f"{name}.together", names)


@contextmanager
def given_documents(inputs: Sequence[str]) -> Iterator[list[Manifest]]:
    """What a user gives, finished: tables are read into a folder that is gone afterwards."""
    graph = Graph()
    names = add_given(graph, inputs)
    if not graph.nodes:
        yield [graph.given[name] for name in names]
        return
    with tempfile.TemporaryDirectory() as scratch:
        result = Runner(graph, scratch, TOGETHER, Progress(quiet=True)).run(InlinePool, names)
        yield [result.manifests[name] for name in names]


def _add_run(found: dict[str, Manifest], uri: str) -> None:
    manifests = run_manifests(uri)
    for name in read_run(uri).outputs:
        if name not in manifests:
            raise UserError(f"{uri}: stage {name[:200]} is not finished; run it again to finish it")
        if manifests[name].of_kind(DOCUMENTS):
            _add_once(found, f"{uri}:{name}", manifests[name])


def _add_once(found: dict[str, Manifest], name: str, manifest: Manifest) -> None:
    if any(manifest.fingerprint == other.fingerprint for other in found.values()):
        raise UserError(f"{name}: is given twice; its documents would be there twice")
    found[name] = manifest
