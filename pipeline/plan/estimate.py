"""Rates and raw sizes in, the estimate of a whole run out: core-hours, memory, disk, exchange, wall time, tokens, cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.config import LoadedRecipe
from pipeline.graph import Graph
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.flow import BytesBySource, Flow, flow_of, work_bytes
from pipeline.plan.rates import Rates, StageRates, middle
from pipeline.plan.raw import SourceSize, largest_raw_bytes
from pipeline.plan.requests import NO_REQUESTS, StageBytes, StageRequests, requests_of
from pipeline.plan.task_counts import tasks_and_shards
from pipeline.plan.timetable import Timetable, Work, peak_bytes, timetable_of
from stages.core.manifest import EXCHANGE, PARTS, add_counts
from stages.core.stage import AnyStage
from stages.ingest.base import RawStage
from stages.train.stage import Train

Which = Literal["low", "middle", "high"]
NOT_MEASURED = StageRates(memory_bytes=0)
"""Of a stage that a sample leaves out: the mixture, which is a moment's work."""

ROUNDING = 1e-6
"""Of a number of tasks, which is a ratio of floats."""

MONTH_SECONDS = 365.25 / 12 * 86_400


@dataclass(frozen=True)
class StageEstimate:
    """One node: bytes given, text out (of a step's output), core-seconds, tasks, memory of one, bytes written by kind.

    `longest_seconds` are those of a core that its longest task takes, `shards` the files of documents that its tasks read
    (neighbours that are small share one), `requests` what it asks of a store.
    """

    node: str
    given_bytes: int
    text_bytes: int | None
    core_seconds: float
    tasks: int
    memory_bytes: int
    written: Mapping[str, int]
    longest_seconds: float = 0.0
    shards: int = 0
    requests: StageRequests = NO_REQUESTS

    @property
    def written_bytes(self) -> int:
        """Bytes of all kinds."""
        return sum(self.written.values())

    @property
    def merged_bytes(self) -> int:
        """Of the first level of its exchange, where there are two; they are gone when it ends."""
        return self.written.get(PARTS, 0)


@dataclass(frozen=True)
class SourceTokens:
    """Text and tokens of one source at the end, the interval of the tokens, and the paper's number."""

    source: str
    text_bytes: int
    tokens: int
    low: int
    high: int
    expected: int | None


@dataclass(frozen=True)
class Estimate:
    """All of it; `cost` by what it is for, of what has a price."""

    stages: tuple[StageEstimate, ...]
    tokens: tuple[SourceTokens, ...]
    timetable: Timetable
    cores: int
    disk_peak_bytes: int
    start_seconds: float
    """Core-seconds that the workers take once, in all: no more workers than the widest stage has tasks."""
    cost: Mapping[str, float]

    @property
    def core_seconds(self) -> float:
        """Of all stages but the training, without the workers' start."""
        return sum(stage.core_seconds for stage in self.stages)

    @property
    def busy_share(self) -> float:
        """The share of the cores' time that is work."""
        held = self.timetable.seconds * self.cores
        return self.core_seconds / held if held else 0.0

    @property
    def exchange_bytes(self) -> int:
        """Bytes that stages send to one another."""
        return sum(stage.written.get(EXCHANGE, 0) for stage in self.stages)

    @property
    def requests(self) -> StageRequests:
        """What all stages ask of a store, where raw files and the run lie on one."""
        parts = [stage.requests for stage in self.stages]
        return StageRequests(
            sum(one.gets for one in parts),
            sum(one.puts for one in parts),
            sum(one.exchange_reads for one in parts),
        )

    @property
    def disk_bytes(self) -> int:
        """Bytes of all that is written, were nothing deleted."""
        return sum(stage.written_bytes for stage in self.stages)

    @property
    def memory_bytes(self) -> int:
        """Of the task that takes most."""
        return max((stage.memory_bytes for stage in self.stages), default=0)

    @property
    def most_tasks(self) -> int:
        """Of the stage that has most."""
        return max((stage.tasks for stage in self.stages), default=0)


def estimate_run(
    loaded: LoadedRecipe,
    graph: Graph,
    final: Sequence[str],
    sizes: Mapping[str, SourceSize],
    rates: Rates,
    cluster: ClusterOptions,
    known: Mapping[str, BytesBySource] | None = None,
) -> Estimate:
    """What a run takes out. `final`: outputs that hold the finished documents; the training is left to others.

    `known` is the text by source of outputs that are finished, which no yield has to guess.
    """
    raw = {source: size.num_bytes for source, size in sizes.items()}
    low, flow, high = (
        flow_of(graph, raw, _text_of(rates, which, known or {})) for which in ("low", "middle", "high")
    )
    stages = _with_requests(graph, tuple(_stages(graph, flow, sizes, rates)), sizes)
    ends = [part for name in final for part in graph.parts([name])]
    works = works_of(graph, stages)
    cores = cluster.nodes * cluster.cores_per_node
    timed = timetable_of(works, cores)
    written = {one.node: one.written_bytes for one in stages}
    merged = {one.node: one.merged_bytes for one in stages}
    most = max((one.tasks for one in stages), default=0)
    found = Estimate(
        stages=stages,
        tokens=_tokens(loaded, ends, (low, flow, high), rates),
        timetable=timed,
        cores=cores,
        disk_peak_bytes=peak_bytes(works, timed.spans, written, ends, merged),
        start_seconds=rates.start_seconds * min(cores, most),
        cost={},
    )
    return replace(found, cost=_cost(found, cluster))


