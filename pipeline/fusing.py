"""A node that starts in, the nodes that run in its tasks out: a shard is read once and written once for all of them.

A node follows another where it is the only one that reads its documents, looks at shards alone, and has all else that it
needs. What lies between them is never written (`keep: outputs`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.graph import Graph, Node
from pipeline.run_folder import readers_of
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, FileInfo, Manifest, SourceTotals, document_uris
from stages.core.parquet import SHARD_TEXT_BYTES, first_shard_name
from stages.core.stage import Task

_FOLLOWS, _HANDS_ON = "from-", "handing-"
WAYS = ("", _HANDS_ON, _FOLLOWS, _FOLLOWS + _HANDS_ON)
"""Begin the ids of tasks, by whether they go on with what others hand on, and whether they hand on what they make: what
was done in one way is never taken for what is to be done in another."""

MAX_HANDED_TEXT_BYTES = 2 * SHARD_TEXT_BYTES
"""A larger shard (none of ours is) is not held in memory."""


def follower(graph: Graph, name: str, finished: Container[str], wanted: Container[str]) -> Node | None:
    """The node that can run in the tasks of another, `name`, by what they read."""
    if name in wanted or any(name in parts for parts in graph.unions.values()):
        return None
    readers = readers_of(graph).get(name, [])
    if len(readers) != 1 or readers[0] in finished:
        return None
    node = graph.nodes[readers[0]]
    first, *others = node.inputs
    has_all = all(other in finished for other in others)
    return node if node.stage.looks_at_shards_alone and first == name and has_all else None


def can_hand_on(tasks: Sequence[Task[Any]], inputs: Sequence[Manifest]) -> bool:
    """Whether each task of a node reads shards of documents, and no more of them than memory may hold."""
    shards = {
        uri: sum(totals.text_bytes for totals in file.sources.values())
        for manifest in inputs
        for uri, file in zip(manifest.uris(DOCUMENTS), manifest.of_kind(DOCUMENTS), strict=True)
    }
    if not tasks or any(not task.inputs or any(uri not in shards for uri in task.inputs) for task in tasks):
        return False
    return all(sum(shards[uri] for uri in task.inputs) <= MAX_HANDED_TEXT_BYTES for task in tasks)


def handing_manifest(node: Node, fingerprint: str, folder: str, tasks: Sequence[Task[Any]]) -> Manifest:
    """What is known of a node before it runs: the shards that its tasks would write, each as full as it may be.

    So the node that follows has a task for each, whatever it puts together when it reads shards that are there.
    """
    full = {"": SourceTotals(text_bytes=SHARD_TEXT_BYTES)}
    shards = tuple(
        FileInfo(name=first_shard_name(task.id), kind=DOCUMENTS, rows=0, bytes=0, sha256="", sources=full)
        for task in tasks
    )
    return Manifest(
        node=node.name,
        stage=node.stage.stage_name,
        version=node.stage.version,
        fingerprint=fingerprint,
        config=node.stage.content_config(),
        inputs=(),
        files=shards,
        documents_in=0,
        created=0,
        documents_out=0,
        merged=0,
        bytes_in=0,
        bytes_out=0,
        dropped={},
        edited={},
        sources={},
        folder=folder,
    )


def following_tasks(
    node: Node, before: Manifest, tasks: Sequence[Task[Any]], finished: Mapping[str, Manifest]
) -> list[Task[Any]] | None:
    """The tasks of a node that go on with what `tasks` hand on; None where it plans others."""
    inputs = [before, *(finished[name] for name in node.inputs[1:])]
    try:
        planned = node.stage.plan(inputs)
    except UserError:  # told when it is planned by itself
        return None
    if [task.inputs for task in planned] != [(uri,) for uri in document_uris([before])]:
        return None
    return [replace(task, id=one.id, inputs=()) for task, one in zip(planned, tasks, strict=True)]


def way_of(*, follows: bool, hands_on: bool) -> str:
    """One of WAYS."""
    return (_FOLLOWS if follows else "") + (_HANDS_ON if hands_on else "")
