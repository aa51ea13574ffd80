"""A raw file of Parquet in, its rows in bounded batches out; a row group that cannot be read is a ledger row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.bounded import bounded_batches
from stages.core.chunks import group_places
from stages.core.errors import DamagedInputError
from stages.ingest.raw import Loss

PARQUET_MAGIC = b"PAR1"
BUFFER_BYTES = 1 << 20


def open_parquet(stream: BinaryIO) -> Any:
    """A `pq.ParquetFile` over a stream; a DamagedInputError when its footer cannot be read."""
    try:
        return pq.ParquetFile(stream, buffer_size=BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # a column's name may be no text
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        raise DamagedInputError(f"Parquet without a readable footer ({first_line(error)})", 0) from error


def group_rows(
    file: Any, index: int, number: int, columns: Sequence[str], batch_rows: int
) -> Iterator[tuple[int, pa.RecordBatch] | Loss]:
    """The batches of row group `index`, each with the number of its first row; `number` is that of the group's first.

    Rule: `damaged`, for the rows of the group that cannot be read.
    """
    group = file.metadata.row_group(index)
    end = number + group.num_rows
    try:
        for batch in bounded_batches(file, index, columns, batch_rows):
            yield number, batch
            number += batch.num_rows
        if number < end:
            raise pa.ArrowInvalid("fewer rows than the footer says")
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        places = group_places(file.metadata)
        place = None if places is None else places[index]
        offset = f"group-{index}" if place is None else place.first_column
        size = group.total_byte_size if place is None else place.num_bytes
        reason = f"row group {index}, rows {number} to {end - 1}: {first_line(error)}"
        yield Loss(f"@{offset}", "damaged", reason, text_bytes=size)


def first_line(error: BaseException) -> str:
    """What an error says in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
