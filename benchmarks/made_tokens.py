"""Sizes in, packed tokens of random documents out, as the pack stage leaves them; and any stage, finished in a folder.

It needs none of the packages of the other benchmarks, so that it runs where there is a trainer and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stages.core import storage
from stages.core.manifest import MANIFEST_NAME, Manifest, write_record
from stages.core.merge import MergeParts, second_level
from stages.core.stage import AnyStage, Task, make_manifest, placed_tasks, task_id
from stages.core.writer import TaskWriter
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA
from stages.tokenize.pack import Pack, PackedShard
from stages.tokenize.token_rows import TokenRows

DOCUMENT_TOKENS = 700
FIRST_ID = 3
"""Of an ordinary piece; below it are LLaMA's unknown, beginning and end."""


def made_pack(folder: Path, shards: int, shard_tokens: int, vocab_size: int) -> Manifest:
    """Random documents of two sources in turn, of DOCUMENT_TOKENS on average."""
    rng, reports = np.random.default_rng(1), []
    for number in range(shards):
        count = shard_tokens // DOCUMENT_TOKENS
        lengths = rng.geometric(1 / DOCUMENT_TOKENS, count) + 2
        ids = [rng.integers(FIRST_ID, vocab_size, length, np.uint16).tobytes() for length in lengths]
        rows = {
            "order": range(count),
            "id": list(map(str, range(count))),
            "ids": ids,
            "text_bytes": [1] * count,
        }
        task: Task[None] = Task(task_id(number), (), None, str(folder))
        with TaskWriter(task, Pack.stage_name) as out:
            table = pa.table(rows, schema=TOKEN_DOCUMENTS_SCHEMA)
            out.facts = PackedShard(
                source="ab"[number % 2],
                shard=f"tokens/tokens-{task.id}.bin",
                documents=count,
                tokens=TokenRows.of(table.to_batches()).write(out, f"tokens-{task.id}", 2),
                text_bytes=count,
                dtype="uint16",
                tokenizer_sha256="none",
                vocab_size=vocab_size,
                bos=1,
                eos=2,
            )
        reports.append(out.report)
    return _written(make_manifest("pack", Pack(), "pack", [], [], reports, str(folder)))


def finish_stage(stage: AnyStage, folder: str, inputs: Sequence[Manifest] = ()) -> Manifest:
    """All tasks of a stage into `folder`, and the manifest, for stages that come after."""
    storage.make_folder(folder)
    tasks = stage.plan(inputs)
    reports = [stage.run(task) for task in placed_tasks(tasks, folder)]
    reports += [MergeParts().run(task) for task in second_level(folder, reports)]
    fingerprint = stage.fingerprint([manifest.fingerprint for manifest in inputs])
    manifest = make_manifest(stage.stage_name, stage, fingerprint, inputs, tasks, reports, folder)
    return _written(manifest)


def _written(manifest: Manifest) -> Manifest:
    write_record(storage.join(manifest.folder, MANIFEST_NAME), manifest)
    return manifest
