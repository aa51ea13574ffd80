"""Rows of a table in, batches of documents and ledger rows out: one pass over each row, and columns from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from stages.core.documents import document_batch, to_valid_unicode
from stages.core.errors import DamagedInputError
from stages.ingest.dataset.columns import FIELDS, MAX_DEPTH, METADATA, TEXT, RowReader
from stages.ingest.json_lines import FieldsRow
from stages.ingest.raw import Loss, RawBatch, RawDocument
from stages.ingest.records import (
    BATCH_ROWS,
    BATCH_TEXT_BYTES,
    METADATA_OPTIONS,
    SCORES,
    document_id,
    metadata_json,
    own_name,
)
from stages.ingest.work import RULE as TOO_MUCH_WORK
from stages.ingest.work import TooMuchWorkError

_COLUMNS = ("id", "text", "url", "language", *SCORES, "metadata")


class BatchMaker:
    """Makes batches of the rows of one raw file; rows of the common form take a short way that gives the same."""

    def __init__(self, reader: RowReader, source: str, raw_name: str, max_text_chars: int) -> None:
        self._reader, self._source, self._max_text_chars = reader, source, max_text_chars
        self._prefix = to_valid_unicode(document_id(source, raw_name, "/"))[:-1]
        names = reader.names
        self._text, self._id, self._url = names[TEXT], names["id"], names["url"]
        self._rare = frozenset({METADATA, *(names[field] for field in FIELDS[3:])})

    def records(self, rows: Iterable[FieldsRow | Loss]) -> Iterator[RawBatch | Loss]:
        """All documents in batches, in order, and a Loss for every row that gives none."""
        held: list[tuple[Any, ...]] = []
        num_chars = 0
        damage: DamagedInputError | None = None
        try:
            for row in rows:
                found = row if isinstance(row, Loss) else self._values(row)
                if isinstance(found, Loss):
                    yield found
                    continue
                held.append(found)
                num_chars += len(found[1]) + len(found[-1])
                if num_chars >= BATCH_TEXT_BYTES or len(held) >= BATCH_ROWS:
                    yield self._batch(held)
                    held, num_chars = [], 0
        except DamagedInputError as error:  # after all rows that could be read
            damage = error
        if held:
            yield self._batch(held)
        if damage is not None:
            raise damage

    def _values(self, row: FieldsRow) -> tuple[Any, ...] | Loss:
        """The values of `_COLUMNS`, or the Loss."""
        fields = row.fields
        text, own_id, url = fields.get(self._text), fields.get(self._id), fields.get(self._url)
        common = row.is_json and not (self._rare & fields.keys())
        if (
            not common
            or not isinstance(text, str)
            or type(own_id) is not str
            or type(url) is not str
            or not own_id
        ):
            return self._odd(row)
        if (fault := self._fault(row, text, url, own_id)) is not None:
            return fault
        taken = (self._text, self._id, self._url)
        rest = {k: v for k, v in fields.items() if v is not None and k not in taken}
        try:
            encoded = orjson.dumps(rest, option=METADATA_OPTIONS).decode() if rest else "{}"
        except orjson.JSONEncodeError:  # too deep
            return self._odd(row)
        if encoded.count("[") + encoded.count("{") >= MAX_DEPTH:  # perhaps too deep
            return self._odd(row)
        return (own_name(self._source, own_id), text, url, None, None, None, None, encoded)

    def _odd(self, row: FieldsRow) -> tuple[Any, ...] | Loss:
        try:
            found = self._reader.document(row)
        except TooMuchWorkError as error:
            of_what, count, limit = error.of_what, error.count, error.limit
            return Loss(str(row.number), TOO_MUCH_WORK, of_what, count, limit, text_bytes=row.num_bytes)
        if isinstance(found, Loss):
            return found
        if (fault := self._fault(row, found.text, found.url, found.own_id)) is not None:
            return fault
        return (*_named(found, self._source, self._prefix), metadata_json(found.metadata))

    def _fault(self, row: FieldsRow, text: str, url: str | None, own_id: str | None) -> Loss | None:
        if len(text) > self._max_text_chars:
            size, limit = len(text), self._max_text_chars
            return Loss(str(row.number), "too_large", "characters", size, limit, url, size, own_id=own_id)
        if not text.strip():
            return Loss(str(row.number), "empty_text", url=url, own_id=own_id)
        return None

    def _batch(self, held: list[tuple[Any, ...]]) -> RawBatch:
        columns = {name: list(column) for name, column in zip(_COLUMNS, zip(*held, strict=True), strict=True)}
        return RawBatch(document_batch(columns | {"source": [self._source] * len(held)}))


def _named(found: RawDocument, source: str, prefix: str) -> tuple[Any, ...]:
    name = f"{prefix}{found.key}" if found.own_id is None else own_name(source, found.own_id)
    scores = (getattr(found, score) for score in SCORES)
    return (name, found.text, found.url, found.language, *scores)
