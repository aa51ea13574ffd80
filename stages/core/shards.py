"""Manifests of documents in, the shards of each task out: neighbours that are small share a task, and a shard of its output.

Filters leave a tenth of what they are given, in as many shards. At full size that would be 400,000 files of 8 MB, each of
which every later stage opens, reports and sends; so a stage that takes shard after shard takes several in one task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import SHARD_TEXT_BYTES

GROUPED_TEXT_BYTES = SHARD_TEXT_BYTES
"""Of the shards of a task, together: what a full shard holds, and what a task that hands documents on may hold."""

GROUPED_SHARDS = 256
"""Of a task, at most: a store takes some 0.2 s to open each."""

UNGROUPED_SHARDS = 1024
"""So many have a task each, and more are never put into fewer tasks than about this: small runs keep all their workers."""


def shard_groups(inputs: Sequence[Manifest]) -> list[tuple[str, ...]]:
    """URIs of the document shards of each task, in order, by the text that they hold: the same whatever runs them."""
    uris = [uri for manifest in inputs for uri in manifest.uris(DOCUMENTS)]
    sizes = [
        sum(totals.text_bytes for totals in file.sources.values())
        for manifest in inputs
        for file in manifest.of_kind(DOCUMENTS)
    ]
    return [tuple(uris[start:stop]) for start, stop in group_ranges(sizes)]


def group_ranges(text_bytes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Which shards of these sizes, from the first to before the last, share a task."""
    if len(text_bytes) <= UNGROUPED_SHARDS:
        yield from ((at, at + 1) for at in range(len(text_bytes)))
        return
    most = min(GROUPED_TEXT_BYTES, sum(text_bytes) // UNGROUPED_SHARDS)
    start, held = 0, 0
    for at, size in enumerate(text_bytes):
        if at > start and (held + size > most or at - start == GROUPED_SHARDS):
            yield start, at
            start, held = at, 0
        held += size
    yield start, len(text_bytes)
