"""The same documents as `small_run`, taken to tokens and mixtures stage by stage, each command into a run of its own."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson

from pipeline.cli.main import main
from tests.small_run import NUM_DOCUMENTS, SEQUENCE_LENGTH, text

HERE = ("--workers", "0", "--quiet")


def make_staged_runs(folder: Path) -> Path:
    """Runs `c4`, `books`, `tokenizer`, `tokens`, `mixture` (streams) and `fitted` (best fit) below a folder."""
    rows = [{"text": text(i), "url": f"https://x.example/{i}", "timestamp": ""} for i in range(NUM_DOCUMENTS)]
    (folder / "c4.json.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    (folder / "tale.txt").write_text("\n\n".join(text(i) for i in range(100, 130)), encoding="utf-8")
    at = {name: str(folder / name) for name in ("c4", "books", "tokenizer", "tokens", "mixture", "fitted")}
    main(["ingest", "c4", str(folder / "c4.json.gz"), "--out", at["c4"], *HERE])
    main(["ingest", "books", str(folder / "tale.txt"), "--out", at["books"], *HERE])
    main(
        ["tokenizer", "train", at["c4"], at["books"], "--vocab-size", "320", "--out", at["tokenizer"], *HERE]
    )
    (model,) = (folder / "tokenizer").glob("*/model/tokenizer.model")
    split = ["--split-languages", "books"]
    main(["tokenize", at["c4"], at["books"], "--model", str(model), *split, "--out", at["tokens"], *HERE])
    for name, packing in (("mixture", "stream"), ("fitted", "best_fit")):
        options = ["--epochs.books", "2", "--packing", packing, "--sequence-length", str(SEQUENCE_LENGTH)]
        main(["mix", at["tokens"], *options, "--out", at[name], *HERE])
    return folder


def train_staged(folder: Path, mixture: str, out: str) -> Path:
    """A model of one step, trained on a mixture of `make_staged_runs`; its run."""
    options = ["--model", "tiny", "--steps", "2", "--warmup-steps", "1", "--batch-sequences", "2"]
    runs = [str(folder / "tokens"), "--mixture", str(folder / mixture), "--out", str(folder / out)]
    main(["train", *runs, *options, *HERE])
    return folder / out
