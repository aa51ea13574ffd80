"""`python -m benchmarks.trainer [--device cuda|cpu]`: the trainer's GPU check, one table of correctness and speed.

On a GPU 350M, 1.3B and 7B, beside transformers' Llama and the fastest product of matrices that is measured there; on a CPU
the same parts at size `tiny`, whose speeds say nothing of a GPU. Each part is a process of its own with a time limit: one
that runs out of memory, or of time, is a line that says so.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from cyclopts import App

from benchmarks.apart import NoResult, apart
from benchmarks.trainer_lines import HEADER, Line, Setting, Speed
from stages.core.threads import let_threads_sleep

SECONDS = 460.0
FEWEST_SECONDS = 20.0
"""With less time left no part is begun."""

PART_SECONDS = 110.0
TINY = Setting("tiny", 2, context=64, micro_batches=2, vocab_size=256)
OURS = {
    "cuda": (
        (Setting("350M", 16),),
        (Setting("1.3B", 8),),
        (Setting("7B", 2, "fsdp", "selective"), Setting("7B", 1, "fsdp", "full")),
    ),
    "cpu": ((TINY,),),
}
"""Settings of each preset; those that follow are tried where the one before does not fit."""

THEIRS = {
    "cuda": (Setting("1.3B", 8), Setting("350M", 16), Setting("7B", 1, "ddp", "full")),
    "cpu": (TINY,),
}
CHECKED = {"cuda": Setting("125M", 4, context=1024, micro_batches=2), "cpu": TINY}

NO_TIME = "no time was left"

Run = Callable[[Callable[..., Any], tuple[Any, ...], float], Any]
"""`apart`, or what stands for it: a function, its arguments and a limit of seconds in, its result or a NoResult out."""

app = App(name="trainer", help="The trainer on one device: correctness and speed beside transformers.")


@app.default
def main(*, device: str = "auto", seconds: float = SECONDS, as_json: bool = False) -> None:
    """Check, measure and print a Markdown table; the exit status is 1 when a check does not hold.

    Parameters
    ----------
    device
        auto, cuda or cpu
    seconds
        time for all; what has none left is a line that says so
    as_json
        print JSON in place of the table, at the end
    """
    if device not in ("auto", "cuda", "cpu"):
        raise SystemExit(f"device {device}: auto, cuda or cpu")
    machine = apart(describe, (device,), PART_SECONDS)
    if isinstance(machine, NoResult):
        raise SystemExit(f"device {device}: {machine.reason}")
    if not as_json:
        print("\n".join([*machine.told(), ""]))
        print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    lines = []
    for line in Check(machine, time.monotonic() + seconds, apart).lines():
        lines.append(line)
        if not as_json:
            print("| " + " | ".join(line.cells()) + " |", flush=True)
    if as_json:
        print(json.dumps({"machine": asdict(machine), "lines": [asdict(line) for line in lines]}, indent=2))
    if any(line.check and line.passed is False for line in lines):
        raise SystemExit(1)


@dataclass(frozen=True)
class Machine:
    """Where it runs: cuda or cpu, the device's name and memory, and versions; no transformers is None."""

    device: str
    name: str
    memory_bytes: int
    torch: str
    transformers: str | None

    def told(self) -> list[str]:
        """As lines above the table."""
        versions = f"torch {self.torch}, transformers {self.transformers or 'not installed'}"
        first = f"{self.name}, {self.memory_bytes / 1e9:.0f} GB; {versions}."
        if self.device == "cuda":
            return [first]
        return [
            first,
            "No GPU: the same parts at size `tiny`. Nothing about speed or memory on a card follows.",
        ]


def describe(device: str) -> Machine:
    """The device to use, in a process of its own: torch does not go into the one that starts the others."""
    from importlib.metadata import version
    from importlib.util import find_spec

    import torch

    found = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if found == "cuda":
        properties = torch.cuda.get_device_properties(0)
        name, memory = properties.name, properties.total_memory
    else:
        name, memory = (
            f"CPU, {os.cpu_count()} cores",
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        )
    theirs = version("transformers") if find_spec("transformers") else None
    return Machine(found, name, memory, version("torch"), theirs)


