"""Packed tokens in, the chunks out that LitGPT trains on (litdata's BinaryWriter and TokensLoader), and their weights."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import orjson

from stages.core import storage
from stages.core.atomic import atomic_output, write_bytes
from stages.core.names import below
from stages.tokenize.export.documents import TokenBatch, document_batches
from stages.tokenize.exports import BlendPart, ExportFormat
from stages.tokenize.shards import TokenShard

CHUNK_BYTES = 64 << 20
DTYPES = {"uint16": (20, "<u2"), "uint32": (16, "<i4")}
"""litdata's number of the torch type, and that type; torch has no arithmetic on uint32, and ids need no more than int32."""

CONFIG = {
    "chunk_bytes": CHUNK_BYTES,
    "chunk_size": None,
    "compression": None,
    "compression_batch_size": None,
    "compression_level": None,
    "data_spec": '[1, {"type": null, "context": null, "children_spec": []}]',
    "encryption": None,
    "ipc_compression": None,
    "item_loader": "TokensLoader",
    "types": "tensor",
}


class LitData(ExportFormat):
    """`<source>/chunk-0-<n>.bin` (a document is an item) and `<source>/index.json`; `combined.json`."""

    name: ClassVar[str] = "litdata"

    def dtype(self, packed: str) -> str:
        """Signed where the ids need 32 bits."""
        return DTYPES[packed][1]

    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """The chunks, then the index."""
        place = below(folder, stem)
        storage.make_folder(place)
        code, stored = DTYPES[shards[0].dtype]
        entries = []
        content = hashlib.sha256()
        for number, batches in enumerate(_chunks(shards, np.dtype(stored).itemsize)):
            name = f"chunk-0-{number}.bin"
            lengths = np.concatenate([batch.lengths for batch in batches])
            offsets = np.append(0, np.cumsum(lengths)) * np.dtype(stored).itemsize + 4 * (len(lengths) + 2)
            with atomic_output(storage.join(place, name)) as out:
                out.write(struct.pack("<I", len(lengths)) + offsets.astype("<u4").tobytes())
                for batch in batches:
                    out.write(np.ascontiguousarray(batch.tokens.astype(stored, copy=False)).data)
            content.update(out.sha256.encode())
            sizes = {"chunk_bytes": out.num_bytes, "chunk_size": len(lengths), "dim": int(lengths.sum())}
            entries.append(sizes | {"filename": name})
        config = CONFIG | {"data_format": [f"no_header_tensor:{code}"]}
        # litdata's caches tell versions of a folder apart by this; a time would be another in every export.
        index = {"chunks": entries, "config": config, "updated_at": content.hexdigest()[:16]}
        write_bytes(storage.join(place, "index.json"), orjson.dumps(index, option=orjson.OPT_SORT_KEYS))
        return [f"{stem}/{name}" for name in (*(str(entry["filename"]) for entry in entries), "index.json")]

    def blend(self, parts: Sequence[BlendPart], folder: str) -> dict[str, bytes]:
        """Folders of a `StreamingDataset` each, and their weights in a `CombinedStreamingDataset`."""
        place = storage.absolute(folder)
        combined = {
            "input_dirs": [storage.join(place, part.stem) for part in parts],
            "weights": [part.share.weight for part in parts],
        }
        return {"combined.json": orjson.dumps(combined, option=orjson.OPT_INDENT_2) + b"\n"}


def _chunks(shards: Sequence[TokenShard], width: int) -> Iterator[list[TokenBatch]]:
    """Documents, as many as fit a chunk of CHUNK_BYTES (a batch that is larger is a chunk of its own)."""
    batches: list[TokenBatch] = []
    filled = 0
    for batch in document_batches(shards):
        size = len(batch.tokens) * width
        if batches and filled + size > CHUNK_BYTES:
            yield batches
            batches, filled = [], 0
        batches.append(batch)
        filled += size
    if batches:
        yield batches
