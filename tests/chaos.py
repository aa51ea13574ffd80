"""`make chaos N=100`: runs whose driver, workers, raylet or GCS are killed at random moments, until each has ended.

Every run is compared, byte for byte, with one that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cyclopts import App

from pipeline.inspect.verify import verify
from stages.core.storage import TEMPORARY_MARK
from tests.demo import ROOT
from tests.small_run import bytes_of, make_small_run

app = App(name="chaos", help="Kill a run's processes at random moments and compare what it leaves.")

TARGETS = {"driver": "pipeline.cli", "worker": "ray::", "raylet": "raylet/raylet", "gcs": "gcs_server"}
"""What is killed, and what its command line holds."""

HANG_SECONDS = 300.0
IMPATIENT = {"RAY_gcs_rpc_server_reconnect_timeout_s": "3"}
"""A run whose GCS is gone waits a minute for another one by default; no one waits for it here."""


@dataclass
class Result:
    """Kills by target, files compared, and what was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    runs: int = 0
    files: int = 0
    faults: list[str] = field(default_factory=list)


def chaos(
    command: list[str], run: Path, expected: dict[str, bytes], kills: int, seconds: float, seed: int
) -> Result:
    """Start a run again and again, killing something of it after up to `seconds` each time, until `kills` are done.

    The targets come in turn. A run that ends is compared, deleted and begun anew.
    """
    drawn = random.Random(seed)
    result = Result()
    while sum(result.kills.values()) < kills:
        target = sorted(TARGETS)[sum(result.kills.values()) % len(TARGETS)]
        result.starts += 1
        code = _disturbed(command, target, drawn.uniform(0.3, seconds), result)
        if code is None:
            result.faults.append(
                f"start {result.starts}: still there {HANG_SECONDS:.0f} s after {target} was killed"
            )
        elif code == 0:
            _compare(run, expected, result)
    if run.exists():
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        _compare(run, expected, result)
    return result


def _disturbed(command: list[str], target: str, after: float, result: Result) -> int | None:
    """Start a command and kill something of it; its exit code, None where it hung."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | IMPATIENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + after
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        victims = _processes_of(process.pid, TARGETS[target]) if process.poll() is None else []
        if victims:
            os.kill(victims[sum(result.kills.values()) % len(victims)], signal.SIGKILL)
            result.kills[target] += 1
        others = _processes_of(process.pid, "")
        try:
            process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
        finally:
            _end_all(others)
    return process.returncode


def _compare(run: Path, expected: dict[str, bytes], result: Result) -> None:
    result.runs += 1
    found = bytes_of(run)
    result.files += len(expected)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            result.faults.append(f"run {result.runs}: {name} differs")
    result.faults += [f"run {result.runs}: {name} stayed" for name in found if TEMPORARY_MARK in name]
    result.faults += [f"run {result.runs}: {fault.line()}" for fault in verify(str(run)).faults]
    subprocess.run(["rm", "-rf", str(run)], check=True)


def _processes_of(parent: int, words: str) -> list[int]:
    """The processes below `parent`, itself included, whose command line holds `words`, in order of their numbers."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(entry.name)] = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except (FileNotFoundError, ProcessLookupError):
                continue
    below = {parent}
    while more := {pid for pid, above in parents.items() if above in below} - below:
        below |= more
    return sorted(
        pid for pid in below if words in lines.get(pid, "") and (words != "pipeline.cli" or pid == parent)
    )


def _end_all(pids: list[int]) -> None:
    """End what a killed driver left, and wait until it is gone."""
    for pid in pids:
        if Path(f"/proc/{pid}").exists():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@app.default
def main(kills: int = 10, *, seed: int = 1, small: bool = False) -> None:
    """Print what was killed, and what was different; exit code 1 when anything was.

    Parameters
    ----------
    kills
        how many processes are killed
    seed
        of the moments and targets
    small
        the small run of the tests in place of the demo
    """
    with tempfile.TemporaryDirectory() as folder:
        result = run_chaos(Path(folder), kills, seed, small)
    told = ", ".join(f"{number} {name}" for name, number in sorted(result.kills.items()))
    lines = [
        f"{sum(result.kills.values())} kills ({told}) in {result.starts} starts, {result.runs} runs ended;",
        f"{result.files} files compared, {len(result.faults)} faults",
        *result.faults,
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    raise SystemExit(1 if result.faults else 0)


def run_chaos(folder: Path, kills: int, seed: int, small: bool) -> Result:
    """The undisturbed run, then the disturbed ones."""
    recipe, again, expected = "configs/demo.yaml", folder / "again", folder / "run"
    if small:
        make_small_run(folder)
        recipe, expected = str(folder / "small.yaml"), folder / "first"
    options = ["--run", str(again), "--workers", "2", "--quiet"]
    command = [sys.executable, "-m", "pipeline.cli", "run", recipe, *options]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    seconds = time.monotonic() - began
    again.rename(expected)
    return chaos(command, again, bytes_of(expected), kills, seconds, seed)


if __name__ == "__main__":
    app()
