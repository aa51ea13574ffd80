"""Stages with their core-seconds and tasks in, when each begins and ends on so many cores out, and how much disk is held.

As the runner does, stages whose inputs are finished run side by side, the first of the graph first; a stage uses no
more cores than it has tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NEGLIGIBLE = 1e-9
"""Seconds below which work counts as done: sums of floats end no cleaner."""


@dataclass(frozen=True)
class Work:
    """A stage to run: what it waits for, its core-seconds, and into how many tasks they are split."""

    name: str
    inputs: tuple[str, ...]
    core_seconds: float
    tasks: int


@dataclass(frozen=True)
class Span:
    """When a stage runs, in seconds from the run's start."""

    start: float
    end: float


@dataclass(frozen=True)
class Timetable:
    """Spans of all stages, and the chain of stages that the end waited for, from the first to the last."""

    spans: Mapping[str, Span]
    critical: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Wall time of the run."""
        return max((span.end for span in self.spans.values()), default=0.0)


def timetable_of(works: Sequence[Work], cores: int) -> Timetable:
    """Run the stages on so many cores, each of which works on one task at a time."""
    left = {work.name: work.core_seconds for work in works}
    starts: dict[str, float] = {}
    spans: dict[str, Span] = {}
    now = 0.0
    while len(spans) < len(works):
        shares = _shares(works, spans, cores)
        for name in shares:
            starts.setdefault(name, now)
        step = min((left[name] / share for name, share in shares.items() if share), default=0.0)
        now += step
        for name, share in shares.items():
            left[name] -= share * step
            if left[name] <= NEGLIGIBLE:
                spans[name] = Span(starts[name], now)
    return Timetable(spans, _critical(works, spans))


def _shares(works: Sequence[Work], done: Mapping[str, Span], cores: int) -> dict[str, int]:
    """Cores of every stage that is at work now; at least one has some."""
    free, shares = cores, {}
    for work in works:
        if work.name in done or any(one not in done for one in work.inputs):
            continue
        share = min(free, max(1, work.tasks))
        if share or work.core_seconds <= NEGLIGIBLE:
            shares[work.name] = share
            free -= share
    return shares


def _critical(works: Sequence[Work], spans: Mapping[str, Span]) -> tuple[str, ...]:
    inputs = {work.name: work.inputs for work in works}
    if not spans:
        return ()
    chain = [max(spans, key=lambda name: spans[name].end)]
    while waited := inputs[chain[-1]]:
        chain.append(max(waited, key=lambda name: spans[name].end))
    return tuple(reversed(chain))


def peak_bytes(
    works: Sequence[Work],
    spans: Mapping[str, Span],
    written: Mapping[str, int],
    kept: Sequence[str],
    merged: Mapping[str, int],
) -> int:
    """The most that lies on disk at once where a stage's output is deleted when its last reader ends.

    What is in `kept`, and what nothing reads, stays. A stage's output takes its whole place from its start on; what is
    `merged` of it is gone at the stage's own end.
    """
    readers: dict[str, list[str]] = {}
    for work in works:
        for one in work.inputs:
            readers.setdefault(one, []).append(work.name)
    changes: list[tuple[float, int, int]] = []
    for work in works:
        size, own = written.get(work.name, 0), merged.get(work.name, 0)
        changes.append((spans[work.name].start, 1, size))
        changes.append((spans[work.name].end, 0, -own))
        if work.name not in kept and work.name in readers:
            changes.append((max(spans[one].end for one in readers[work.name]), 0, own - size))
    held = most = 0
    for _, _, change in sorted(changes):
        held += change
        most = max(most, held)
    return most
