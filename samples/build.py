"""Our prose (samples/source) in, raw dumps in all formats (samples/dumps) out, with their planted faults.

The same bytes come out on every machine: no clock, no zlib (its output differs between versions), no unseeded choice.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from builder import arxiv, books, c4, common_crawl, github, notes, stackexchange, wikipedia
from builder.dumps import SOURCE, Dumps, Prose

BUILDERS = (common_crawl, c4, github, wikipedia, books, arxiv, stackexchange, notes)
DEFAULT_OUT = Path(__file__).resolve().parent / "dumps"


def build() -> Dumps:
    """All raw files and faults, in memory; an error when a file of prose ends up in none of them."""
    prose, dumps = Prose(SOURCE), Dumps()
    for builder in BUILDERS:
        builder.build(prose, dumps)
    if unused := prose.unused():
        raise SystemExit(f"prose that no dump holds: {', '.join(unused)}")
    return dumps


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the dumps; whatever else lies in the folder goes."""
    parser = argparse.ArgumentParser(description="Build the sample dumps from samples/source.")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (replaced)")
    out: Path = parser.parse_args(arguments).out
    if out.exists() and any(out.iterdir()) and not (out / "faults.tsv").is_file():
        raise SystemExit(f"{out} is not empty and holds no faults.tsv: not a folder of dumps, left as it is")
    dumps = build()
    if out.exists():
        shutil.rmtree(out)
    dumps.write(out)
    num_bytes = sum(map(len, dumps.files.values()))
    print(
        f"{len(dumps.files)} raw files, {num_bytes:,} bytes, {len(dumps.faults)} expected ledger rows in {out}"
    )


if __name__ == "__main__":
    main()
