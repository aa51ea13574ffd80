"""Files that a run left in, what they hold out; bytes that are not what was written are one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from stages.core import storage
from stages.core.errors import ReadFaultError, UserError

MAX_REASON_CHARS = 200
MAX_PLAUSIBLE_BYTES = 1 << 30
"""Of one buffer of a file that a run left: hundreds of MB are the most."""

MAX_RATIO = 300
"""Bytes that one byte of a file may stand for: LZ4 makes 255 of one."""

_ASKED = re.compile(r"of size ([0-9]+) failed")  # an ArrowMemoryError
AGAIN = "`altiplano verify` names every damaged file of a run; delete its stage's folder and run the command again"

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def reason_of(error: Exception) -> str:
    """What a library says of a file, in one line."""
    return " ".join(str(error).split())[:MAX_REASON_CHARS] or type(error).__name__


@contextmanager
def open_stored(uri: str) -> Iterator[Any]:
    """A random-access Arrow file over `uri`, whose damage is a UserError; a read that failed stays what it is.

    A disk's errors have a number and Arrow's judgement of bytes has none. Of a remote file nothing tells the two
    apart, so it is a fault, and tried again.
    """
    try:
        with storage.open_arrow(uri) as raw:
            yield raw
    except MemoryError as error:
        asked = _ASKED.search(str(error))
        if asked is None or int(asked[1]) < max(MAX_PLAUSIBLE_BYTES, MAX_RATIO * storage.size_bytes(uri)):
            raise
        raise UserError(
            f"{uri}: damaged (it says that {int(asked[1]):,} bytes are in it); {AGAIN}"
        ) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError):
            raise UserError(f"{uri}: is missing; {AGAIN}") from error
        if isinstance(error, OSError) and error.errno is not None:
            raise
        if not storage.is_local(uri):
            raise ReadFaultError(f"{uri}: cannot be read ({reason_of(error)})") from error
        raise UserError(f"{uri}: damaged ({reason_of(error)}); {AGAIN}") from error


def read_stored_table(uri: str, columns: Sequence[str]) -> pa.Table:
    """These columns of a small Parquet file, every value of which is there."""
    with open_stored(uri) as raw:
        table = pq.ParquetFile(raw, page_checksum_verification=True).read(list(columns), use_threads=False)
        table.validate(full=True)
    for name in columns:
        if name not in table.column_names or table.column(name).null_count:
            raise UserError(f"{uri}: damaged (no whole column {name}); {AGAIN}")
    return table


def parsed(kind: type[AnyModel], data: bytes, uri: str) -> AnyModel:
    """The record in the bytes of the JSON file at `uri`."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = " ".join(f"{place} {first['msg']}".split())[:MAX_REASON_CHARS]
        raise UserError(f"{uri}: damaged ({reason}); {AGAIN}") from error
