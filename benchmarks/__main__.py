"""`python -m benchmarks [GROUP ...] [--data DIR] [--mb N]`: a Markdown table of stages beside peers."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from cyclopts import App

from benchmarks.groups import GROUPS, make_input, missing_lmplz
from benchmarks.measure import HEADER, REPEATS
from benchmarks.peer import Peers

PACKAGES = (
    "pyarrow",
    "numba",
    "fastwarc",
    "resiliparse",
    "trafilatura",
    "mwparserfromhell",
    "fasttext-community",
    "sentencepiece",
    "kenlm",
    "tiktoken",
    "tokenizers",
    "datasketch",
    "xxhash",
)

app = App(name="benchmarks", help="Stages beside peers, on the same input and one core, in one run.")


@app.default
def main(
    *groups: str, data: Path = Path("samples/dumps"), mb: float = 8.0, peers: Path = Path(".peers")
) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    groups
        ingest, dedup, filter, tokens (default: all)
    data
        folder of raw dumps, a folder per source
    mb
        MB of text for the stages after ingest
    peers
        environment of the peers that `make peers` installs
    """
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        raise SystemExit(f"no group {unknown[0]!r}; known: {', '.join(GROUPS)}")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, one used; best of {REPEATS} after a first call."
    )
    others = Peers(peers)
    versions = {name: version(name) for name in PACKAGES} | others.versions()
    print(", ".join(f"{name} {number}" for name, number in versions.items()) + ".")
    for line in [*others.missing(), *missing_lmplz()]:
        print(line)
    with tempfile.TemporaryDirectory() as folder:
        given = make_input(data, Path(folder), mb, others)
        print(
            f"{given.documents.documents_out:,} documents; a word model made {given.generated:.0%} of their text.\n"
        )
        print("| " + " | ".join(HEADER) + " |")
        print("|" + "---|" * len(HEADER))
        for name in groups or GROUPS:
            for row in GROUPS[name](given):
                print("| " + " | ".join(row.cells()) + " |", flush=True)


if __name__ == "__main__":
    app()
