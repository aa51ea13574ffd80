"""Targets with faults in them, to see that the fuzzer finds an error, a crash, a hang, a lost row and a long message."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from stages.core.errors import UserError
from tests.fuzz.target import Seed, Target

DATA = b'{"text": "a seed of some length", "number": 12}\n' * 4


def all_targets() -> dict[str, Target]:
    """One for each way to fail, which only mutated bytes do, and one that does not."""
    ways: dict[str, Callable[[], None]] = {
        "sound": _refuse,
        "error": _divide,
        "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "exit": lambda: os._exit(3),
        "hang": _hang,
        "lost": _lose,
        "long": _ramble,
    }
    return {name: Target(name, lambda: [Seed("a", DATA)], _only_mutated(way)) for name, way in ways.items()}


def _only_mutated(way: Callable[[], None]) -> Callable[[Path, Seed], None]:
    def run(folder: Path, seed: Seed) -> None:
        if (folder / seed.name).read_bytes() != seed.data:
            way()

    return run


def _refuse() -> None:
    raise UserError("a: not a file of this kind")


def _divide() -> None:
    raise ZeroDivisionError("a fault that was planted")


def _lose() -> None:
    assert [1] == [], "a row is lost"


def _hang() -> None:
    while True:
        pass


def _ramble() -> None:
    raise UserError("x" * 10_000)
