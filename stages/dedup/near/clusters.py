"""Edges between near duplicates in, removals by shard out: components, members, and which of them is kept.

Documents are numbers (shard and row) until the end. Partial forests of edges are merged in groups, then
`cluster` holds 16 bytes for each document that has a duplicate and nothing for the others; ids and sketches
come back shard by shard and are compared component by component. Stored documents of earlier runs have the
shard numbers after those of the documents; they are always kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange, num_destinations
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_rows
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    RangeParams,
    ShardParams,
    node_ids,
    num_shards,
    range_table,
    range_tasks,
    require_unique,
    split_nodes,
    unpack_words,
)
from stages.dedup.near.store import Against
from stages.dedup.remove import REMOVALS_SCHEMA
from stages.kernels.sketch.buckets import choose_keepers
from stages.kernels.sketch.minhash import DOCUMENT_BINS
from stages.kernels.sketch.union_find import Nodes, components, forest

EDGES_SCHEMA = pa.schema([("one", pa.uint64()), ("other", pa.uint64())])
LABELS_SCHEMA = pa.schema([("row", pa.uint32()), ("component", pa.uint64())])

PENDING_EDGES = 4 << 20
PIECE_ROWS = 1 << 20
MEMBER_BYTES = 300
MAX_KEEPERS = 4096
MERGE_FILES = 32
"""Partial forests that one task of `near_merge` makes one of."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


SIGNED_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("priority", pa.uint8()),
        ("text_bytes", pa.int64()),
        ("sketch", pa.binary(DOCUMENT_BINS // 4)),
    ]
)
"""A signed document, a row for each document of the shard in order."""

MEMBERS_SCHEMA = pa.schema([("component", pa.uint64()), ("node", pa.uint64()), *SIGNED_SCHEMA])
"""A document of a component, with what decides whether it is kept."""


def forest_of(batches: Iterable[pa.RecordBatch]) -> tuple[Nodes, Nodes]:
    """The forest of all edges (EDGES_SCHEMA); what is pending is made a forest whenever it grows large."""
    ones: list[Nodes] = [np.empty(0, np.uint64)]
    others: list[Nodes] = [np.empty(0, np.uint64)]
    pending = 0
    for batch in batches:
        ones.append(batch.column("one").to_numpy())
        others.append(batch.column("other").to_numpy())
        pending += batch.num_rows
        if pending >= PENDING_EDGES:
            one, other = forest(np.concatenate(ones), np.concatenate(others))
            ones, others, pending = [one], [other], 0
    return forest(np.concatenate(ones), np.concatenate(others))


def edge_batch(one: Nodes, other: Nodes) -> pa.RecordBatch:
    """Edges as a batch of EDGES_SCHEMA."""
    return pa.RecordBatch.from_arrays([pa.array(one), pa.array(other)], schema=EDGES_SCHEMA)


class EdgesParams(Record):
    """The edge files of one exchange from `start` to `stop`, and for how many shards what comes of them is."""

    edges: Exchange
    start: int
    stop: int
    shards: int


class MergeForests(Stage[EdgesParams]):
    """Partial forests -> fewer ones, MERGE_FILES to one: the level of the tree below `near_cluster`."""

    stage_name: ClassVar[str] = "near_merge"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[EdgesParams]]:
        """One task per group of edge files."""
        edges = Exchange.of(inputs[0])
        starts = range(0, edges.num_files, MERGE_FILES)
        return [
            Task(task_id(i), (), EdgesParams(edges=edges, start=start, stop=start + MERGE_FILES, shards=1))
            for i, start in enumerate(starts)
        ]

    def run(self, task: Task[EdgesParams]) -> ShardReport:
        """Union-find over the group's edges."""
        with TaskWriter(task, self.stage_name) as out:
            one, other = _forest_of_files(out, task.params)
            out.exchange(EDGES_SCHEMA, 1).write(edge_batch(one, other), np.zeros(len(one), np.int64))
        return out.report


def _forest_of_files(out: TaskWriter, params: EdgesParams) -> tuple[Nodes, Nodes]:
    """The forest of the edges that a task is about."""
    edges = params.edges
    return forest_of(out.received(edges, edges.read(0, params.start, params.stop)))


class Clusters(Record):
    """Documents that have a near duplicate, and the clusters that they are in."""

    documents: int
    clusters: int


