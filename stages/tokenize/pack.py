"""Token documents of every shard in, packed token shards out: `tokens-00000.bin` and its index (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from stages.core import storage
from stages.core.exchange import read_destination
from stages.core.parquet import write_table
from stages.core.stage import EXCHANGE, INDEX, TOKENS, FileInfo, Manifest, ShardReport, Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.arrow import string_buffers
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA

INDEX_SCHEMA = pa.schema(
    [("id", pa.string()), ("offset", pa.int64()), ("length", pa.int64()), ("xxh64", pa.uint64())]
)
DTYPE_BYTES = {"uint16": 2, "uint32": 4}


class Pack(Stage):
    """Destination -> one packed shard: the documents of one source, shuffled by the hash of (seed, id)."""

    stage_name: ClassVar[str] = "pack"
    version: ClassVar[int] = 2

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per destination of the encode exchange."""
        (encoded,) = inputs
        uris = tuple(encoded.uris(EXCHANGE))
        if not uris:
            return []
        facts = encoded.facts[0]
        sources = [source for source, count in facts["destinations"].items() for _ in range(count)]
        return [
            Task(task_id(p), uris, {"destination": p, "source": source, "facts": facts})
            for p, source in enumerate(sources)
        ]

    def run(self, task: Task) -> ShardReport:
        """Gather, sort by (order, id), write ids and index."""
        rows = pa.Table.from_batches(
            read_destination(task.inputs, task.params["destination"]), TOKEN_DOCUMENTS_SCHEMA
        )
        rows = rows.take(pc.sort_indices(rows, sort_keys=[("order", "ascending"), ("id", "ascending")]))
        name = f"tokens-{task.id}"
        width = DTYPE_BYTES[task.params["facts"]["dtype"]]
        with TaskWriter(task, self.stage_name) as out:
            out.documents_in = rows.num_rows
            out.bytes_in = pc.sum(rows.column("text_bytes")).as_py() or 0
            out.pass_on(rows.num_rows)
            tokens = write_tokens(storage.join(task.output, f"{name}.bin"), rows, width)
            out.add_file(tokens)
            index = index_table(rows, width)
            out.add_file(write_table(task.output, f"{name}.index.parquet", [index], INDEX_SCHEMA, INDEX))
            out.facts = self._facts(task, rows, tokens)
        return out.report

    def _facts(self, task: Task, rows: pa.Table, tokens: FileInfo) -> dict[str, Any]:
        kept = ("dtype", "tokenizer_sha256", "vocab_size", "bos", "eos")
        return {
            "source": task.params["source"],
            "shard": tokens.name,
            "documents": rows.num_rows,
            "tokens": tokens.rows,
            "text_bytes": pc.sum(rows.column("text_bytes")).as_py() or 0,
            **{key: task.params["facts"][key] for key in kept},
        }


def write_tokens(uri: str, rows: pa.Table, width: int) -> FileInfo:
    """Write the ids of all documents end to end; `rows` of the file counts tokens."""
    with storage.atomic_output(uri) as output:
        for chunk in rows.column("ids").chunks:
            offsets, data = string_buffers(chunk)
            output.write(data[offsets[0] : offsets[-1]])
    return FileInfo(
        name=uri.rsplit("/", 1)[-1],
        kind=TOKENS,
        rows=output.num_bytes // width,
        bytes=output.num_bytes,
        sha256=output.sha256,
    )


def index_table(rows: pa.Table, width: int) -> pa.Table:
    """id, offset and length (in tokens) and XXH64 of the bytes of each document of a packed shard, in its order."""
    lengths = pc.divide(pc.binary_length(rows.column("ids")).cast(pa.int64()), width)
    offsets = pc.subtract(pc.cumulative_sum(lengths), lengths)
    hashes = [hash_strings(chunk) for chunk in rows.column("ids").chunks]
    columns = {
        "id": rows.column("id"),
        "offset": offsets,
        "length": lengths,
        "xxh64": pa.chunked_array(hashes, pa.uint64()),
    }
    return pa.table(columns, schema=INDEX_SCHEMA)
