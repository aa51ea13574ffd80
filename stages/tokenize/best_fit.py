"""The index of each packed shard in, sequences that cut few documents out: best-fit packing (Ding et al. 2024).

Sequences of a stream cut every document that lies across their borders. Here a document that fits in a sequence is
never cut: whole documents, and the pieces of longer ones, are put together so that little padding is left. Tokens stay
where they are; what is written is a table of pieces for one sequence length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from stages.core.arrays import Int64Array
from stages.core.manifest import INDEX, Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.stored import read_stored_table
from stages.core.writer import TaskWriter
from stages.kernels.best_fit import best_fit
from stages.tokenize.pack import PackedShard

PIECES_SCHEMA = pa.schema([("sequence", pa.uint32()), ("offset", pa.int64()), ("length", pa.uint32())])
"""A piece of a document: its sequence in the shard, and its tokens in the shard. Sorted by sequence."""


class SequenceOptions(Record):
    """How long a sequence is."""

    sequence_length: int = Field(2048, gt=0, description="tokens of a training sequence")


class FitParams(Record):
    """The source of a packed shard, and its file."""

    source: str
    shard: str


class ShardFit(FitParams):
    """What fitting a packed shard came to, beside what a stream of the same documents would cut."""

    documents: int
    sequences: int
    pieces: int
    cut_documents: int
    cut_in_a_stream: int
    padding_tokens: int


class FitSequences(SequenceOptions, Stage[FitParams]):
    """Packed shard -> the pieces of its sequences. Input: the packed tokens."""

    stage_name: ClassVar[str] = "fit"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[FitParams]]:
        """One task per packed shard."""
        (packed,) = inputs
        shards = zip(packed.uris(INDEX), packed.facts_of(PackedShard), strict=True)
        return [
            Task(task_id(i), (uri,), FitParams(source=shard.source, shard=shard.shard))
            for i, (uri, shard) in enumerate(shards)
        ]

    def run(self, task: Task[FitParams]) -> ShardReport:
        """Cut what is too long, fit the pieces, and say what it came to."""
        index = read_stored_table(task.inputs[0], ["offset", "length"])
        documents = (index.column("offset").to_numpy(), index.column("length").to_numpy())
        pieces, count = fit_documents(*documents, self.sequence_length)
        with TaskWriter(task, self.stage_name) as out:
            out.write_table(f"fit-{task.id}", PIECES_SCHEMA, [pieces])
            out.facts = fit_facts(task.params, *documents, pieces, count, self.sequence_length)
        return out.report


def cut_documents(
    offsets: Int64Array, lengths: Int64Array, sequence_length: int
) -> tuple[Int64Array, Int64Array]:
    """Offset and length of each piece: a document of at most sequence_length + 1 tokens is one.

    Pieces of a longer one share a token, the last target of one and the first input of the next, as sequences of a
    stream do. A document of one token has no target and no piece.
    """
    counts = -(-(lengths - 1) // sequence_length)
    document = np.repeat(np.arange(len(lengths)), counts)
    number = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = number * sequence_length
    return offsets[document] + starts, np.minimum(lengths[document] - starts, sequence_length + 1)


def fit_documents(offsets: Int64Array, lengths: Int64Array, sequence_length: int) -> tuple[pa.Table, int]:
    """The pieces (PIECES_SCHEMA) of documents, and how many sequences hold them."""
    starts, sizes = cut_documents(offsets, lengths, sequence_length)
    by_size = np.argsort(-sizes, kind="stable")
    sequences, count = best_fit(sizes[by_size], sequence_length + 1)
    by_sequence = np.argsort(sequences, kind="stable")
    order = by_size[by_sequence]
    columns = [sequences[by_sequence].astype(np.uint32), starts[order], sizes[order].astype(np.uint32)]
    return pa.Table.from_arrays(list(map(pa.array, columns)), schema=PIECES_SCHEMA), int(count)


def fit_facts(
    shard: FitParams,
    offsets: Int64Array,
    lengths: Int64Array,
    pieces: pa.Table,
    count: int,
    sequence_length: int,
) -> ShardFit:
    """What fitting the documents of a shard into `count` sequences came to."""
    filled = int(pieces.column("length").to_numpy().sum(dtype=np.int64))
    ends = offsets + lengths - 2  # the last token that is an input
    return ShardFit(
        source=shard.source,
        shard=shard.shard,
        documents=len(lengths),
        sequences=count,
        pieces=pieces.num_rows,
        cut_documents=int(np.count_nonzero(lengths > sequence_length + 1)),
        cut_in_a_stream=int(np.count_nonzero(offsets // sequence_length != ends // sequence_length)),
        padding_tokens=count * (sequence_length + 1) - filled,
    )
