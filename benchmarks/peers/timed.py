"""A function of an input and an empty folder in, a line of JSON out: best wall seconds and peak memory, on one core.

It runs in the environment of the peers, which has nothing of ours. A first call on the first documents loads and warms
up, as for our own stages; imports are not counted. Short work is repeated, as ours is.
"""

import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPEATS = 3
ENOUGH_SECONDS = 10.0
WARM_DOCUMENTS = 50


def report(work: Callable[[Path, Path], dict[str, object]], documents: Path) -> None:
    """Time `work(documents, folder)` and print what it and the clock say."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first.jsonl"
        with documents.open("rb") as lines:
            first.write_bytes(b"".join(itertools.islice(lines, WARM_DOCUMENTS)))
        work(first, _empty(folder, "warm"))
        seconds: list[float] = []
        facts: dict[str, object] = {}
        while len(seconds) < REPEATS and sum(seconds) < ENOUGH_SECONDS:
            out = _empty(folder, str(len(seconds)))
            started = time.perf_counter()
            facts = work(documents, out)
            seconds.append(time.perf_counter() - started)
    peak = max(_peak_of_self(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    said = {"seconds": min(seconds), "peak_memory_bytes": peak, "repeats": len(seconds), **facts}
    sys.stdout.write("\n" + json.dumps(said) + "\n")


def _peak_of_self() -> int:
    """VmHWM, as in `benchmarks.measure`: ru_maxrss would count who started this process."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _empty(folder: str, name: str) -> Path:
    path = Path(folder) / name
    path.mkdir()
    return path
