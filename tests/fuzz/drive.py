"""Targets and a number of cases in, what came of them out: cases run in processes, so that a crash or hang is seen."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]
TABLE = "tests.fuzz.targets"
HANG_SECONDS = 10.0
"""CPU time that a case may take: a machine that is busy with other things makes no hang."""

STUCK_SECONDS = 90.0
"""Time on the clock after which a case that takes no CPU time is stuck."""

READY_SECONDS = 900.0
POLL_SECONDS = 0.5
SLICE = 50
TICKS = os.sysconf("SC_CLK_TCK")

Case = tuple[str, int, int]
"""Name of a target, seed, number."""


@dataclass(frozen=True)
class Failure:
    """A case that ended as no case may."""

    target: str
    seed: int
    case: int
    kind: str
    detail: str

    def line(self) -> str:
        """What it was, and how to run it alone."""
        alone = f"python -m tests.fuzz --target {self.target} --seed {self.seed} --case {self.case}"
        return f"{self.target} {self.seed} {self.case}: {self.kind}: {self.detail}\n  again: {alone}"


@dataclass
class Outcomes:
    """What came of all cases: counts by target and outcome, and failures."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many ran."""
        return sum(self.counts.values())


class Worker:
    """One process that runs cases; it is started anew when it died or was killed."""

    def __init__(self, table: str, hang_seconds: float) -> None:
        self._table, self._hang_seconds = table, hang_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: set[str] = set()

    def run(self, case: Case) -> dict[str, Any]:
        """The answer to a case; `crash` and `hang` are outcomes too."""
        name, seed, number = case
        if name not in self._ready:
            answer = self._ask((name, 0, -1), READY_SECONDS)
            if answer["outcome"] != "ready":
                return {
                    **answer,
                    "outcome": "error",
                    "detail": f"its seeds as they are: {answer.get('detail')}",
                }
            self._ready.add(name)
        return self._ask((name, seed, number), self._hang_seconds)

    def _ask(self, case: Case, cpu_seconds: float) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{case[0]} {case[1]} {case[2]}\n".encode())
        process.stdin.flush()
        begun, cpu = time.monotonic(), _cpu_seconds(process.pid)
        while not select.select([process.stdout], [], [], POLL_SECONDS)[0]:
            used = _cpu_seconds(process.pid) - cpu
            if used > cpu_seconds or time.monotonic() - begun > max(STUCK_SECONDS, cpu_seconds):
                self.stop()
                return {"outcome": "hang", "detail": f"killed after {used:.0f} s of CPU time"}
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            self.stop()
            name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return {"outcome": "crash", "detail": name}
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.fuzz.work", self._table]
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
        )
        self._ready = set()
        return self._process

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process, self._ready = None, set()


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def cases_of(names: Sequence[str], seed: int, count: int) -> Iterator[Case]:
    """`count` cases over all targets alike, some of a target at a time."""
    each, more = divmod(count, len(names))
    rest = {name: iter(range(each + (place < more))) for place, name in enumerate(names)}
    while rest:
        for name in list(rest):
            numbers = list(islice(rest[name], SLICE))
            if not numbers:
                del rest[name]
            yield from ((name, seed, number) for number in numbers)


def fuzz(
    cases: Iterable[Case],
    workers: int = 1,
    table: str = TABLE,
    hang_seconds: float = HANG_SECONDS,
    on_failure: Callable[[Failure], None] = lambda failure: None,
) -> Outcomes:
    """Run cases in `workers` processes."""
    listed = list(cases)
    parts = [listed[place::workers] for place in range(workers)]
    found = Outcomes()

    def work(part: Sequence[Case]) -> None:
        worker = Worker(table, hang_seconds)
        try:
            for name, seed, number in part:
                answer = worker.run((name, seed, number))
                outcome = answer["outcome"]
                found.counts[(name, outcome)] += 1
                if outcome in ("error", "crash", "hang"):
                    kind = answer.get("error", outcome)
                    failure = Failure(name, seed, number, kind, answer["detail"])
                    found.failures.append(failure)
                    on_failure(failure)
        finally:
            worker.stop()

    with ThreadPoolExecutor(workers) as threads:
        for done in threads.map(work, parts):
            assert done is None
    return found
