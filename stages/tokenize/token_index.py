"""The index of a packed token shard in, its table out, when it is of the shard that it lies beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stages.core import storage
from stages.core.errors import UserError
from stages.core.stored import AGAIN, read_stored_table


def read_index(uri: str, documents: int, tokens: int, columns: Sequence[str] = ("id",)) -> pa.Table:
    """`offset`, `length` and `columns` of every document; a UserError unless they cover a shard of `tokens` tokens."""
    if not storage.exists(uri):
        raise UserError(f"{uri}: index of a token shard is missing; expected {documents} rows")
    table = read_stored_table(uri, [*dict.fromkeys([*columns, "offset", "length"])])
    if table.num_rows != documents:
        raise UserError(f"{uri}: expected {documents} rows, found {table.num_rows}")
    offsets, lengths = (table.column(name).to_numpy() for name in ("offset", "length"))
    ends = offsets + lengths
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(offsets)]
    if not np.array_equal(offsets, starts) or (len(ends) and ends[-1] != tokens) or (lengths < 0).any():
        raise UserError(
            f"{uri}: damaged (its documents do not cover the {tokens} tokens of the shard); {AGAIN}"
        )
    return table
