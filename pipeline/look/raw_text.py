"""A run, a document's id and the raw files of its source in, its text as ingest made it out: read again from its record.

For a run that keeps its outputs alone: what a document was before its steps lies nowhere any more, but in the raw file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from pipeline.look.places import Places
from pipeline.registry import source_kinds
from stages.core.errors import DamagedInputError, UserError
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.storage import FoundFile
from stages.ingest.base import IngestStage, RawStage
from stages.ingest.raw import RawBatch, RawDocument, RawFile, RawRecord
from stages.ingest.records import document_id, own_name


@dataclass(frozen=True)
class RawText:
    """The text that a node made of a raw record."""

    node: str
    text: str


def gone_texts(places: Places, document: str) -> list[str]:
    """The nodes whose documents of this one's source are not kept."""
    source = document.partition("/")[0]
    return [
        name
        for name, manifest in places.manifests.items()
        if source in _sources(manifest) and not all(f.kept for f in manifest.files if f.kind == DOCUMENTS)
    ]


def _sources(manifest: Manifest) -> set[str]:
    files = (file for file in manifest.files if file.kind == DOCUMENTS)
    return set(manifest.sources) | {source for file in files for source in file.sources}


def text_of_record(places: Places, document: str, inputs: Sequence[str]) -> RawText:
    """The text of a document, of its record in the raw files of `inputs`; a UserError where it cannot be made again."""
    node, stage = _ingest_of(places, document, inputs)
    file = _file_of(stage.raw_files(), stage.source, document)
    if file is None:
        raise UserError(f"{document}: no raw file in {', '.join(inputs)} is named as in its id")
    raw = RawFile(file.uri, file.name, file.size)
    for text in _texts(stage.read(raw), stage.source, file.name, document):
        return RawText(node, text)
    raise UserError(f"{document}: {file.uri} holds no such record, or one that gives no document")


def _ingest_of(places: Places, document: str, inputs: Sequence[str]) -> tuple[str, IngestStage]:
    """The node that read a document's raw file, and its stage over other places."""
    source = document.partition("/")[0]
    kinds = {kind.stage_name: kind for kind in source_kinds().values()}
    for name, manifest in places.manifests.items():
        kind = kinds.get(manifest.stage)
        if kind is not None and manifest.config.get("source") == source:
            return name, _remade(name, kind, manifest, inputs)
    raise UserError(f"{document}: no stage of this run reads raw files of {source}")


def _remade(name: str, kind: type[RawStage[Any]], manifest: Manifest, inputs: Sequence[str]) -> IngestStage:
    if not issubclass(kind, IngestStage):
        raise UserError(f"{name}: a document of kind {kind.kind} is made of records of several files")
    if kind.version != manifest.version:
        raise UserError(
            f"{name}: was made by version {manifest.version} of {kind.stage_name}, and this is version {kind.version};"
            " its text may be another one now"
        )
    try:
        return kind.model_validate({**manifest.config, "input": tuple(inputs)})
    except ValueError as error:
        raise UserError(
            f"{name}: its options name files of which a run does not record where they lie"
        ) from error


def _file_of(files: Iterable[FoundFile], source: str, document: str) -> FoundFile | None:
    """The raw file whose name an id holds: the longest, where one's name begins another's."""
    named = [
        file
        for file in files
        if document == (name := document_id(source, file.name, "")) or document.startswith(f"{name}/")
    ]
    return max(named, key=lambda file: len(file.name), default=None)


def _texts(
    records: Iterator[RawRecord | RawBatch], source: str, raw_name: str, document: str
) -> Iterator[str]:
    """Texts of the document of this id among the records of its file."""
    try:
        for record in records:
            if isinstance(record, RawBatch):
                found = record.documents.filter(pc.equal(record.documents.column("id"), document))
                yield from found.column("text").to_pylist()
            elif isinstance(record, RawDocument):
                own = record.own_id
                name = document_id(source, raw_name, record.key) if own is None else own_name(source, own)
                if name == document:
                    yield record.text
    except DamagedInputError:
        return
