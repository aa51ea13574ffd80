"""A row of anyone's table in, a document out: columns by their names, the rest as metadata."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from stages.core.errors import UserError
from stages.core.mistakes import suggest
from stages.ingest.json_lines import FieldsRow
from stages.ingest.raw import Loss, RawDocument
from stages.ingest.records import SCORES
from stages.ingest.work import TooMuchWorkError

TEXT, ID, URL, LANGUAGE, METADATA = "text", "id", "url", "language", "metadata"
FIELDS = (TEXT, ID, URL, LANGUAGE, *SCORES)
"""What of a document may come from a column."""

INDEX_COLUMN = "__index_level_0__"
"""Row labels, which pandas writes beside the columns."""

MAX_SHOWN_COLUMNS = 40
MAX_DEPTH = 200
"""Values inside each other; orjson reads 1,024 and writes 254."""


def check_mapping(columns: Mapping[str, str]) -> Mapping[str, str]:
    """A ValueError when a mapping names no field of a document, or two fields for one column."""
    for field in columns:
        if field not in FIELDS:
            raise ValueError(f"{field}: no field of a document; {suggest(field, FIELDS)}")
    if len(set(columns.values())) < len(columns):
        raise ValueError("two fields are read from one column; the rest of the columns is metadata anyway")
    return columns


def missing_column(place: str, columns: Mapping[str, str], there: Iterable[str]) -> UserError | None:
    """The error of a table without the column of the texts, or one that the mapping names; None when all are there."""
    names = list(there)
    for field, column in {TEXT: TEXT, **columns}.items():
        if column not in names:
            shown = ", ".join(names[:MAX_SHOWN_COLUMNS]) or "none"
            more = f" and {len(names) - MAX_SHOWN_COLUMNS} more" if len(names) > MAX_SHOWN_COLUMNS else ""
            use = "" if column == field else f" for {field}"
            fix = (
                ""
                if column != TEXT
                else "; say which holds the text: `columns: {text: NAME}`, or ingest dataset --columns text=NAME"
            )
            return UserError(f"{place}: no column {column!r}{use}; its columns: {shown}{more}{fix}")
    return None


class RowReader:
    """Makes documents of rows: `columns` says which column a field is read from, where the name is not the field's.

    `names` are the columns of all fields.
    """

    def __init__(self, columns: Mapping[str, str] = MappingProxyType({})) -> None:
        self.names = {field: columns.get(field, field) for field in FIELDS}

    def document(self, row: FieldsRow) -> RawDocument | Loss:
        """The document of a row, keyed by its number and called as its id says; rules `missing_text`, `encoding`."""
        fields = {name: value for name, value in row.fields.items() if value is not None}
        fields.pop(INDEX_COLUMN, None)
        key, own_id = str(row.number), self._taken(fields, ID, _as_id)
        url = self._taken(fields, URL, _as_text)
        text = fields.pop(self.names[TEXT], None)
        if isinstance(text, bytes):
            try:
                text = text.decode()
            except UnicodeDecodeError as error:
                reason = f"undecodable as utf-8 at byte {error.start}"
                return Loss(key, "encoding", reason, url=url, text_bytes=row.num_bytes, own_id=own_id)
        if not isinstance(text, str):
            kind = "none" if text is None else type(text).__name__
            return Loss(key, "missing_text", kind, url=url, text_bytes=row.num_bytes, own_id=own_id)
        return RawDocument(
            key,
            text,
            url=url,
            language=self._taken(fields, LANGUAGE, _as_text),
            **{name: self._taken(fields, name, _as_score) for name in SCORES},
            metadata=_metadata(fields),
            own_id=own_id,
        )

    def _taken(self, fields: dict[str, Any], field: str, convert: Any) -> Any:
        """The value of a field, taken out of the row; one that is of another kind stays there, and is metadata."""
        column = self.names[field]
        value = convert(fields.get(column))
        if value is not None:
            del fields[column]
        return value


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_id(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _as_score(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _metadata(fields: dict[str, Any]) -> dict[str, Any]:
    """The rest of a row as JSON values; a column `metadata` that holds an object is taken apart, unless names collide."""
    plain = {name: _plain(value) for name, value in fields.items()}
    held = plain.get(METADATA)
    if isinstance(held, str):
        try:
            held = orjson.loads(held)
        except orjson.JSONDecodeError:
            held = None
    if isinstance(held, dict) and not (held.keys() & plain.keys()) - {METADATA}:
        del plain[METADATA]
        return {**_plain(held), **plain}
    return plain


def _plain(value: Any, depth: int = 1) -> Any:
    """A value as JSON can hold it: bytes as text, in base64 where they are none; what has no form in JSON as text."""
    if depth > MAX_DEPTH:
        raise TooMuchWorkError("values inside each other", depth, MAX_DEPTH)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, str | bool | float):
        return value
    return value if isinstance(value, int) and -(2**63) <= value < 2**64 else str(value)
