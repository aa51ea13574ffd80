"""The benchmark of hostile records prints a line for each, with what became of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bombs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_bomb_is_a_line_with_its_row() -> None:
    command = [sys.executable, "-m", "benchmarks.bombs", "nested div that", "--kb", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()[2:]
    assert line.startswith("| page: nested div that is skipped | 100 | ")
    assert line.endswith("| `too_much_work`: elements inside each other 2,001 against 2,000 |")


def test_every_bomb_has_a_name_of_its_own_and_grows() -> None:
    found = bombs.bombs()
    assert len({name for name, *_ in found}) == len(found)
    assert all(len(make(20_000)) > len(make(5_000)) for _, _, _, make in found)
