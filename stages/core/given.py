"""Parquet files of documents that no run of ours wrote in, a manifest over them out, so that any stage can read them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core import storage
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.errors import UserError
from stages.core.ledger import is_ledger
from stages.core.manifest import (
    DOCUMENTS,
    MANIFEST_NAME,
    REPORTS_FOLDER,
    FileInfo,
    Manifest,
    SourceTotals,
    add_sources,
)
from stages.core.names import source_fault
from stages.core.parquet import read_batches, source_totals
from stages.core.stage import FINGERPRINT_DIGITS
from stages.core.values import is_values

REQUIRED = [field.name for field in DOCUMENT_SCHEMA if not field.nullable]


def manifest_of_parquet(patterns: Sequence[str]) -> Manifest:
    """A manifest over the Parquet files that match; a UserError when a file lacks a column that documents need."""
    files: list[FileInfo] = []
    seen: set[str] = set()
    for pattern in patterns:
        for found in storage.find_files(pattern):
            uri = storage.absolute(found.uri)
            if uri in seen:
                raise UserError(f"{uri}: is given twice; its documents would be there twice")
            seen.add(uri)
            _check_finished(uri)
            if found.name.endswith(".parquet") and (info := _file_info(uri)) is not None:
                files.append(info)
    if not files:
        raise UserError(f"{', '.join(patterns)}: no Parquet file of documents there")
    return _given(files, [f"{file.rows} {file.sha256}" for file in files])


def holds_documents(pattern: str) -> bool:
    """Whether the files that match are Parquet of documents, by what their footers say: not anyone's tables.

    A file that cannot be told, as one that is damaged, counts as one of documents; its trouble is told where it is read.
    A UserError when documents and other tables lie side by side.
    """
    documents: list[str] = []
    others: list[str] = []
    for found in storage.find_files(pattern):
        if not found.name.endswith(".parquet"):
            others.append(found.name)
            continue
        names = _column_names(storage.absolute(found.uri))
        (documents if names is None or set(REQUIRED) <= set(names) else others).append(found.name)
    tables = [name for name in others if name.endswith(".parquet")]
    if documents and tables:
        raise UserError(
            f"{pattern}: {documents[0]} holds documents, and {tables[0]} a table of others; give them apart, "
            "the table by `altiplano ingest dataset`"
        )
    return bool(documents)


def _column_names(uri: str) -> list[str] | None:
    """The columns of a Parquet file; those of documents for a ledger and values, which are passed over; None of damage."""
    try:
        with storage.open_whole(uri, storage.size_bytes(uri)) as raw:
            schema = pq.ParquetFile(raw).schema_arrow
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        return None
    return REQUIRED if is_ledger(schema.names) or is_values(schema) else list(schema.names)


def _check_finished(uri: str) -> None:
    """A shard of a stage that is still under way would pass for all of it."""
    folder = uri.rpartition("/")[0].rpartition("/")[0]
    if storage.is_folder(storage.join(folder, REPORTS_FOLDER)) and not storage.exists(
        storage.join(folder, MANIFEST_NAME)
    ):
        raise UserError(f"{folder}: this stage is not finished; run its command again to finish it")


def merge_documents(manifests: Sequence[Manifest]) -> Manifest:
    """One manifest over the documents of several, in their order; a UserError when one is given twice."""
    if len(manifests) == 1:
        return manifests[0]
    files = [
        replace(file, name=uri)
        for manifest in manifests
        for file, uri in zip(manifest.of_kind(DOCUMENTS), manifest.uris(DOCUMENTS), strict=True)
    ]
    counts = Counter(file.name for file in files)
    if repeated := next((name for name, count in counts.items() if count > 1), None):
        raise UserError(f"{repeated}: is given twice; its documents would be there twice")
    merged = _given(files, [manifest.fingerprint for manifest in manifests])
    return merged.model_copy(update={"members": tuple(manifests)})


def merged_fingerprint(fingerprints: Sequence[str]) -> str:
    """Fingerprint of what `merge_documents` makes of manifests with these."""
    return fingerprints[0] if len(fingerprints) == 1 else _fingerprint(fingerprints)


def _fingerprint(contents: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()[:FINGERPRINT_DIGITS]


def _given(files: Sequence[FileInfo], contents: Sequence[str]) -> Manifest:
    sources = add_sources(file.sources for file in files)
    return Manifest(
        node="documents",
        stage="given",
        version=1,
        fingerprint=_fingerprint(contents),
        config={},
        inputs=(),
        files=tuple(files),
        documents_in=0,
        created=0,
        documents_out=sum(file.rows for file in files),
        merged=0,
        bytes_in=0,
        bytes_out=sum(totals.text_bytes for totals in sources.values()),
        dropped={},
        edited={},
        sources=sources,
    )


def _file_info(uri: str) -> FileInfo | None:
    try:
        with storage.open_whole(uri, storage.size_bytes(uri)) as raw:
            file = pq.ParquetFile(raw)
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        raise UserError(f"{uri}: not a Parquet file ({' '.join(str(error).split())[:200]})") from error
    if is_ledger(schema.names) or is_values(schema):
        return None
    if missing := [name for name in REQUIRED if name not in schema.names]:
        raise UserError(f"{uri}: no column {', '.join(missing)}; a document has {', '.join(REQUIRED)}")
    _check_types(uri, schema)
    try:
        columns = [name for name in DOCUMENT_SCHEMA.names if name in schema.names]
        totals = add_sources(_checked_totals(uri, batch) for batch in read_batches([uri], columns))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{uri}: not a whole Parquet file ({reason}); write or fetch it again") from error
    size = storage.size_bytes(uri)
    return FileInfo(
        name=uri, kind=DOCUMENTS, rows=rows, bytes=size, sha256=storage.probe(uri, size), sources=totals
    )


def _check_types(uri: str, schema: pa.Schema) -> None:
    for name in REQUIRED:
        kind = schema.field(name).type
        if not _fits(kind, pa.string()):
            raise UserError(f"{uri}: column {name} is {kind}, not string; cast it first")
    for field in DOCUMENT_SCHEMA:
        at = schema.get_field_index(field.name)
        if at >= 0 and not _fits(schema.field(at).type, field.type):
            kind = schema.field(at).type
            raise UserError(
                f"{uri}: column {field.name} is {kind}, not {field.type}; cast it or leave it out, or read the file "
                "with `altiplano ingest dataset`"
            )


def _fits(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether every value of one type can be one of ours."""
    if pa.types.is_null(kind):
        return True
    if pa.types.is_floating(wanted):
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _checked_totals(uri: str, batch: pa.RecordBatch) -> dict[str, SourceTotals]:
    """The totals of a batch; a UserError when a document lacks what every document has, or its text is no UTF-8."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            reason = " ".join(str(error).split())[:120]
            raise UserError(f"{uri}: column {name} is not what it says ({reason}); write it anew") from error
    for name in REQUIRED:
        if nulls := batch.column(name).null_count:
            raise UserError(f"{uri}: {nulls:,} documents have no {name} (null); fill it in or leave them out")
    _check_metadata(uri, batch.column("metadata"))
    totals = source_totals(batch)
    for source in totals:
        if fault := source_fault(source):
            raise UserError(f"{uri}: {fault}; rename it in column source")
    return totals


def _check_metadata(uri: str, metadata: pa.Array) -> None:
    """A UserError at the first metadata that is no JSON object."""
    for value in metadata.unique().to_pylist():
        try:
            is_object = isinstance(orjson.loads(value), dict)
        except orjson.JSONDecodeError:
            is_object = False
        if not is_object:
            raise UserError(
                f"{uri}: the metadata {value[:60]!r} is no JSON object; mend it, or read the file with "
                "`altiplano ingest dataset`"
            )
