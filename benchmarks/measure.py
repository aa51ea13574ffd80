"""A function in, its best time and its peak memory out, measured in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

REPEATS = 3


@dataclass(frozen=True)
class Measured:
    """Best wall seconds of REPEATS calls after a first one that compiles and loads; peak memory of the process."""

    seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True)
class Row:
    """One line of the table: MB of input per second of ours and of a peer on the same input."""

    name: str
    megabytes: float
    ours: Measured
    peer: str = ""
    theirs: Measured | None = None

    def cells(self) -> list[str]:
        """The line as text."""
        speed = self.megabytes / self.ours.seconds
        cells = [
            self.name,
            f"{self.megabytes:.1f}",
            f"{speed:.1f}",
            f"{self.ours.peak_memory_bytes / 1e6:.0f}",
        ]
        if self.theirs is None:
            return [*cells, "", "", ""]
        other = self.megabytes / self.theirs.seconds
        return [*cells, self.peer, f"{other:.1f}", f"{speed / other:.1f}"]


HEADER = ["what", "input MB", "MB/s", "peak MB", "peer", "peer MB/s", "ratio"]


def measure(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Call `function(*arguments)` in a fresh process on one core."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_timed, (function, arguments))


def _timed(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Measured:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    function(*arguments)
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        function(*arguments)
        best = min(best, time.perf_counter() - started)
    return Measured(best, peak_memory_bytes())


def peak_memory_bytes() -> int:
    """The peak resident memory of this process alone: Linux's ru_maxrss begins at that of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def forget_peak_memory() -> None:
    """Let `peak_memory_bytes` begin anew at what is resident now, on Linux."""
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5")
