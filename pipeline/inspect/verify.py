"""A run in, what is wrong with its files out: missing, short, or not the bytes that were written, and where.

A manifest holds the SHA-256 of every file. Where one differs, the index of packed tokens (a hash for each document) and
Parquet's own row groups tell which bytes it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.graph import run_manifests
from stages.core import storage
from stages.core.chunks import group_places
from stages.core.errors import UserError
from stages.core.manifest import INDEX, TOKENS, FileInfo, Manifest
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.pack import PackedShard
from stages.tokenize.read import TOKEN_DTYPES

_BATCH_BYTES = 64 << 20


@dataclass(frozen=True)
class Fault:
    """A file that is not as it was written: its URI and what is wrong, with the offset in bytes where one is known."""

    uri: str
    reason: str

    def line(self) -> str:
        """The fault in one line."""
        return f"{self.uri}: {self.reason}"


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what was found wrong, in the order of the run."""

    num_files: int
    num_bytes: int
    faults: tuple[Fault, ...]


def verify(run: str) -> Verified:
    """Read every file of the finished stages of a run and compare it with its manifest."""
    manifests = run_manifests(run)
    if not manifests:
        raise UserError(f"{run}: no stage is finished there; nothing to verify")
    faults: list[Fault] = []
    num_files = num_bytes = 0
    for manifest in manifests.values():
        for file in manifest.files:
            num_files += 1
            num_bytes += file.bytes
            faults += _faults_of(manifest, file)
    return Verified(num_files, num_bytes, tuple(faults))


def _faults_of(manifest: Manifest, file: FileInfo) -> Iterator[Fault]:
    uri = storage.join(manifest.folder, file.name)
    if not storage.exists(uri):
        yield Fault(uri, f"missing; it had {file.bytes:,} bytes")
        return
    found = storage.size_bytes(uri)
    if found != file.bytes:
        yield Fault(uri, f"has {found:,} bytes; it was written with {file.bytes:,}")
        return
    if storage.sha256_file(uri) == file.sha256:
        return
    places = list(_places(manifest, file, uri))
    yield from places or [Fault(uri, "its bytes changed (SHA-256); where is not known")]


def _places(manifest: Manifest, file: FileInfo, uri: str) -> Iterator[Fault]:
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
