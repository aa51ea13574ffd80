"""A recipe's plan and this machine in, a line for each of disk and memory that will not do out.

The plan is an estimate by constants (docs/scale.md), so it refuses nothing small, and the user may say that it is wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.at_hand import cores_at_hand, memory_at_hand
from pipeline.config import LoadedRecipe
from pipeline.graph import Graph, read_run
from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.estimate import (
    Estimate,
    StageEstimate,
    estimate_run,
    works_of,
)
from pipeline.plan.rates import fallback_rates
from pipeline.plan.raw import SourceSize, size_of_files
from pipeline.plan.timetable import peak_bytes, timetable_of
from pipeline.plan.units import shown_bytes
from pipeline.preflight.contents import RawFiles
from pipeline.run_folder import PASSING, Keep
from stages.core.manifest import Manifest
from stages.core.mistakes import Mistakes
from stages.core.names import below
from stages.ingest.base import RawStage

SMALL_BYTES = 10**9
"""What is to be written, or a stage is given, below which nothing is refused: constants say little of so small a run."""

ANYWAY = "the plan is an estimate: --allow-tight starts anyway"


@dataclass(frozen=True)
class Machine:
    """Where tasks run, as `open_pool` takes it, and whether the user says that it will do (`allow_tight`)."""

    workers: int | None = None
    address: str | None = None
    task_memory_bytes: int | None = None
    allow_tight: bool = False

    @property
    def num_workers(self) -> int:
        """Tasks that run at once on this machine."""
        return cores_at_hand() if self.workers is None else max(1, self.workers)


class Planned(Protocol):
    """What the estimate of a run rests on."""

    @property
    def loaded(self) -> LoadedRecipe: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def run(self) -> str: ...
    @property
    def keep(self) -> Keep: ...
    @property
    def machine(self) -> Machine: ...


def check_room(planned: Planned, finished: Mapping[str, Manifest], files: RawFiles) -> None:
    """A MistakesError when the disk of a local run's folder, or the memory of this machine, is less than is estimated."""
    if planned.machine.allow_tight:
        return
    found = estimate_rest(planned, finished, files)
    left = [stage for stage in found.stages if stage.node not in finished]
    mistakes = Mistakes()
    if "://" not in planned.run:
        with mistakes.below("disk"):
            needed = {keep: still_to_write(planned, found, finished, keep) for keep in ("all", "outputs")}
            if (line := disk_line(planned.run, planned.keep, needed)) is not None:
                mistakes.add(line)
    if planned.machine.address is None:
        with mistakes.below("memory"):
            if (line := memory_line(left, planned.machine, memory_at_hand())) is not None:
                mistakes.add(line)
    mistakes.end()


def estimate_rest(planned: Planned, finished: Mapping[str, Manifest], files: RawFiles) -> Estimate:
    """The estimate of a run by constants, and by what its finished nodes have read and written."""
    loaded, graph = planned.loaded, planned.graph
    sizes: dict[str, SourceSize] = {}
    for node in graph.nodes.values():
        if isinstance(node.stage, RawStage) and node.stage.source not in sizes:
            if node.name in finished:
                sizes[node.stage.source] = SourceSize(finished[node.name].bytes_in, None, is_there=True)
            else:
                sizes[node.stage.source] = size_of_files(node.stage, files[node.name], loaded.recipe.seed)
    known = {
        name: {source: totals.text_bytes for source, totals in finished[name].sources.items()}
        for name in graph.steps
        if name in finished
    }
    cluster = ClusterOptions(cores_per_node=planned.machine.num_workers)
    rates = fallback_rates(loaded, graph, sizes)
    return estimate_run(loaded, graph, planned.outputs, sizes, rates, cluster, known)


def still_to_write(planned: Planned, found: Estimate, finished: Mapping[str, Manifest], keep: str) -> int:
    """Bytes by which a run's folder will still grow: all that is not written yet, or, where intermediates go, the most
    that it will hold at once beyond what it holds now."""
    there = _bytes_there(planned.run, finished)
    written = {
        one.node: _passing_bytes(finished[one.node])
        if one.node in finished
        else max(0, one.written_bytes - there.get(one.node, 0))
        for one in found.stages
    }
    if keep == "all":
        return sum(size for node, size in written.items() if node not in finished)
    works = works_of(planned.graph, [_without_work(one, finished) for one in found.stages])
    ends = planned.graph.parts(planned.outputs)
    held = sum(size for node, size in written.items() if node in finished)
    spans = timetable_of(works, found.cores).spans
    merged = {
        one.node: min(written[one.node], one.merged_bytes) for one in found.stages if one.node not in finished
    }
    return max(0, peak_bytes(works, spans, written, ends, merged) - held)


def disk_line(run: str, keep: Keep, needed: Mapping[str, int]) -> str | None:
    """What is wrong with the free bytes of a folder's disk, given the bytes still to be written for each way to keep."""
    free = shutil.disk_usage(run).free
    if needed[keep] < SMALL_BYTES or needed[keep] <= free:
        return None
    less = needed["outputs"]
    outputs = (
        f", or `--keep outputs` (at most {shown_bytes(less)} at once)"
        if keep == "all" and less < free
        else ""
    )
    return (
        f"{run}: {shown_bytes(free)} are free there, and about {shown_bytes(needed[keep])} are still to be written;"
        f" make room, or give another folder by --run{outputs}; {ANYWAY}"
    )


def memory_line(left: Sequence[StageEstimate], machine: Machine, limit: int) -> str | None:
    """What is wrong with the bytes of memory of this machine, given the stages that are still to run.

    Of tasks that ask Ray for memory, Ray starts no more than fit; one alone must.
    """
    if max((one.given_bytes for one in left), default=0) < SMALL_BYTES:
        return None
    if machine.task_memory_bytes is not None:
        if machine.task_memory_bytes <= limit:
            return None
        return (
            f"a task asks for {shown_bytes(machine.task_memory_bytes)} (--task-memory), and this machine, or its cgroup, has"
            f" {shown_bytes(limit)}, so none would start; ask for less; --allow-tight starts anyway"
        )
    largest = max(left, key=lambda one: one.memory_bytes)
    workers = min(machine.num_workers, sum(one.tasks for one in left))
    if workers * largest.memory_bytes <= limit:
        return None
    fit = limit // largest.memory_bytes
    mend = f"--workers {fit} fit" if fit else "take a larger machine"
    return (
        f"{workers:,} worker{'s' if workers > 1 else ''} of {shown_bytes(largest.memory_bytes)} each take"
        f" {shown_bytes(workers * largest.memory_bytes)}, and this machine, or its cgroup, has {shown_bytes(limit)}; {mend};"
        f" {ANYWAY}"
    )


def _without_work(one: StageEstimate, finished: Mapping[str, Manifest]) -> StageEstimate:
    return one if one.node not in finished else StageEstimate(one.node, 0, None, 0.0, 1, 0, {})


def _passing_bytes(manifest: Manifest) -> int:
    """Bytes that a finished node holds for its readers."""
    return sum(file.bytes for file in manifest.files if file.kept and file.kind in PASSING)


def _bytes_there(run: str, finished: Mapping[str, Manifest]) -> dict[str, int]:
    """Bytes that a run before this one wrote of nodes which it did not finish."""
    found = {}
    for node in read_run(run).nodes:
        folder = Path(below(run, node.folder))
        if node.name not in finished and folder.is_dir():
            found[node.name] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return found
