"""Token documents batch by batch in, a packed shard in the order of (order, id) out, with little more memory than its ids.

A shard's ids are some 300 MB. As Arrow's batches, put together and taken in another order they would be there three times:
so they are copied, as they come, into one buffer that grows where it lies, and are taken from it a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.manifest import INDEX, TOKENS
from stages.core.writer import TaskWriter
from stages.kernels.arrow import string_buffers
from stages.kernels.hash.hashing import hash_strings

INDEX_SCHEMA = pa.schema(
    [("id", pa.string()), ("offset", pa.int64()), ("length", pa.int64()), ("xxh64", pa.uint64())]
)

GROWTH_BYTES = 32 << 20
"""That the buffer grows by: large memory is moved by its page table, not copied."""

PIECE_BYTES = 16 << 20
"""Of ids that are taken in order at a time, about."""


class TokenRows:
    """The rows (TOKEN_DOCUMENTS_SCHEMA) of a packed shard: ids end to end, the rest as columns."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.uint8)
        self._size = 0
        self._lengths: list[npt.NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._columns: list[pa.RecordBatch] = []
        self.text_bytes = 0

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> Self:
        """Those of all batches, each let go of when it is copied."""
        rows = cls()
        for batch in batches:
            rows.add(batch)
        return rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Copy a batch."""
        offsets, data = string_buffers(batch.column("ids"))
        end = self._size + int(offsets[-1] - offsets[0])
        if end > len(self._ids):
            self._ids.resize(end + GROWTH_BYTES, refcheck=False)
        self._ids[self._size : end] = data[offsets[0] : offsets[-1]]
        self._size = end
        self._lengths.append(np.diff(offsets))
        self._columns.append(
            pa.record_batch([pa.concat_arrays([batch.column("id")]), batch.column("order")], _KEYS)
        )
        self.text_bytes += pc.sum(batch.column("text_bytes")).as_py() or 0

    @property
    def documents(self) -> int:
        """How many rows there are."""
        return sum(batch.num_rows for batch in self._columns)

    def write(self, out: TaskWriter, name: str, width: int) -> int:
        """Write the ids by (order, id), and their index; the number of tokens. An id is of `width` bytes."""
        keys = pa.Table.from_batches(self._columns, _KEYS)
        places = pc.sort_indices(keys, sort_keys=[("order", "ascending"), ("id", "ascending")])
        offsets = np.cumsum(np.concatenate(self._lengths))
        ids = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(places), [None, pa.py_buffer(offsets), pa.py_buffer(self._ids)]
        )
        lengths = np.diff(offsets)[places.to_numpy()]
        ends = np.cumsum(lengths)
        output = out.file(f"{name}.bin", TOKENS, rows=self._size // width)
        start = 0
        while start < len(places):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + PIECE_BYTES, "right")))
            taken, data = string_buffers(ids.take(places[start:stop]))
            output.write(data[taken[0] : taken[-1]])
            start = stop
        columns = {
            "id": keys.column("id").combine_chunks().take(places),
            "offset": pa.array((ends - lengths) // width),
            "length": pa.array(lengths // width),
            "xxh64": pa.array(hash_strings(ids)[places.to_numpy()]),
        }
        index = pa.table(columns, schema=INDEX_SCHEMA)
        out.write_table(f"{name}.index", INDEX_SCHEMA, [index], INDEX)
        return self._size // width


_KEYS = pa.schema([("id", pa.string()), ("order", pa.uint64())])
