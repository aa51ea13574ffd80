"""A graph and the bytes that flow through it in, how many tasks every stage has and how many shards they read out."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.graph import Graph
from pipeline.plan.exchanges import destinations_by_text, exchanges_of, reads_shards
from pipeline.plan.flow import ONE_TASK, Flow, followed_inputs, origins
from pipeline.plan.raw import SourceSize, raw_tasks
from stages.core.parquet import SHARD_TEXT_BYTES
from stages.core.shards import group_ranges
from stages.ingest.base import RawStage


def tasks_and_shards(
    graph: Graph, flow: Flow, sizes: Mapping[str, SourceSize]
) -> tuple[dict[str, int], dict[str, int]]:
    """Tasks of every node: raw files by bytes, then one for every shard, or every group of them that share one, or for every
    destination of the exchange that a stage reads. And the shards of documents that nodes read."""
    tasks: dict[str, int] = {}
    read: dict[str, int] = {}
    ranges = {
        reader: graph.nodes[sender].stage
        for sender, reader in exchanges_of(graph)
        if not reads_shards(graph.nodes[reader].stage)
    }
    for name, behind in origins(graph).items():
        stage = graph.nodes[name].stage
        if isinstance(stage, RawStage):
            size = sizes.get(stage.source)
            tasks[name] = 1 if size is None else raw_tasks(size, stage)
        elif stage.stage_name in ONE_TASK or not behind:
            tasks[name] = 1
        else:
            inputs = [graph.nodes[part] for part in followed_inputs(graph, graph.nodes[name])]
            shards = [
                size
                for one in inputs
                if one.name in behind
                for size in _shard_sizes(sum(flow.documents[one.name].values()), tasks[one.name])
            ]
            passed = max(tasks[one.name] for one in inputs)
            tasks[name] = len(shards) or max(passed, -(-flow.given_bytes(name) // SHARD_TEXT_BYTES))
            if shards:
                read[name] = len(shards)
            if stage.groups_small_shards:
                tasks[name] = sum(1 for _ in group_ranges(shards)) or tasks[name]
            if name in ranges and (count := destinations_by_text(ranges[name], flow.given_bytes(name))):
                tasks[name] = count
    return tasks, read


def _shard_sizes(text_bytes: int, tasks: int) -> list[int]:
    """Text of each shard that so many tasks write: one each, or more where they are full."""
    count = max(tasks, -(-text_bytes // SHARD_TEXT_BYTES))
    return [text_bytes // count] * count
