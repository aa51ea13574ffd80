"""Lines `target seed case` on standard input in, a line of JSON for each on standard output out: one worker process."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import orjson

from tests.fuzz.target import Target, chosen, run_case

MAX_ADDRESS_BYTES = 12 << 30
"""A case that wants more memory than this ends with a MemoryError, and that is a failure."""

SHARED_MEMORY = Path("/dev/shm")


def main() -> None:
    """Work until there is no line."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is no answer
    targets = _targets(sys.argv[1])
    place = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=place) as top:
        for line in sys.stdin:
            name, seed, case = line.split()
            folder = Path(top) / "case"
            answers.write(orjson.dumps(_answer(targets[name], int(seed), int(case), folder)) + b"\n")
            shutil.rmtree(folder, ignore_errors=True)


def _targets(module: str) -> dict[str, Target]:
    """The table of targets in a module: the suite plants its own."""
    import importlib

    found: dict[str, Target] = importlib.import_module(module).all_targets()
    return found


def _answer(target: Target, seed: int, case: int, folder: Path) -> dict[str, Any]:
    """The outcome of one case; of case -1 that of the target's seeds as they are, for which compilers get their time."""
    try:
        if case < 0:
            for number, whole in enumerate(target.seeds()):
                run_case(target, whole, whole.data, folder / str(number))
            return {"outcome": "ready"}
        found, data = chosen(target, seed, case)
        return {"outcome": run_case(target, found, data, folder)}
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        return {"outcome": "error", "error": type(error).__name__, "detail": _told(error)}


def _told(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(last)
    )
    return f"{' '.join(str(error).split())[:300]} ({places})"


if __name__ == "__main__":
    main()
