"""`python -m benchmarks.startup`: command lines in, the CPU seconds that the command takes until it has answered out."""

from __future__ import annotations

import os
import subprocess
import sys

REPEATS = 5
LINES = (
    "--help",
    "--version",
    "rnu",
    "run --help",
    "filter --help",
    "mix x --oot o",
    "plan configs/demo.yaml",
)
SCRIPT = "import sys; from altiplano import main; sys.argv[0] = 'altiplano'; main()"
"""What the installed script does."""


def seconds(line: str) -> float:
    """User and system time of the command and of what it starts; the best of several."""
    found = []
    for _ in range(REPEATS):
        before = os.times()
        subprocess.run([sys.executable, "-c", SCRIPT, *line.split()], capture_output=True, check=False)
        after = os.times()
        found.append(sum(after[2:4]) - sum(before[2:4]))
    return min(found)


def main() -> None:
    """A line of a table for each."""
    print("| command | CPU seconds |\n|---|---|")
    for line in LINES:
        print(f"| `altiplano {line}` | {seconds(line):.2f} |")


if __name__ == "__main__":
    main()
