"""Token documents of every shard in, packed token shards out: `tokens-00000.bin` and its index (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import FOLDERS, TOKENS, Manifest, Record, ShardReport, is_none
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.tokenize.encode import EncodedShard, TokenFormat
from stages.tokenize.token_rows import TokenRows

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
            rows = TokenRows.of(out.receive(params.rows, params.destination))
            out.documents_in = rows.documents
            out.bytes_in = rows.text_bytes
            out.pass_on(rows.documents)
            name = f"tokens-{task.id}"
            tokens = rows.write(out, name, DTYPE_BYTES[params.format.dtype])
            out.facts = PackedShard(
                **params.format.model_dump(),
                source=params.source,
                shard=f"{FOLDERS[TOKENS]}/{name}.bin",
                documents=rows.documents,
                tokens=tokens,
                text_bytes=rows.text_bytes,
            )
        return out.report
