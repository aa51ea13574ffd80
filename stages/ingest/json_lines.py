"""A file of JSON lines in, compressed in any way or not, its objects out, with a ledger row for every other line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from stages.core.errors import DamagedInputError
from stages.ingest.compressed import decompressed, lines
from stages.ingest.raw import Loss, RawFile

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class FieldsRow:
    """A row of a table: its number in the file from 0, its fields, the bytes that it takes, whether all values are JSON's."""

    number: int
    fields: Mapping[str, Any]
    num_bytes: int
    is_json: bool = False


TableRows = Iterator[FieldsRow | Loss]
"""All rows of a table, in order."""


def json_rows(raw: RawFile, max_line_bytes: int) -> Iterator[FieldsRow | Loss]:
    """A row for each line that is not blank; the half line where a damaged file breaks off belongs to the damage.

    Rules: `too_large`, `bad_json`. Raises DamagedInputError after all that could be read.
    """
    pieces = _Pieces(decompressed(raw))
    held: tuple[int, bytes] | None = None
    for number, (_, line) in enumerate(lines(iter(pieces), max_line_bytes)):
        if held is not None:
            yield from _json_row(*held, max_line_bytes)
        held = (number, line)
    if held is not None and (pieces.damage is None or pieces.ends_a_line or _is_whole(held[1])):
        yield from _json_row(*held, max_line_bytes)
    if pieces.damage is not None:
        raise pieces.damage


class _Pieces:
    """Pieces of a stream up to its damage, which is kept for later."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.damage: DamagedInputError | None = None
        self.ends_a_line = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.ends_a_line = piece.endswith(b"\n")
                yield piece
        except DamagedInputError as error:
            self.damage = error


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _json_row(number: int, line: bytes, max_line_bytes: int) -> Iterator[FieldsRow | Loss]:
    if number == 0:
        line = line.removeprefix(BOM)
    if not line.strip():
        return
    if len(line) > max_line_bytes:
        yield Loss(str(number), "too_large", "bytes, at least", len(line), max_line_bytes, None, len(line))
        return
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield Loss(str(number), "bad_json", str(error), text_bytes=len(line))
        return
    if isinstance(fields, dict):
        yield FieldsRow(number, fields, len(line), is_json=True)
    else:
        yield Loss(str(number), "bad_json", "not an object", text_bytes=len(line))
