"""Kernels are compiled anew when a kernel that they call changed in another file, and without a cache where none can be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from stages.kernels import compiled

CALLEE = """
from stages.kernels.compiled import kernel

@kernel
def callee(x):
    return x + {added}
"""
CALLER = """
from stages.kernels.compiled import kernel
from stages.kernels.callee import callee

@kernel
def caller(x):
    return callee(x) * 10
"""
RUN = "from stages.kernels.caller import caller; print(caller(1), sum(caller.stats.cache_hits.values()))"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the decorator with two kernels beside it, one of which calls the other."""
    folder = tmp_path / "stages" / "kernels"
    folder.mkdir(parents=True)
    for path in (folder.parent, folder):
        (path / "__init__.py").write_text("")
    (folder / "compiled.py").write_bytes(Path(compiled.__file__).read_bytes())
    (folder / "callee.py").write_text(CALLEE.format(added=1))
    (folder / "caller.py").write_text(CALLER)
    return tmp_path


def run(package: Path, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.slow
def test_a_change_in_a_called_kernel_is_seen_and_nothing_else_compiles_again(package: Path) -> None:
    assert run(package) == ["20", "0"]
    assert run(package) == ["20", "1"]
    (package / "stages" / "kernels" / "callee.py").write_text(CALLEE.format(added=5))
    assert run(package) == ["60", "0"]
    assert run(package) == ["60", "1"]


@pytest.mark.slow
def test_another_folder_can_hold_the_cache(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(package, NUMBA_CACHE_DIR=str(cache)) == ["20", "0"]
    assert run(package, NUMBA_CACHE_DIR=str(cache)) == ["20", "1"]
    assert list(cache.rglob("*.nbi"))
    assert not list((package / "stages").rglob("*.nbi"))


def test_where_no_cache_can_be_written_kernels_are_compiled_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(self: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(compiled._InTree, "ensure_cache_path", no_room)
    monkeypatch.setattr(compiled._UserWide, "ensure_cache_path", no_room)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")

    @compiled.kernel
    def double(x: int) -> int:
        return 2 * x

    assert double(4) == 8
    assert type(double._cache).__name__ == "NullCache"
