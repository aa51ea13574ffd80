"""Raw records in, document batches and ledger rows of a task out, with the ids that they have everywhere after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa

from stages.core.bounded import BATCH_BYTES
from stages.core.documents import document_batch, to_valid_unicode
from stages.core.errors import DamagedInputError
from stages.core.ledger import DROP, EDIT, MERGE
from stages.core.writer import TaskWriter
from stages.ingest.raw import Change, Changed, Loss, Merged, RawBatch, RawDocument, RawFile, RawRecord

BATCH_TEXT_BYTES = 8 << 20
BATCH_ROWS = 4096
SCORES = ("language_score", "perplexity", "quality")
METADATA_OPTIONS = orjson.OPT_SORT_KEYS


def document_id(source: str, raw_name: str, key: str) -> str:
    """`<source>/<raw file>/<record key>`; without key when the raw file is one document."""
    return f"{source}/{raw_name}/{key}" if key else f"{source}/{raw_name}"


def own_name(source: str, own_id: str) -> str:
    """The id of a document that has one of its own: below its source, where it does not say that already."""
    return own_id if own_id.startswith(f"{source}/") else f"{source}/{own_id}"


class RecordWriter:
    """Turns raw records into document batches and ledger rows of a TaskWriter; memory is one batch."""

    def __init__(self, out: TaskWriter, source: str) -> None:
        self._out, self._source = out, source
        self._pending: list[tuple[str, RawDocument]] = []
        self._pending_bytes = self._pending_beside = 0

    def add_file(self, raw: RawFile, records: Iterator[RawRecord | RawBatch]) -> None:
        """Write all records of one raw file; damage that ends the file becomes a ledger row, an empty file too.

        A read that failed is a ReadFaultError, and none of its consequences is written.
        """
        if raw.size == 0:
            self.add(raw.name, Loss("", "empty_file"))
            return
        try:
            for record in raw.reads.checked(records):
                self.add(raw.name, record)
        except DamagedInputError as error:
            lost = max(0, raw.size - error.offset)
            self.add(raw.name, Loss(f"@{error.offset}", error.rule, error.reason, text_bytes=lost))

    def add(self, raw_name: str, record: RawRecord | RawBatch) -> None:
        """Write one record, or one batch of them, of the raw file `raw_name`."""
        if isinstance(record, RawBatch):
            self.flush()
            self._out.created += record.documents.num_rows
            self._out.keep(record.documents)
            return
        name = document_id(self._source, raw_name, record.key)
        if isinstance(record, Changed):
            self._row(name, record.url, EDIT, record.change)
            return
        self._out.created += 1
        if not isinstance(record, Merged) and record.own_id is not None:
            name = own_name(self._source, record.own_id)
        if isinstance(record, RawDocument) and not record.text.strip():
            record = Loss(record.key, "empty_text", url=record.url)
        if isinstance(record, Merged):
            partner = to_valid_unicode(document_id(self._source, raw_name, record.partner))
            row = Change(record.rule, text_bytes=record.text_bytes)
            self._row(name, record.url, MERGE, row, partner=partner)
            return
        if isinstance(record, Loss):
            row = Change(record.rule, record.value, record.threshold, record.detail, record.text_bytes)
            self._row(name, record.url, DROP, row)
            return
        for change in record.changes:
            self._row(name, record.url, EDIT, change)
        self._pending.append((name, record))
        self._pending_bytes += len(record.text)
        self._pending_beside += len(record.url or "")
        self._pending_beside += sum(
            len(value) for value in record.metadata.values() if isinstance(value, str)
        )
        is_full = self._pending_bytes >= BATCH_TEXT_BYTES or len(self._pending) >= BATCH_ROWS
        if is_full or self._pending_beside >= BATCH_BYTES:
            self.flush()

    def _row(self, name: str, url: str | None, action: str, row: Change, **more: str) -> None:
        self._out.ledger.row(
            action=action,
            id=to_valid_unicode(name),
            source=self._source,
            rule=row.rule,
            value=row.value,
            threshold=row.threshold,
            detail=None if row.detail is None else to_valid_unicode(row.detail),
            text_bytes=row.text_bytes,
            url=None if url is None else to_valid_unicode(url),
            **more,
        )

    def flush(self) -> None:
        """Write the pending documents."""
        if self._pending:
            self._out.keep(_batch(self._source, self._pending))
        self._pending, self._pending_bytes, self._pending_beside = [], 0, 0


def _batch(source: str, rows: Sequence[tuple[str, RawDocument]]) -> pa.RecordBatch:
    records = [record for _, record in rows]
    return document_batch(
        {
            "id": [to_valid_unicode(name) for name, _ in rows],
            "source": [source] * len(rows),
            "text": [to_valid_unicode(record.text) for record in records],
            "url": [None if record.url is None else to_valid_unicode(record.url) for record in records],
            "language": [record.language for record in records],
            **{name: [getattr(record, name) for record in records] for name in SCORES},
            "metadata": [metadata_json(record.metadata) for record in records],
        }
    )


def metadata_json(metadata: dict[str, Any]) -> str:
    """Metadata as documents hold it: JSON with its keys in order; lone surrogates, which orjson refuses, are mended."""
    try:
        return orjson.dumps(metadata, option=METADATA_OPTIONS).decode()
    except TypeError:  # lone surrogates, which orjson refuses: mend every string
        mended = {key: to_valid_unicode(v) if isinstance(v, str) else v for key, v in metadata.items()}
        return orjson.dumps(mended, option=METADATA_OPTIONS, default=str).decode()
