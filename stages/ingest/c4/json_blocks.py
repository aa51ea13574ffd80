"""A block of JSON lines in, Arrow columns out when every line is a plain C4 record; the line reader judges the rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from stages.ingest.c4.blocks import BLOCK_BYTES, LineBlock
from stages.ingest.c4.columns import Columns, to_records
from stages.ingest.c4.records import read_lines
from stages.ingest.raw import RawBatch, RawRecord

SMALL_BLOCK_BYTES = 64 << 10
"""A block of this size that holds something odd is read line by line; a larger one is halved first."""

SAFE_DEPTH = 1000
_SCHEMA = pa.schema([("text", pa.large_string()), ("timestamp", pa.string()), ("url", pa.string())])
_RISKY_VALUES = r"(?:NaN|Inf|Infinity)[ \t\r]*[,\]}]|[0-9][eE]\+?[0-9]{3}|[0-9]{200}"


class BlockReader:
    """Reads the blocks of one raw file: in columns where that gives what the line reader would, else by lines."""

    def __init__(self, source: str, raw_name: str, max_line_bytes: int) -> None:
        self._source, self._raw_name, self._max_line_bytes = source, raw_name, max_line_bytes
        self._other_keys = False

    def read(self, block: LineBlock) -> Iterator[RawRecord | RawBatch]:
        """All records of a block, in order."""
        table = self._parse(block.data) if len(block.data) <= min(BLOCK_BYTES, self._max_line_bytes) else None
        if table is not None:
            columns = Columns(block.number, *(table[name].combine_chunks() for name in _SCHEMA.names))
            yield from to_records(columns, self._source, self._raw_name)
        elif len(block.data) > SMALL_BLOCK_BYTES and (halves := block.halves()) is not None:
            for half in halves:
                yield from self.read(half)
        else:
            yield from read_lines(block, self._max_line_bytes)

    def _parse(self, data: bytes) -> pa.Table | None:
        """The rows of `data`, or None when a line is anything but an object with a text and strings or nulls."""
        num_rows = _num_objects(data)
        whole = _as_string(data)
        if num_rows is None or whole is None:
            return None
        table = None if self._other_keys else _read_json(data, "error")
        if table is None and _has_safe_values(data, whole):
            table = _read_json(data, "ignore")
            self._other_keys |= table is not None
        if table is None or table.num_rows != num_rows or table["text"].null_count:
            return None
        return table


def _num_objects(data: bytes) -> int | None:
    r"""How many lines there are; None when one does not begin with `{` and end with `}`.

    In JSON no `{` follows a `}`, so when all lines are like this, no value goes on over a line end, which Arrow's
    parser would allow.
    """
    ends = data.count(b"\n")
    seams = data.count(b"}\n{")
    plain = data.startswith(b"{") and data.endswith((b"}", b"}\n")) and ends == seams + data.endswith(b"\n")
    return seams + 1 if plain else None


def _as_string(data: bytes) -> pa.Array | None:
    """`data` as one string; None when it is not UTF-8, which Arrow's parser lets pass."""
    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    whole = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data))
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return whole


def _has_safe_values(data: bytes, whole: pa.Array) -> bool:
    """Whether keys that are not ours can be passed over: of their values Arrow's parser takes NaN, any size, any depth."""
    if pc.match_substring_regex(whole, _RISKY_VALUES)[0].as_py():
        return False
    if data.count(b"[") + data.count(b"{") < SAFE_DEPTH:
        return True
    return all(line.count(b"[") + line.count(b"{") < SAFE_DEPTH for line in data.split(b"\n"))


def _read_json(data: bytes, unexpected: str) -> pa.Table | None:
    """The table of our three columns; None when Arrow's parser refuses a row, or finds a key that is `unexpected`."""
    reading = pj.ReadOptions(use_threads=False, block_size=len(data) + 1)
    # an explicit schema: else strings that look like times become times
    parsing = pj.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior=unexpected)
    try:
        return pj.read_json(pa.BufferReader(data), reading, parsing)
    except pa.ArrowInvalid:
        return None
