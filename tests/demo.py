"""The demo recipe run as a user runs it, for every test that looks at what it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_SECONDS = 1800


def command(runs: Path, *options: str) -> list[str]:
    """The command line that runs the demo into `<runs>/demo`."""
    recipe = ["run", "configs/demo.yaml", "--set.runs", str(runs)]
    return [sys.executable, "-m", "pipeline.cli", *recipe, *options]


def run_demo(runs: Path, *options: str) -> str:
    """Run the demo to its end; what it printed."""
    done = subprocess.run(
        command(runs, *options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
