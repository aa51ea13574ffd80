"""The benchmark runs and prints a table with every line of its group."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Measured, Row

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_group_prints_its_lines_and_names_the_peers_that_are_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "dedup", "--mb", "0.2", "--peers", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    rows = [
        "near dedup: sign",
        "near dedup",
        "exact dedup",
        "substring dedup",
        "sentence dedup",
        "line dedup: find",
        "line dedup",
    ]
    assert lines == ["what", "---", *rows]
    missing = [line for line in done.stdout.splitlines() if "is not installed" in line]
    left_out = "is not installed, so the rows beside it are left out; `make peers` installs it."
    assert missing == [f"{tool} {left_out}" for tool in ("datatrove", "data-juicer", "dolma")]


def test_a_row_is_megabytes_per_second_and_their_ratio() -> None:
    row = Row("x", 10.0, Measured(2.0, 5_000_000), "peer", Measured(4.0, 1))
    assert row.cells() == ["x", "10.0", "5.0", "5", "peer", "2.5", "2.0"]
    assert Row("x", 10.0, Measured(2.0, 5_000_000)).cells()[-3:] == ["", "", ""]
