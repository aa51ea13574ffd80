"""Packed tokens and what was taken out of their documents in, packed tokens of the rest out; most shards stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.core import storage
from stages.core.arrays import Int64Array
from stages.core.atomic import AtomicFile
from stages.core.errors import UserError
from stages.core.finished import FinishedFiles
from stages.core.manifest import FOLDERS, INDEX, LEDGER, TOKENS, FileInfo, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.stored import AGAIN
from stages.core.writer import TaskWriter
from stages.tokenize.pack import DTYPE_BYTES, PackedShard
from stages.tokenize.token_index import read_index
from stages.tokenize.token_rows import INDEX_SCHEMA

_PIECE_BYTES = 16 << 20


class PackWithoutParams(Record):
    """A packed shard with its files, the stage (fingerprint) that it is of, and the ledgers of what was taken out."""

    shard: PackedShard
    tokens: FileInfo
    index: FileInfo
    stage: str
    ledgers: tuple[FinishedFiles, ...]


class PackWithout(Stage[PackWithoutParams]):
    """Packed shard -> the same shard, or one without the documents that were taken out.

    Inputs: the packed tokens, and the takedowns of all documents that they were made of. What is left keeps its order
    and its ids: tokens are moved, not made again.
    """

    stage_name: ClassVar[str] = "pack_without"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PackWithoutParams]]:
        """One task per packed shard, in their order."""
        packed, *takedowns = inputs
        ledgers = tuple(files for one in takedowns for files in FinishedFiles.of(one, LEDGER))
        facts, uris = packed.facts_of(PackedShard), packed.uris(TOKENS)
        files = zip(packed.of_kind(TOKENS), packed.of_kind(INDEX), strict=True)
        return [
            Task(
                task_id(i),
                (uri, uri.removesuffix(".bin") + ".index.parquet"),
                PackWithoutParams(
                    shard=shard, tokens=tokens, index=index, stage=packed.fingerprint, ledgers=ledgers
                ),
            )
            for i, (uri, shard, (tokens, index)) in enumerate(zip(uris, facts, files, strict=True))
        ]

    def run(self, task: Task[PackWithoutParams]) -> ShardReport:
        """Look at the index; a shard that holds nothing that must go is taken over."""
        params = task.params
        taken = _taken_out(params.ledgers)
        index = read_index(task.inputs[1], params.shard.documents, params.shard.tokens, ("id", "xxh64"))
        gone = pc.is_in(index.column("id"), value_set=taken.column("id")).combine_chunks()
        with TaskWriter(task, self.stage_name) as out:
            if not pc.any(gone).as_py():
                out.reuse(task.inputs[0], params.tokens)
                out.reuse(task.inputs[1], params.index)
                shard = params.shard.model_copy(update={"reused_from": params.stage})
            else:
                shard = _write_rest(out, task, index, gone, taken)
            out.documents_in, out.bytes_in = shard.documents, shard.text_bytes
            out.pass_on(shard.documents)
            out.facts = shard
        return out.report


def _taken_out(ledgers: Sequence[FinishedFiles]) -> pa.Table:
    """`id` and `text_bytes` of all documents that were taken out."""
    uris = [file.uri for files in ledgers for file in files.read()]
    schema = pa.schema([("id", pa.string()), ("text_bytes", pa.int64())])
    return pa.Table.from_batches(
        [batch.cast(schema) for batch in read_batches(uris, schema.names)], schema
    ).combine_chunks()


def _write_rest(
    out: TaskWriter, task: Task[PackWithoutParams], index: pa.Table, gone: pa.Array, taken: pa.Table
) -> PackedShard:
    """Write the shard without the documents that are gone, and its index; what there is of it."""
    shard = task.params.shard
    kept = index.filter(pc.invert(gone)).combine_chunks()
    lengths = kept.column("length").to_numpy()
    ends = np.cumsum(lengths)
    tokens = int(ends[-1]) if len(ends) else 0
    name = task.params.tokens.name.removeprefix(f"{FOLDERS[TOKENS]}/")
    output = out.file(name, TOKENS, rows=tokens)
    _copy_ranges(task.inputs[0], output, kept.column("offset").to_numpy(), lengths, DTYPE_BYTES[shard.dtype])
    columns = {
        "id": kept.column("id"),
        "offset": pa.array(ends - lengths, pa.int64()),
        "length": kept.column("length"),
        "xxh64": kept.column("xxh64"),
    }
    table = pa.table(columns, schema=INDEX_SCHEMA)
    out.write_table(f"{name.removesuffix('.bin')}.index", INDEX_SCHEMA, [table], INDEX)
    of_gone = taken.filter(pc.is_in(taken.column("id"), value_set=index.filter(gone).column("id")))
    lost_bytes = pc.sum(of_gone.column("text_bytes")).as_py() or 0
    return shard.model_copy(
        update={
            "documents": kept.num_rows,
            "tokens": tokens,
            "text_bytes": shard.text_bytes - lost_bytes,
            "reused_from": None,
        }
    )


def _copy_ranges(uri: str, output: AtomicFile, starts: Int64Array, lengths: Int64Array, width: int) -> None:
    """Copy ranges of tokens, ascending, end to end; neighbours are read together."""
    ends = starts + lengths
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    firsts, lasts = np.append(0, breaks), np.append(breaks, len(starts)) - 1
    with storage.open_whole(uri, storage.size_bytes(uri)) as stream:
        for first, last in zip(firsts, lasts, strict=True) if len(starts) else ():
            stream.seek(int(starts[first]) * width)
            left = int(ends[last] - starts[first]) * width
            while left:
                piece = stream.read(min(left, _PIECE_BYTES))
                if not piece:
                    raise UserError(f"{uri}: ends before its documents do; {AGAIN}")
                output.write(piece)
                left -= len(piece)
