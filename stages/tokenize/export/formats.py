"""Shards of one source in, the files of one export format out; each format is a function of the same shape.

Layouts: Megatron's `IndexedDataset` (megatron/core/datasets/indexed_dataset.py), nanoGPT's data/*/prepare.py, MosaicML's
MDS (streaming/base/format/mds), Hugging Face datasets (Parquet with `input_ids`). The index is written last: where it is,
the data is whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import orjson
import pyarrow as pa

from stages.core import storage
from stages.core.parquet import ParquetWriter
from stages.core.stage import DOCUMENTS
from stages.tokenize.export.documents import TokenBatch, token_batches
from stages.tokenize.read import TOKEN_DTYPES, Shard, token_shards

MEGATRON_MAGIC = b"MMIDIDX\x00\x00"
MEGATRON_VERSION = 1
MEGATRON_DTYPES = {"uint16": (8, "<u2"), "uint32": (4, "<i4")}
"""Megatron's code, and the type that it stands for; it has no uint32, and ids need no more than int32."""

MDS_VERSION = 2
MDS_SHARD_BYTES = 64 << 20
MDS_COLUMNS = {"id": "str", "tokens": "bytes"}

HUGGING_FACE_SHARD_TOKENS = 128 << 20


def megatron(shards: Sequence[Shard], folder: str, source: str) -> list[str]:
    """`<source>.bin` and `<source>.idx`: a document is a sequence and a document of its own."""
    code, stored = MEGATRON_DTYPES[shards[0].dtype]
    names = [f"{source}.bin", f"{source}.idx"]
    lengths: list[np.ndarray] = []
    with storage.atomic_output(storage.join(folder, names[0])) as out:
        for batch in _batches(shards):
            out.write(np.ascontiguousarray(batch.tokens.astype(stored, copy=False)).data)
            lengths.append(batch.lengths)
    sizes = np.concatenate(lengths)
    pointers = (np.cumsum(sizes) - sizes) * np.dtype(stored).itemsize
    with storage.atomic_output(storage.join(folder, names[1])) as out:
        out.write(MEGATRON_MAGIC + struct.pack("<QBQQ", MEGATRON_VERSION, code, len(sizes), len(sizes) + 1))
        out.write(sizes.astype("<i4").tobytes())
        out.write(pointers.astype("<i8").tobytes())
        out.write(np.arange(len(sizes) + 1, dtype="<i8").tobytes())
    return names


def nanogpt(shards: Sequence[Shard], folder: str, source: str) -> list[str]:
    """`<source>.bin`: ids end to end, as `numpy.memmap` reads them."""
    name = f"{source}.bin"
    with storage.atomic_output(storage.join(folder, name)) as out:
        for batch in _batches(shards):
            out.write(batch.tokens.data)
    return [name]


def hugging_face(shards: Sequence[Shard], folder: str, source: str) -> list[str]:
    """`<source>-<n>.parquet` with `id` and `input_ids`; `datasets.load_dataset("parquet", ...)` reads them."""
    token = pa.uint16() if shards[0].dtype == "uint16" else pa.uint32()
    schema = pa.schema([("id", pa.string()), ("input_ids", pa.large_list(token))])
    names: list[str] = []
    writer: ParquetWriter | None = None
    filled = 0
    try:
        for batch in _batches(shards):
            if writer is None:
                writer, filled = ParquetWriter(folder, f"{source}-{len(names):05d}.parquet", schema), 0
            lists = pa.LargeListArray.from_arrays(pa.array(batch.offsets), pa.array(batch.tokens, token))
            writer.write(
                pa.table({"id": pa.array(batch.ids, pa.string()), "input_ids": lists}, schema=schema)
            )
            filled += len(batch.tokens)
            if filled >= HUGGING_FACE_SHARD_TOKENS:
                names.append(writer.finish(DOCUMENTS).name)
                writer = None
        if writer is not None:
            names.append(writer.finish(DOCUMENTS).name)
    except BaseException as error:
        if writer is not None:
            writer.abandon(error)
        raise
    return names


