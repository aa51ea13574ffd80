"""A run of one source and no training, for tests that look into a run: a second, where the demo takes half a minute."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import orjson
import yaml

from pipeline.cli.main import main

WORDS = (
    "the museum opens every morning and its guide explains how an old clock in the tower still works".split()
)
NUM_DOCUMENTS, SEQUENCE_LENGTH, BATCH = 40, 64, 4


def text(number: int) -> str:
    shuffled = random.Random(number).choices(WORDS, k=60)
    return f"Document {number}. " + " ".join(shuffled) + "."


def make_small_run(folder: Path) -> Path:
    """Make `small.yaml`, its raw file and its finished run in a folder; the run's folder."""
    rows = [{"text": text(i), "url": f"https://x.example/{i}", "timestamp": ""} for i in range(NUM_DOCUMENTS)]
    (folder / "c4.json.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    recipe = {
        "name": "small",
        "run": str(folder / "run"),
        "sources": {"c4": {"input": str(folder / "c4.json.gz")}},
        "tokenizer": {"vocab_size": 320},
        "mixture": {"sequence_length": SEQUENCE_LENGTH},
    }
    (folder / "small.yaml").write_text(yaml.safe_dump(recipe))
    main(["run", str(folder / "small.yaml"), "--workers", "0", "--quiet"])
    return folder / "run"


def bytes_of(run: Path) -> dict[str, bytes]:
    """All that a run wrote but reports, which hold times."""
    files = (path for path in run.rglob("*") if path.is_file() and path.parent.name != "reports")
    return {str(path.relative_to(run)): path.read_bytes() for path in files}
