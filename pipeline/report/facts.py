"""A run in, what its manifests, reports and training log say out: funnels by source, drops by rule, speed, loss, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa

from pipeline.inspect.warnings import warning_rows
from pipeline.look.places import Places
from pipeline.quality_notes import quality_notes
from pipeline.registry import source_kinds
from pipeline.unjudged import unjudged_lines
from stages.core import storage
from stages.core.ledger import DROP
from stages.core.manifest import LEDGER, Manifest, read_report
from stages.core.names import below
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.mix.mixture import Mix, Mixed
from stages.train.log import LOG_NAME
from stages.train.stage import Train

MAX_CURVE_POINTS = 2000
"""Points of a training curve that are drawn; of longer ones every second, third, ..."""


@dataclass(frozen=True)
class PaperSource:
    """A row of LLaMA's Table 1 (arXiv 2302.13971): share of the training tokens, epochs at 1.4T tokens, bytes on disk."""

    share: float
    epochs: float
    disk_bytes: float


TABLE_1: Mapping[str, PaperSource] = MappingProxyType(
    {
        "common_crawl": PaperSource(0.67, 1.10, 3.3e12),
        "c4": PaperSource(0.15, 1.06, 783e9),
        "github": PaperSource(0.045, 0.64, 328e9),
        "wikipedia": PaperSource(0.045, 2.45, 83e9),
        "books": PaperSource(0.045, 2.23, 85e9),
        "arxiv": PaperSource(0.025, 1.06, 92e9),
        "stackexchange": PaperSource(0.02, 1.03, 78e9),
    }
)


@dataclass(frozen=True)
class FunnelStep:
    """What a stage left of a source."""

    node: str
    documents: int
    text_bytes: int


@dataclass(frozen=True)
class SourceFunnel:
    """A source on its way: bytes of raw files as they lie (mostly compressed), then what each stage left of it."""

    source: str
    raw_bytes: int
    raw_records: int
    steps: tuple[FunnelStep, ...]


def funnels(places: Places) -> list[SourceFunnel]:
    """The way of every source through the finished stages that hold documents, in the order of the run."""
    carried: dict[str, set[str]] = {}
    found: dict[str, list[FunnelStep]] = {}
    raw: dict[str, tuple[int, int]] = {}
    ingests = {kind.stage_name for kind in source_kinds().values()}
    for node, manifest in places.manifests.items():
        if manifest.stage in ingests:
            source = str(manifest.config["source"])
            carried[node] = {source}
            num_bytes, records = raw.get(source, (0, 0))
            raw[source] = num_bytes + manifest.bytes_in, records + manifest.created
        else:
            names = next(one.inputs for one in places.record.nodes if one.name == node)
            carried[node] = set(manifest.sources).union(*(carried.get(name, set()) for name in names))
        if _holds(manifest):
            for source in sorted(carried[node]):
                totals_of = manifest.sources.get(source)
                documents, text_bytes = (
                    (0, 0) if totals_of is None else (totals_of.documents, totals_of.text_bytes)
                )
                found.setdefault(source, []).append(FunnelStep(node, documents, text_bytes))
    return [
        SourceFunnel(source, *raw.get(source, (0, 0)), steps=tuple(found.get(source, ())))
        for source in dict.fromkeys([*raw, *found])
    ]


def _holds(manifest: Manifest) -> bool:
    lost_all = (
        manifest.documents_in + manifest.created > 0
        and manifest.documents_out == 0
        and bool(manifest.dropped)
    )
    return manifest.wrote_documents or lost_all


@dataclass
class RuleLoss:
    """What a rule of a stage dropped, edited or merged of one source."""

    node: str
    action: str
    rule: str
    source: str
    documents: int = 0
    text_bytes: int = 0


def rule_losses(places: Places) -> list[RuleLoss]:
    """Rows of the ledgers counted by stage, action, rule and source, the largest number first."""
    found: dict[tuple[str, str, str, str], RuleLoss] = {}
    for node, manifest in places.manifests.items():
        for batch in read_batches(manifest.uris(LEDGER), ["action", "rule", "source", "text_bytes"]):
            groups = pa.Table.from_batches([batch]).group_by(["action", "rule", "source"])
            for row in groups.aggregate([("text_bytes", "sum"), ("text_bytes", "count")]).to_pylist():
                key = (node, row["action"], row["rule"], row["source"])
                loss = found.setdefault(key, RuleLoss(*key))
                loss.documents += row["text_bytes_count"]
                loss.text_bytes += row["text_bytes_sum"]
    return sorted(
        found.values(), key=lambda one: (one.action != DROP, -one.documents, one.node, one.rule, one.source)
    )


@dataclass(frozen=True)
class StageSpeed:
    """What the tasks of a stage took: seconds of all tasks together, the peak of one in bytes, bytes that they read."""

    node: str
    tasks: int
    seconds: float
    peak_memory_bytes: int
    bytes_in: int

    @property
    def mb_per_second(self) -> float | None:
        """MB of input per second of a task, which is one core's but in training; None where nothing was read."""
        return self.bytes_in / 1e6 / self.seconds if self.seconds > 0 and self.bytes_in else None


def speeds(places: Places) -> list[StageSpeed]:
    """Of every finished stage, in the order of the run; reports are the only files that hold times."""
    found = []
    for node, manifest in places.manifests.items():
        reports = [
            one for task in manifest.reports if (one := read_report(manifest.folder, task)) is not None
        ]
        found.append(
            StageSpeed(
                node,
                len(reports),
                sum(one.measured.seconds for one in reports),
                max((one.measured.peak_memory_bytes for one in reports), default=0),
                manifest.bytes_in,
            )
        )
    return found


def training_curves(places: Places) -> dict[str, list[tuple[int, float]]]:
    """Losses of a training's log (`StepInfo.log_row`) by name: `loss`, and that on what each source holds out."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for manifest in places.manifests.values():
        if not is_made_by(manifest, Train):
            continue
        for file in manifest.files:
            if file.name.endswith(f"/{LOG_NAME}"):
                for line in storage.read_bytes(below(manifest.folder, file.name)).splitlines():
                    row = orjson.loads(line)
                    for name, value in _losses(row):
                        curves.setdefault(name, []).append((int(row["step"]), value))
    return {name: points[:: -(-len(points) // MAX_CURVE_POINTS)] for name, points in curves.items()}


def _losses(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    if "loss" in row:  # a step whose batch was left out has none
        yield "loss", float(row["loss"])
    for source, found in row.get("held_out", {}).items():
        yield f"held-out {source}", float(found["loss"])


def run_warnings(run: str, places: Places) -> list[str]:
    """What a reader should know: stages not finished or that kept nothing, models and mixtures in doubt, cut papers."""
    found = [f"{one.name}: not finished" for one in places.record.nodes if one.name not in places.manifests]
    for node, manifest in places.manifests.items():
        if manifest.dropped and manifest.documents_out == 0:
            found.append(f"{node}: kept nothing of {manifest.documents_in + manifest.created:,} documents")
        if is_made_by(manifest, Mix):
            found += [line for mixed in manifest.facts_of(Mixed) for line in mixed.warnings]
    found += [*quality_notes(places.manifests), *unjudged_lines(places.manifests)]
    if cut := len(warning_rows(run)):
        found.append(f"{cut:,} documents lost most of their record; `altiplano inspect warnings` lists them")
    return found
