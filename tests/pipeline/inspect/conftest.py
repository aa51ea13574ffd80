"""A small run, made once for all tests that look into a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.small_run import make_small_run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run; only looked at."""
    return make_small_run(tmp_path_factory.mktemp("inspected"))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "run"))
