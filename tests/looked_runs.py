"""Small runs of single commands with a near duplicate, lost lines and a filter, for tests that look at texts."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import orjson

from pipeline.cli.main import main

HERE = ("--workers", "0", "--quiet")
SCRIPT = "<script>alert('x')</script>"
NUM_PAGES = 12
BEGINNINGS = "bar cor dun fel gar hol kin lam mor nor pel quin ros sil tor vel wen yar zin ald".split()
ENDS = "ley ford ham wick by mouth ton stead worth combe dale field gate holm hurst".split()
SHARED_LINE = "Share this page with all your friends now"


def page(number: int) -> str:
    drawn = random.Random(number)
    words = [f"{drawn.choice(BEGINNINGS)}{drawn.choice(ENDS)}" for _ in range(20 + 4 * number)]
    return "\n".join([f"{SCRIPT} Town {number}", SHARED_LINE, f"The crane and the {' of the '.join(words)}."])


def make_looked_runs(folder: Path) -> Path:
    """Folders `raw`, `near`, `lines`, `run` (a filter, which drops some) and `values` (the same, annotated)."""
    texts = [page(number) for number in range(NUM_PAGES)]
    texts += [texts[3].replace("crane", "jib"), "", "Le port de la ville a cent bateaux."]
    rows = [
        {"text": text, "url": f"https://x.example/{number}?{SCRIPT}", "timestamp": ""}
        for number, text in enumerate(texts)
    ]
    (folder / "c4.json.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    at = {name: str(folder / name) for name in ("raw", "near", "lines", "run", "values")}
    main(["ingest", "c4", str(folder / "c4.json.gz"), "--out", at["raw"], *HERE])
    main(["dedup", "near", at["raw"], "--out", at["near"], *HERE])
    main(["dedup", "lines", at["near"], "--out", at["lines"], *HERE])
    rule = ["filter", "gopher_quality", at["lines"], "--min-words", "100"]
    main([*rule, "--out", at["run"], *HERE])
    main([*rule, "--annotate-only", "--out", at["values"], *HERE])
    return folder
