"""A file of a run whose bytes changed in, which of its bytes they are out.

The index of packed tokens holds a hash of each document, and Parquet checksums of its own pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core import storage
from stages.core.chunks import group_places
from stages.core.manifest import INDEX, TOKENS, FileInfo, Manifest
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.pack import PackedShard
from stages.tokenize.shards import TOKEN_DTYPES

_BATCH_BYTES = 64 << 20


@dataclass(frozen=True)
class Fault:
    """A file that is not as it was written: its URI and what is wrong, with the offset in bytes where one is known."""

    uri: str
    reason: str

    def line(self) -> str:
        """The fault in one line."""
        return f"{self.uri}: {self.reason}"


def changed_places(manifest: Manifest, file: FileInfo, uri: str) -> Iterator[Fault]:
    """The faults of one file, by where they are; none when that is not known."""
    if file.kind == TOKENS:
        yield from _token_places(manifest, file, uri)
    elif uri.endswith(".parquet"):
        yield from _parquet_places(uri)


def _token_places(manifest: Manifest, file: FileInfo, uri: str) -> Iterator[Fault]:
    """The documents of a packed shard whose bytes are not those that the index remembers."""
    index_uri = uri.removesuffix(".bin") + ".index.parquet"
    index_name = file.name.removesuffix(".bin") + ".index.parquet"
    known = [info for info in manifest.of_kind(INDEX) if info.name == index_name]
    if not known or not storage.exists(index_uri) or storage.sha256_file(index_uri) != known[0].sha256:
        return
    with storage.open_arrow(index_uri) as raw:
        index = pq.read_table(raw, use_threads=False)
    if "xxh64" not in index.column_names:
        return
    packed = next(shard for shard in manifest.facts_of(PackedShard) if shard.shard == file.name)
    width = TOKEN_DTYPES[packed.dtype].itemsize
    starts = index.column("offset").to_numpy() * width
    ends = starts + index.column("length").to_numpy() * width
    expected = index.column("xxh64").to_numpy()
    with storage.open_input(uri) as stream:
        first = 0
        while first < len(starts):
            last = max(first + 1, int(np.searchsorted(ends, starts[first] + _BATCH_BYTES)))
            stream.seek(int(starts[first]))
            data = stream.read(int(ends[last - 1] - starts[first]))
            offsets = np.append(starts[first:last], ends[last - 1]) - starts[first]
            rows = pa.LargeBinaryArray.from_buffers(
                pa.large_binary(),
                last - first,
                [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(data)],
            )
            for wrong in np.flatnonzero(hash_strings(rows) != expected[first:last]) + first:
                document = index.column("id")[int(wrong)].as_py()
                yield Fault(uri, f"bytes {starts[wrong]:,} to {ends[wrong]:,} changed: document {document}")
            first = last


def _parquet_places(uri: str) -> Iterator[Fault]:
    """The row groups of a Parquet file whose pages do not have their checksums any more."""
    try:
        with storage.open_arrow(uri) as raw:
            file = pq.ParquetFile(raw, page_checksum_verification=True)
            for group in range(file.num_row_groups):
                try:
                    file.read_row_group(group, use_threads=False)
                except (pa.ArrowException, OSError):
                    places = group_places(file.metadata)
                    where = ", and the footer that says where it lies"
                    if places is not None:
                        start, stop = places[group].start, places[group].start + places[group].num_bytes
                        where = f", in bytes {start:,} to {stop:,}"
                    yield Fault(uri, f"row group {group} changed{where}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield Fault(uri, f"its footer changed ({(str(error).splitlines() or [''])[0]})")
