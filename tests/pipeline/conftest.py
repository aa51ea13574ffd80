"""Toy stages importable here and in worker processes, and one Ray for all tests here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.pools import Pool, RayPool
from tests.looked_runs import make_looked_runs

HERE = str(Path(__file__).parent)
ROOT = str(Path(__file__).resolve().parents[2])
for folder in (HERE, ROOT):
    if folder not in sys.path:
        sys.path.insert(0, folder)
os.environ["PYTHONPATH"] = os.pathsep.join([HERE, ROOT, os.environ.get("PYTHONPATH", "")])


class Borrowed:
    """A pool that a runner may not close, so that tests share one Ray."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.size = pool.size
        self.submit = pool.submit
        self.finished = pool.finished

    def close(self) -> None:
        """Left open."""


@pytest.fixture(scope="package")
def ray_pool() -> Iterator[Pool]:
    """Two workers of Ray."""
    pool = RayPool(2, None)
    yield Borrowed(pool)
    pool.close()


@pytest.fixture(scope="session")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of `make_looked_runs`, only looked at."""
    return make_looked_runs(tmp_path_factory.mktemp("looked"))
