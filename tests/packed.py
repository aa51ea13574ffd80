"""Packed tokens for tests, written as the pack stage writes them: by its writer, its facts and its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stages.core.manifest import Manifest, write_record
from stages.core.stage import Task, make_manifest, task_id
from stages.core.writer import TaskWriter
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA
from stages.tokenize.pack import DTYPE_BYTES, Pack, PackedShard
from stages.tokenize.token_rows import TokenRows

BOS, EOS = 1, 2
TOKENIZER_SHA256 = "ab" * 32

Shard = tuple[str, Sequence[tuple[str, Sequence[int]]]]
"""Source of a shard, and id and tokens of each of its documents, `<s>` and `</s>` included."""


def write_packed(
    folder: Path, shards: Sequence[Shard], dtype: str = "uint16", vocab_size: int = 300
) -> Manifest:
    """A finished pack stage in `folder` that holds these shards."""
    reports = []
    for number, (source, documents) in enumerate(shards):
        kind = np.dtype(dtype).newbyteorder("<")
        rows = {
            "order": range(len(documents)),
            "id": [name for name, _ in documents],
            "ids": [np.array(ids, kind).tobytes() for _, ids in documents],
            "text_bytes": [1] * len(documents),
        }
        task: Task[None] = Task(task_id(number), (), None, str(folder))
        with TaskWriter(task, Pack.stage_name) as out:
            table = pa.table(rows, schema=TOKEN_DOCUMENTS_SCHEMA)
            tokens = TokenRows.of(table.to_batches()).write(out, f"tokens-{task.id}", DTYPE_BYTES[dtype])
            out.facts = PackedShard(
                source=source,
                shard=f"tokens/tokens-{task.id}.bin",
                documents=len(documents),
                tokens=tokens,
                text_bytes=len(documents),
                dtype=dtype,
                tokenizer_sha256=TOKENIZER_SHA256,
                vocab_size=vocab_size,
                bos=BOS,
                eos=EOS,
            )
        reports.append(out.report)
    manifest = make_manifest("pack", Pack(), "f", [], [], reports, str(folder))
    write_record(str(folder / "manifest.json"), manifest)
    return manifest


def framed(source: str, number: int, documents: Sequence[Sequence[int]]) -> Shard:
    """A shard of documents without `<s>` and `</s>`, which they get, and with ids made of source and numbers."""
    return source, [(f"{source}/{number}/{i}", [BOS, *ids, EOS]) for i, ids in enumerate(documents)]
