"""A small packed corpus with a mixture, as the pack and mix stages leave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.manifest import Manifest, write_record
from stages.mix.mixture import Mix

VOCAB_SIZE = 40
BOS, EOS = 1, 2


def _documents(source: int, count: int) -> list[list[int]]:
    """Documents with something to learn: each counts up by a step of its own from a start of its own."""
    rng = np.random.default_rng(source)
    rows = []
    for _ in range(count):
        start, length = rng.integers(3, VOCAB_SIZE), rng.integers(5, 40)
        ids = 3 + (start + (source + 1) * np.arange(length)) % (VOCAB_SIZE - 3)
        rows.append([BOS, *ids.tolist(), EOS])
    return rows


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Two sources, books in two shards."""
    folder = tmp_path_factory.mktemp("pack")
    facts = []
    for number, (source, rows) in enumerate(
        [("books", _documents(0, 60)), ("c4", _documents(1, 120)), ("books", _documents(2, 40))]
    ):
        flat = np.array([i for ids in rows for i in ids], dtype="<u2")
        flat.tofile(folder / f"tokens-{number:05d}.bin")
        lengths = np.array([len(ids) for ids in rows], np.int64)
        index = {
            "id": [f"{source}/{number}/{i}" for i in range(len(rows))],
            "offset": np.cumsum(lengths) - lengths,
            "length": lengths,
        }
        pq.write_table(pa.table(index), folder / f"tokens-{number:05d}.index.parquet")
        facts.append(
            {
                "source": source,
                "shard": f"tokens-{number:05d}.bin",
                "documents": len(rows),
                "tokens": len(flat),
                "dtype": "uint16",
                "tokenizer_sha256": "ab" * 32,
                "vocab_size": VOCAB_SIZE,
            }
        )
    counts = dict.fromkeys(("documents_in", "created", "documents_out", "merged", "bytes_in", "bytes_out"), 0)
    empty: dict[str, Any] = {
        "config": {},
        "inputs": (),
        "files": (),
        "dropped": {},
        "edited": {},
        "sources": {},
    }
    manifest = Manifest(
        node="pack",
        stage="pack",
        version=1,
        fingerprint="f",
        facts=tuple(facts),
        folder=str(folder),
        **empty,
        **counts,
    )
    write_record(str(folder / "manifest.json"), manifest)
    return manifest


@pytest.fixture
def mix(pack: Manifest, run_stage: Callable[..., Manifest]) -> Manifest:
    """Books twice, in sequences of 16."""
    return run_stage(Mix(epochs={"books": 2}, sequence_length=16), [pack])