class ClusterEdges(Against[EdgesParams]):
    """All edges -> the component of each document that has one, by shard. Inputs: edges, documents."""

    stage_name: ClassVar[str] = "near_cluster"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[EdgesParams]]:
        """One task: components are global."""
        edges = Exchange.of(inputs[0])
        shards = num_shards(inputs[1]) + sum(store.num_shards for store in self.stores())
        params = EdgesParams(edges=edges, start=0, stop=edges.num_files, shards=shards)
        return [Task(task_id(0), (), params)] if edges.destinations else []

    def run(self, task: Task[EdgesParams]) -> ShardReport:
        """Union-find over the merged forests."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(LABELS_SCHEMA, task.params.shards)
            nodes, labels = components(*_forest_of_files(out, task.params))
            for start in range(0, len(nodes), PIECE_ROWS):
                shards, rows = split_nodes(nodes[start : start + PIECE_ROWS])
                columns = [pa.array(rows), pa.array(labels[start : start + PIECE_ROWS])]
                exchange.write(pa.RecordBatch.from_arrays(columns, schema=LABELS_SCHEMA), shards)
            out.facts = Clusters(documents=len(nodes), clusters=int(np.count_nonzero(nodes == labels)))
        return out.report


class LabelDocumentsParams(ShardParams):
    """A shard of signed documents, the components of all, and into how many ranges their members go."""

    labels: Exchange
    destinations: int


class LabelDocuments(Against[LabelDocumentsParams]):
    """Shard -> members of components, by component. Inputs: components, signed documents, documents."""

    stage_name: ClassVar[str] = "near_label"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[LabelDocumentsParams]]:
        """One task per shard of signed documents, the stored ones after the new ones."""
        labels, signed, documents = Exchange.of(inputs[0]), inputs[1], inputs[2]
        count = num_destinations(documents.documents_out * MEMBER_BYTES, DESTINATION_BYTES)
        uris = signed.uris(TABLE) + [uri for store in self.stores() for uri in store.signed.uris(TABLE)]
        return [
            Task(task_id(shard), (uri,), LabelDocumentsParams(shard=shard, labels=labels, destinations=count))
            for shard, uri in enumerate(uris)
        ]

    def run(self, task: Task[LabelDocumentsParams]) -> ShardReport:
        """Give each labelled document its id, length and sketch."""
        shard, schema = task.params.shard, MEMBERS_SCHEMA
        with TaskWriter(task, self.stage_name) as out:
            labels = pa.Table.from_batches(out.receive(task.params.labels, shard), LABELS_SCHEMA)
            rows, component = labels.column("row").to_numpy(), labels.column("component").to_numpy()
            order = np.argsort(rows)
            rows, component = rows[order], component[order]
            exchange = out.exchange(schema, task.params.destinations)
            begin = 0
            for taken in read_rows(task.inputs[0], rows):
                end = begin + taken.num_rows
                nodes = node_ids(shard, 0, 1)[0] | rows[begin:end].astype(np.uint64)
                columns = [pa.array(component[begin:end]), pa.array(nodes), *taken.columns]
                members = pa.RecordBatch.from_arrays(columns, schema=schema)
                exchange.send(members, component[begin:end] * _SPREAD)
                begin = end
        return out.report


class VerifyOptions(Record):
    """Whether candidates are compared."""

    verify: bool = Field(
        True, description="compare candidates by their signatures, so that clusters do not chain"
    )


class DecideClusters(VerifyOptions, Stage[RangeParams]):
    """Components -> removals by shard. Inputs: members, documents."""

    stage_name: ClassVar[str] = "near_decide"

    threshold: float

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RangeParams]]:
        """One task per range of components."""
        members, shards = Exchange.of(inputs[0]), num_shards(inputs[1])
        return range_tasks(members, lambda part: RangeParams(rows=members, destination=part, shards=shards))

    def run(self, task: Task[RangeParams]) -> ShardReport:
        """Order the members of each component by priority, length and id, and keep from the top."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, task.params.shards)
            members = range_table(out, task.params, MEMBERS_SCHEMA)
            exchange.write(*self.removals(members, task.params.shards))
        return out.report

    def removals(self, members: pa.Table, num_shards: int) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
        """Removals (REMOVALS_SCHEMA) and their shards from members of whole components.

        Documents of shards from `num_shards` on are stored ones: they come first and stay.
        """
        is_new = pa.array(split_nodes(members.column("node").to_numpy())[0] < num_shards)
        members = members.append_column("is_new", is_new)
        keys = [("component", "ascending"), ("is_new", "ascending"), ("priority", "ascending")]
        keys += [("text_bytes", "descending"), ("id", "ascending")]
        members = members.take(pc.sort_indices(members, keys)).combine_chunks()
        require_unique(members.column("id"))
        keepers, values = choose_keepers(
            members.column("component").to_numpy(),
            members.column("is_new").to_numpy(),
            sketches_of(members),
            self.threshold if self.verify else -1.0,
            MAX_KEEPERS,
        )
        removed = np.flatnonzero(keepers >= 0)
        shards, rows = split_nodes(members.column("node").to_numpy()[removed])
        removals = {
            "row": pa.array(rows),
            "rule": pa.repeat(pa.scalar("near_duplicate"), len(removed)),
            "value": pa.array(values[removed]),
            "threshold": pa.repeat(pa.scalar(self.threshold), len(removed)),
            "partner": members.column("id").take(pa.array(keepers[removed])).combine_chunks(),
            "detail": pa.nulls(len(removed), pa.string()),
        }
        return pa.RecordBatch.from_pydict(removals, schema=REMOVALS_SCHEMA), shards


def sketches_of(rows: pa.Table) -> npt.NDArray[np.uint64]:
    """The column `sketch` as words, shape (rows, words)."""
    column = rows.column("sketch").combine_chunks()
    if len(column) == 0:
        return np.empty((0, column.type.byte_width // 8), np.uint64)
    return unpack_words(column)
