"""A small packed corpus with a mixture, as the pack and mix stages leave them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stages.core.manifest import Manifest
from stages.mix.mixture import Mix
from tests.packed import framed, write_packed

VOCAB_SIZE = 40


def _documents(source: int, count: int) -> list[list[int]]:
    """Documents with something to learn: each counts up by a step of its own from a start of its own."""
    rng = np.random.default_rng(source)
    rows = []
    for _ in range(count):
        start, length = rng.integers(3, VOCAB_SIZE), rng.integers(5, 40)
        ids = 3 + (start + (source + 1) * np.arange(length)) % (VOCAB_SIZE - 3)
        rows.append(ids.tolist())
    return rows


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Two sources, books in two shards."""
    plan = [("books", _documents(0, 60)), ("c4", _documents(1, 120)), ("books", _documents(2, 40))]
    shards = [framed(source, number, rows) for number, (source, rows) in enumerate(plan)]
    return write_packed(tmp_path_factory.mktemp("pack"), shards, vocab_size=VOCAB_SIZE)


@pytest.fixture
def mix(pack: Manifest, run_stage: Callable[..., Manifest]) -> Manifest:
    """Books twice, in sequences of 16."""
    return run_stage(Mix(epochs={"books": 2}, sequence_length=16), [pack])
