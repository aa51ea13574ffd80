"""Packed tokens in, MosaicML's streaming shards out (streaming/base/format/mds), and how often each is repeated."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import orjson

from stages.core import storage
from stages.core.atomic import atomic_output, write_bytes
from stages.core.names import below
from stages.tokenize.export.documents import document_batches
from stages.tokenize.exports import BlendPart, ExportFormat
from stages.tokenize.shards import TokenShard

VERSION = 2
SHARD_BYTES = 64 << 20
COLUMNS = {"id": "str", "tokens": "bytes"}


class Mds(ExportFormat):
    """`<source>/shard.<n>.mds` (columns `id` and `tokens`, little-endian bytes), `<source>/index.json`; `streams.json`."""

    name: ClassVar[str] = "mds"

    def write(self, shards: Sequence[TokenShard], folder: str, stem: str) -> list[str]:
        """The shards, then the index."""
        place = below(folder, stem)
        storage.make_folder(place)
        config = {
            "column_encodings": list(COLUMNS.values()),
            "column_names": list(COLUMNS),
            "column_sizes": [None] * len(COLUMNS),
            "compression": None,
            "format": "mds",
            "hashes": [],
            "size_limit": SHARD_BYTES,
            "version": VERSION,
        }
        header = orjson.dumps(config, option=orjson.OPT_SORT_KEYS)
        entries = []
        names = []
        for number, samples in enumerate(_shards(shards)):
            name = f"shard.{number:05d}.mds"
            offsets = np.cumsum([0, *map(len, samples)])
            offsets += 4 + 4 * len(offsets) + len(header)
            with atomic_output(storage.join(place, name)) as out:
                out.write(struct.pack("<I", len(samples)) + offsets.astype("<u4").tobytes() + header)
                out.write(b"".join(samples))
            names.append(f"{stem}/{name}")
            raw = {"basename": name, "bytes": out.num_bytes, "hashes": {}}
            entries.append(config | {"raw_data": raw, "samples": len(samples), "zip_data": None})
        index = orjson.dumps({"shards": entries, "version": VERSION}, option=orjson.OPT_SORT_KEYS)
        write_bytes(storage.join(place, "index.json"), index)
        return [*names, f"{stem}/index.json"]

    def blend(self, parts: Sequence[BlendPart], folder: str) -> dict[str, bytes]:
        """The arguments of a `streaming.Stream` for each source; an epoch over all of them is the mixture, once."""
        place = storage.absolute(folder)
        where = "remote" if "://" in place else "local"
        streams = {
            part.stem: {where: storage.join(place, part.stem), "repeat": part.share.epochs} for part in parts
        }
        return {"streams.json": orjson.dumps(streams, option=orjson.OPT_INDENT_2) + b"\n"}


def _shards(shards: Sequence[TokenShard]) -> Iterator[list[bytes]]:
    """Encoded samples, as many as fit a shard of SHARD_BYTES (one larger sample is a shard of its own)."""
    samples: list[bytes] = []
    filled = 0
    for batch in document_batches(shards):
        data, width = batch.tokens.tobytes(), batch.tokens.dtype.itemsize
        for number, name in enumerate(batch.ids):
            tokens = data[batch.offsets[number] * width : batch.offsets[number + 1] * width]
            encoded = name.encode()
            sample = struct.pack("<II", len(encoded), len(tokens)) + encoded + tokens
            if samples and filled + len(sample) > SHARD_BYTES:
                yield samples
                samples, filled = [], 0
            samples.append(sample)
            filled += len(sample)
    if samples:
        yield samples