def _with_requests(
    graph: Graph, stages: Sequence[StageEstimate], sizes: Mapping[str, SourceSize]
) -> tuple[StageEstimate, ...]:
    found = requests_of(
        graph,
        {one.node: StageBytes(one.given_bytes, one.tasks, one.shards, one.written) for one in stages},
        sizes,
    )
    return tuple(_with_parts(replace(one, requests=found[one.node])) for one in stages)


def _with_parts(stage: StageEstimate) -> StageEstimate:
    """The stage with what the first level of its exchange takes, where there are two: as much as the second."""
    if not stage.requests.merges:
        return stage
    return replace(stage, written={**stage.written, PARTS: stage.written.get(EXCHANGE, 0)})


def works_of(graph: Graph, stages: Sequence[StageEstimate]) -> list[Work]:
    """The stages as a timetable takes them: with no more tasks than end before the longest of them."""
    return [
        Work(one.node, graph.parts(graph.nodes[one.node].inputs), one.core_seconds, _at_once(one))
        for one in stages
    ]


def _at_once(stage: StageEstimate) -> int:
    """Cores that a stage keeps busy."""
    if not stage.longest_seconds:
        return stage.tasks
    return min(stage.tasks, max(1, math.ceil(stage.core_seconds / stage.longest_seconds - ROUNDING)))


def _stages(
    graph: Graph, flow: Flow, sizes: Mapping[str, SourceSize], rates: Rates
) -> Iterator[StageEstimate]:
    tasks, shards = tasks_and_shards(graph, flow, sizes)
    for node in graph.nodes.values():
        if isinstance(node.stage, Train):
            continue
        own, work = rates.stages.get(node.name, NOT_MEASURED), work_bytes(graph, flow, node.name)
        by_bytes = {kind: round(share * work) for kind, share in own.written_per_byte.items()}
        yield StageEstimate(
            node=node.name,
            given_bytes=flow.given_bytes(node.name),
            text_bytes=sum(flow.documents[node.name].values()) if node.name in flow.documents else None,
            core_seconds=own.core_seconds_per_byte * work + own.core_seconds_per_task * tasks[node.name],
            tasks=tasks[node.name],
            memory_bytes=own.memory_bytes,
            written=add_counts([by_bytes, own.written]),
            longest_seconds=own.core_seconds_per_byte
            * _largest_bytes(node.stage, work, tasks[node.name], sizes)
            + own.core_seconds_per_task,
            shards=shards.get(node.name, tasks[node.name]),
        )


def _largest_bytes(stage: AnyStage, work: int, tasks: int, sizes: Mapping[str, SourceSize]) -> float:
    """Bytes of work of a stage's largest task: shards are nearly equal, raw files are not."""
    if isinstance(stage, RawStage) and stage.source in sizes:
        return min(work, largest_raw_bytes(sizes[stage.source], stage))
    return work / max(1, tasks)


def _text_of(
    rates: Rates, which: Which, known: Mapping[str, BytesBySource]
) -> Callable[[str, BytesBySource], BytesBySource]:
    """Text of a step's documents: what is known, or by its yields at the least, in the middle, or at the most."""

    def text_of(output: str, given: BytesBySource) -> BytesBySource:
        if output in known:
            return {source: known[output].get(source, 0) for source in given}
        found = {}
        for source, size in given.items():
            bounds = rates.yields.get((output, source), (1.0, 1.0))
            share = {"low": bounds[0], "middle": middle(bounds), "high": bounds[1]}[which]
            found[source] = round(size * share)
        return found

    return text_of


def _tokens(
    loaded: LoadedRecipe, ends: Sequence[str], flows: tuple[Flow, Flow, Flow], rates: Rates
) -> tuple[SourceTokens, ...]:
    low, text, high = (add_counts(flow.documents[end] for end in ends) for flow in flows)
    rows = []
    for source, recipe in loaded.sources.items():
        if source not in text:
            continue
        per_token, spread = rates.bytes_per_token[source], rates.spread.get(source, 0.0)
        rows.append(
            SourceTokens(
                source=source,
                text_bytes=text[source],
                tokens=round(text[source] / per_token),
                low=round(low[source] / per_token * max(0.0, 1 - spread)),
                high=round(high[source] / per_token * (1 + spread)),
                expected=recipe.expected.tokens,
            )
        )
    return tuple(rows)


def _cost(found: Estimate, cluster: ClusterOptions) -> dict[str, float]:
    """What has a price: cores for the work, and for the whole time that they are held; the disk at its fullest."""
    cost = {}
    if cluster.core_hour_price is not None:
        held = found.timetable.seconds * cluster.nodes * cluster.cores_per_node
        cost["core-hours of work"] = (
            (found.core_seconds + found.start_seconds) / 3600 * cluster.core_hour_price
        )
        cost["core-hours held"] = held / 3600 * cluster.core_hour_price
    if cluster.tb_month_price is not None:
        months = found.timetable.seconds / MONTH_SECONDS
        cost["disk"] = found.disk_peak_bytes / 1e12 * months * cluster.tb_month_price
    if cluster.thousand_gets_price is not None:
        cost["GET requests"] = found.requests.gets / 1000 * cluster.thousand_gets_price
    if cluster.thousand_puts_price is not None:
        cost["PUT requests"] = found.requests.puts / 1000 * cluster.thousand_puts_price
    return cost
