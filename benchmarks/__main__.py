"""`python -m benchmarks [GROUP ...] [--data DIR] [--mb N]`: a Markdown table of stages beside peers."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from cyclopts import App

from benchmarks.groups import GROUPS, make_input
from benchmarks.measure import HEADER, REPEATS

PACKAGES = (
    "pyarrow",
    "numba",
    "fastwarc",
    "resiliparse",
    "trafilatura",
    "mwparserfromhell",
    "fasttext",
    "sentencepiece",
    "tiktoken",
    "tokenizers",
    "datasketch",
    "xxhash",
)

app = App(name="benchmarks", help="Stages beside peers, on the same input and one core, in one run.")


@app.default
def main(*groups: str, data: Path = Path("samples/dumps"), mb: float = 8.0) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    groups
        ingest, dedup, filter, tokens (default: all)
    data
        folder of raw dumps, a folder per source
    mb
        MB of text for the stages after ingest
    """
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        raise SystemExit(f"no group {unknown[0]!r}; known: {', '.join(GROUPS)}")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, one used; best of {REPEATS} after a first call."
    )
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".\n")
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER))
    with tempfile.TemporaryDirectory() as folder:
        given = make_input(data, Path(folder), mb)
        for name in groups or GROUPS:
            for row in GROUPS[name](given):
                print("| " + " | ".join(row.cells()) + " |", flush=True)


if __name__ == "__main__":
    app()
