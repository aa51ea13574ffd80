"""Documents in, token documents out by hash of (seed, id): the first half of packing and of the global shuffle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core import storage
from stages.core.errors import UserError
from stages.core.exchange import destination_of, num_destinations
from stages.core.location import Location
from stages.core.manifest import (
    MODEL,
    Manifest,
    Record,
    ShardReport,
    SourceTotals,
    add_sources,
)
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, is_made_by, task_id
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize.languages import CountLanguages, SplitOptions, counted_totals, split_by_language
from stages.tokenize.tokenizers.ends import Ends
from stages.tokenize.tokenizers.load import Tokenizer, load_tokenizer

TOKEN_DOCUMENTS_SCHEMA = pa.schema(
    [("order", pa.uint64()), ("id", pa.string()), ("ids", pa.large_binary()), ("text_bytes", pa.int64())]
)
"""`ids` are the little-endian token ids of one document, `order` its place in the shuffle."""

PACKED_TEXT_BYTES = 512 << 20
"""Text behind one packed shard, about: some 130 million tokens, which `pack` holds in memory."""


class EncodeParams(Record):
    """The tokenizer, and how many packed shards each source has."""

    tokenizer: str
    tokenizer_sha256: str
    destinations: dict[str, int]


class TokenFormat(Record):
    """What the ids of packed tokens mean: tokenizer (SHA-256), entries of its vocabulary, dtype, ids of `<s>` and `</s>`."""

    tokenizer_sha256: str
    vocab_size: int
    dtype: str
    bos: int
    eos: int


class EncodedShard(TokenFormat):
    """How a shard was encoded: by which encoder, and into how many packed shards of each source."""

    destinations: dict[str, int]
    encoder: str


class Encode(SplitOptions, Stage[EncodeParams]):
    """Shard -> `<s> ids </s>` of every document, sent to the packed shard that will hold it.

    Inputs: documents; then the counts of their languages, if `split_languages` names sources; last the trained tokenizer,
    unless `model` names one. Every source, or language of a split one, has packed shards of its own.
    """

    stage_name: ClassVar[str] = "encode"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True

    model: Location | None = Field(
        None, description="a SentencePiece model or a tokenizer.json (a recipe may train its own)"
    )
    bos: str | None = Field(
        None,
        description="special token that begins a document (default: by its name, as <s> or <|begin_of_text|>)",
    )
    eos: str | None = Field(
        None,
        description="special token that ends a document (default: by its name, as </s> or <|end_of_text|>)",
    )
    seed: int = Field(0, description="decides the order of documents in the packed shards")
    packed_text_bytes: int = Field(PACKED_TEXT_BYTES, gt=0, description="text behind one packed shard, about")

    def dependencies(self) -> list[str]:
        """SHA-256 of a given tokenizer."""
        return [] if self.model is None else [storage.sha256_file(self.model)]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[EncodeParams]]:
        """One task for each document shard, or for neighbours that are small; destinations by each source's bytes of text."""
        documents, tokenizer = (inputs, self.model) if self.model is not None else (inputs[:-1], None)
        if tokenizer is None:
            (tokenizer,) = inputs[-1].uris(MODEL)
        counted = [manifest for manifest in documents if is_made_by(manifest, CountLanguages)]
        documents = [manifest for manifest in documents if not is_made_by(manifest, CountLanguages)]
        sources = add_sources(manifest.sources for manifest in documents)
        if self.split_languages:
            _check_split(set(self.split_languages) - set(self.may_be_empty), sources)
            sources = counted_totals(counted)
        counts = {s: num_destinations(v.text_bytes, self.packed_text_bytes) for s, v in sources.items()}
        params = EncodeParams(
            tokenizer=tokenizer, tokenizer_sha256=storage.sha256_file(tokenizer), destinations=counts
        )
        return [Task(task_id(i), uris, params) for i, uris in enumerate(shard_groups(documents))]

    def run(self, task: Task[EncodeParams]) -> ShardReport:
        """Encode the shard batch by batch."""
        tokenizer = load_tokenizer(task.params.tokenizer, Ends(self.bos, self.eos))
        destinations = task.params.destinations
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(TOKEN_DOCUMENTS_SCHEMA, sum(destinations.values()))
            columns = ["id", "source", "text"] + (["language"] if self.split_languages else [])
            for batch in out.read(task.inputs, columns):
                rows = token_documents(batch, tokenizer, self.seed)
                names = split_by_language(batch, self.split_languages)
                exchange.write(rows, packed_shards(names, rows.column("order"), destinations))
                out.pass_on(batch.num_rows)
            out.facts = EncodedShard(
                destinations=destinations,
                tokenizer_sha256=task.params.tokenizer_sha256,
                vocab_size=tokenizer.vocab_size,
                dtype=tokenizer.dtype.name,
                encoder=tokenizer.encoder,
                bos=tokenizer.bos,
                eos=tokenizer.eos,
            )
        return out.report


def _check_split(split: Collection[str], sources: Mapping[str, SourceTotals]) -> None:
    for source in sorted(split):
        if source not in sources:
            raise UserError(
                f"split_languages: no documents of source {source!r}; there are {', '.join(sources)}"
            )


def token_documents(batch: pa.RecordBatch, tokenizer: Tokenizer, seed: int) -> pa.RecordBatch:
    """Rows of TOKEN_DOCUMENTS_SCHEMA for a batch of documents, in its order."""
    flat, offsets = tokenizer.encode(batch.column("text"))
    width = tokenizer.dtype.itemsize
    ids = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), batch.num_rows, [None, pa.py_buffer(offsets * width), pa.py_buffer(flat)]
    )
    columns = {
        "order": hash_strings(batch.column("id"), seed),
        "id": batch.column("id"),
        "ids": ids,
        "text_bytes": pc.binary_length(batch.column("text")).cast(pa.int64()),
    }
    return pa.RecordBatch.from_pydict(columns, schema=TOKEN_DOCUMENTS_SCHEMA)


def packed_shards(sources: pa.Array, order: pa.Array, destinations: Mapping[str, int]) -> np.ndarray:
    """Which packed shard each document goes to: the shards of its source, then by range of its order hash."""
    first = np.cumsum([0, *destinations.values()])
    names = pa.array(list(destinations), pa.string())
    place = pc.index_in(sources, value_set=names)
    if place.null_count:
        raise UserError(f"a document's source is not in the manifest's totals {list(destinations)}")
    shards = np.zeros(len(sources), dtype=np.int64)
    at = place.to_numpy(zero_copy_only=False)
    hashes = order.to_numpy(zero_copy_only=False)
    for index, count in enumerate(destinations.values()):
        rows = at == index
        shards[rows] = first[index] + destination_of(hashes[rows], count)
    return shards
