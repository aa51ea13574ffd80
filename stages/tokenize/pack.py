"""Token documents of every shard in, packed token shards out: `tokens-00000.bin` and its index (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import FOLDERS, INDEX, TOKENS, Manifest, Record, ShardReport, is_none
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.arrow import string_buffers
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA, EncodedShard, TokenFormat

INDEX_SCHEMA = pa.schema(
    [("id", pa.string()), ("offset", pa.int64()), ("length", pa.int64()), ("xxh64", pa.uint64())]
)
DTYPE_BYTES = {"uint16": 2, "uint32": 4}


class PackParams(Record):
    """A destination of the token documents, the source that it is of, and what its ids mean."""

    rows: Exchange
    destination: int
    source: str
    format: TokenFormat


class PackedShard(TokenFormat):
    """A packed shard: source, name of its file in the stage's folder, documents, tokens, bytes of their text.

    `reused_from` is the stage (fingerprint) whose files it is, byte for byte, where it was not made anew.
    """

    source: str
    shard: str
    documents: int
    tokens: int
    text_bytes: int
    reused_from: str | None = Field(None, exclude_if=is_none)


class Pack(Stage[PackParams]):
    """Destination -> one packed shard: the documents of one source, shuffled by the hash of (seed, id)."""

    stage_name: ClassVar[str] = "pack"
    version: ClassVar[int] = 2
    stand_ins: ClassVar[tuple[str, ...]] = ("pack_without",)

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PackParams]]:
        """One task per destination of the encode exchange."""
        (encoded,) = inputs
        rows = Exchange.of(encoded)
        if not rows.destinations:
            return []
        first = encoded.facts_of(EncodedShard)[0]
        means = TokenFormat.model_validate(first.model_dump(include=set(TokenFormat.model_fields)))
        sources = [source for source, count in first.destinations.items() for _ in range(count)]
        if len(sources) != rows.destinations:
            raise ValueError(
                f"encode wrote {rows.destinations} destinations for {len(sources)} packed shards"
            )
        return [
            Task(task_id(p), (), PackParams(rows=rows, destination=p, source=source, format=means))
            for p, source in enumerate(sources)
        ]

    def run(self, task: Task[PackParams]) -> ShardReport:
        """Gather, sort by (order, id), write ids and index."""
        params = task.params
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(params.rows, params.destination)
            rows = pa.Table.from_batches(batches, TOKEN_DOCUMENTS_SCHEMA)
            rows = rows.take(pc.sort_indices(rows, sort_keys=[("order", "ascending"), ("id", "ascending")]))
            text_bytes = pc.sum(rows.column("text_bytes")).as_py() or 0
            out.documents_in = rows.num_rows
            out.bytes_in = text_bytes
            out.pass_on(rows.num_rows)
            name = f"tokens-{task.id}"
            tokens = write_tokens(out, name, rows, DTYPE_BYTES[params.format.dtype])
            out.facts = PackedShard(
                **params.format.model_dump(),
                source=params.source,
                shard=f"{FOLDERS[TOKENS]}/{name}.bin",
                documents=rows.num_rows,
                tokens=tokens,
                text_bytes=text_bytes,
            )
        return out.report


def write_tokens(out: TaskWriter, name: str, rows: pa.Table, width: int) -> int:
    """Write the ids of all documents (TOKEN_DOCUMENTS_SCHEMA) end to end, and their index; the number of tokens."""
    index = index_table(rows, width)
    tokens = int(pc.sum(index.column("length")).as_py() or 0)
    output = out.file(f"{name}.bin", TOKENS, rows=tokens)
    for chunk in rows.column("ids").chunks:
        offsets, data = string_buffers(chunk)
        output.write(data[offsets[0] : offsets[-1]])
    out.write_table(f"{name}.index", INDEX_SCHEMA, [index], INDEX)
    return tokens


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