@dataclass
class Check:
    """The parts on a machine, one after another, until `ends` (as time.monotonic counts)."""

    machine: Machine
    ends: float
    run: Run

    def lines(self) -> Iterator[Line]:
        """The table: checks first, then speeds, the peer's last."""
        yield from self._checks()
        found = self._part("matmul_flops", self.machine.device)
        ceiling = None if isinstance(found, NoResult) else found
        told = found.reason if isinstance(found, NoResult) else f"{found / 1e12:,.3g} TFLOP/s"
        yield Line("ceiling: product of matrices", told, None if ceiling is None else True)
        fastest: dict[str, float] = {}
        for settings in OURS[self.machine.device]:
            for setting in settings:
                line = self._ours(setting, ceiling)
                yield line
                if line.speed is not None:
                    fastest[setting.model] = line.speed.tokens_per_second
                    yield self._masked(setting, ceiling, line.speed)
                    break
        for setting in THEIRS[self.machine.device]:
            yield self._theirs(setting, ceiling, fastest.get(setting.model))

    def _checks(self) -> Iterator[Line]:
        device, setting = self.machine.device, CHECKED[self.machine.device]
        yield self._checked("block masks against dense ones", "check_masks", device)
        found = self._part("check_resume", device, setting, False)
        yield _failed("resume", found, check=True) if isinstance(found, NoResult) else found[0]
        fixed = self._part("check_resume", device, setting, True)
        if isinstance(fixed, NoResult):
            yield _failed("resume, deterministic", fixed, check=True)
        else:
            cost = "" if isinstance(found, NoResult) else f"; {_slower(fixed[1], found[1])} than without"
            yield replace(fixed[0], outcome=fixed[0].outcome + cost)
        if self.machine.transformers is None:
            yield Line("export, in transformers", "transformers is not installed", None, check=True)
        else:
            yield self._checked("export, in transformers", "check_export", device, setting)

    def _checked(self, what: str, name: str, *arguments: Any) -> Line:
        found = self._part(name, *arguments)
        return _failed(what, found, check=True) if isinstance(found, NoResult) else found

    def _ours(self, setting: Setting, ceiling: float | None) -> Line:
        found = self._part("our_speed", self.machine.device, setting, False)
        planned = setting.planned_bytes(self.machine.device)
        return _measured("ours", setting, found, ceiling, planned)

    def _masked(self, setting: Setting, ceiling: float | None, causal: Speed) -> Line:
        found = self._part("our_speed", self.machine.device, setting, True)
        line = _measured("ours, document masks", setting, found, ceiling)
        if line.speed is None:
            return line
        slower = _slower(line.speed.tokens_per_second, causal.tokens_per_second)
        return replace(line, outcome=f"{slower} than causal")

    def _theirs(self, setting: Setting, ceiling: float | None, ours: float | None) -> Line:
        if self.machine.transformers is None:
            return Line("transformers", "it is not installed", None, setting)
        line = _measured(
            "transformers", setting, self._part("their_speed", self.machine.device, setting), ceiling
        )
        if line.speed is None or ours is None:
            return line
        return replace(line, outcome=f"ours has {ours / line.speed.tokens_per_second:.2f} times its tokens/s")

    def _part(self, name: str, *arguments: Any) -> Any:
        left = self.ends - time.monotonic()
        if left < FEWEST_SECONDS:
            return NoResult(NO_TIME)
        return self.run(part, (name, *arguments), min(left, PART_SECONDS))


def _failed(what: str, found: NoResult, check: bool = False) -> Line:
    return Line(what, found.reason, None if found.reason == NO_TIME else False, check=check)


def _measured(
    name: str, setting: Setting, found: Speed | NoResult, ceiling: float | None, planned: int | None = None
) -> Line:
    if isinstance(found, NoResult):
        return replace(_failed(name, _in_words(found)), setting=setting, planned_bytes=planned)
    share = None if ceiling is None else setting.flops(found.tokens_per_second) / ceiling
    return Line(name, "", True, setting, found, share, planned)


def _in_words(found: NoResult) -> NoResult:
    """A lack of memory, of the device or of the host, as what it is for whoever reads the table."""
    lacks = ("OutOfMemoryError", "DefaultCPUAllocator", "ended by SIGKILL")
    if any(sign in found.reason for sign in lacks):
        return NoResult(f"does not fit: {found.reason}")
    return found


def _slower(speed: float, than: float) -> str:
    """As `3.1% slower`."""
    share = 1 - speed / than
    return f"{abs(share):.1%} {'slower' if share >= 0 else 'faster'}"


def part(name: str, *arguments: Any) -> Any:
    """A function of trainer_checks or trainer_speed; torch is loaded in its process alone, and nothing is compiled before."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        let_threads_sleep()
        from benchmarks import trainer_checks, trainer_speed

        home = trainer_checks if hasattr(trainer_checks, name) else trainer_speed
        return getattr(home, name)(*arguments)


if __name__ == "__main__":
    app()