def mds(shards: Sequence[Shard], folder: str, source: str) -> list[str]:
    """`<source>/shard.<n>.mds` and `<source>/index.json`: columns `id` and `tokens` (little-endian ids as bytes)."""
    place = storage.join(folder, source)
    storage.make_folder(place)
    config = {
        "column_encodings": list(MDS_COLUMNS.values()),
        "column_names": list(MDS_COLUMNS),
        "column_sizes": [None] * len(MDS_COLUMNS),
        "compression": None,
        "format": "mds",
        "hashes": [],
        "size_limit": MDS_SHARD_BYTES,
        "version": MDS_VERSION,
    }
    header = orjson.dumps(config, option=orjson.OPT_SORT_KEYS)
    entries = []
    names = []
    for number, samples in enumerate(_mds_shards(shards)):
        name = f"shard.{number:05d}.mds"
        offsets = np.cumsum([0, *map(len, samples)])
        offsets += 4 + 4 * len(offsets) + len(header)
        with storage.atomic_output(storage.join(place, name)) as out:
            out.write(struct.pack("<I", len(samples)) + offsets.astype("<u4").tobytes() + header)
            out.write(b"".join(samples))
        names.append(f"{source}/{name}")
        raw = {"basename": name, "bytes": out.num_bytes, "hashes": {}}
        entries.append(config | {"raw_data": raw, "samples": len(samples), "zip_data": None})
    index = orjson.dumps({"shards": entries, "version": MDS_VERSION}, option=orjson.OPT_SORT_KEYS)
    storage.write_bytes(storage.join(place, "index.json"), index)
    return [*names, f"{source}/index.json"]


def _mds_shards(shards: Sequence[Shard]) -> Iterator[list[bytes]]:
    """Encoded samples, as many as fit a shard of MDS_SHARD_BYTES (one larger sample is a shard of its own)."""
    samples: list[bytes] = []
    filled = 0
    for batch in _batches(shards):
        data, width = batch.tokens.tobytes(), batch.tokens.dtype.itemsize
        for number, name in enumerate(batch.ids):
            tokens = data[batch.offsets[number] * width : batch.offsets[number + 1] * width]
            encoded = name.encode()
            sample = struct.pack("<II", len(encoded), len(tokens)) + encoded + tokens
            if samples and filled + len(sample) > MDS_SHARD_BYTES:
                yield samples
                samples, filled = [], 0
            samples.append(sample)
            filled += len(sample)
    if samples:
        yield samples


def _batches(shards: Sequence[Shard]) -> Iterator[TokenBatch]:
    for shard in shards:
        yield from token_batches(shard)


FORMATS: dict[str, Callable[[Sequence[Shard], str, str], list[str]]] = {
    "huggingface": hugging_face,
    "megatron": megatron,
    "mds": mds,
    "nanogpt": nanogpt,
}


def export_tokens(folder: str, out: str, format_name: str) -> list[str]:
    """Write the packed tokens of a pack stage's folder in one of FORMATS; the names of the files, by source.

    `dataset.json`, written last, says what the ids mean: dtype, vocabulary size, <s>, </s>, tokenizer's SHA-256, and
    tokens and documents by source.
    """
    shards, facts = token_shards(folder)
    storage.make_folder(out)
    names: list[str] = []
    sources = {}
    for source in sorted({shard.source for shard in shards}):
        own = [shard for shard in shards if shard.source == source]
        names += FORMATS[format_name](own, out, source)
        sources[source] = {
            "documents": sum(shard.documents for shard in own),
            "tokens": sum(shard.tokens for shard in own),
        }
    kept = {key: facts[key] for key in ("bos", "eos", "tokenizer_sha256", "vocab_size")}
    dtype = (
        MEGATRON_DTYPES[facts["dtype"]][1] if format_name == "megatron" else TOKEN_DTYPES[facts["dtype"]].str
    )
    about = kept | {"dtype": dtype, "format": format_name, "sources": sources}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
    storage.write_bytes(storage.join(out, "dataset.json"), orjson.dumps(about, option=options) + b"\n")
    return [*names, "dataset.json"]
