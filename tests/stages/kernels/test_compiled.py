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


@pytest.mark.parametrize(
    ("place", "mode", "is_refused"),
    [("mine", 0o755, False), ("mine", 0o777, True), ("", 0o777, True), ("", 0o1777, False)],
    ids=["mine", "written by all", "below what all write", "below what all write and each keeps"],
)
def test_a_folder_that_others_may_write_holds_no_kernels(
    place: str, mode: int, is_refused: bool, tmp_path: Path
) -> None:
    (tmp_path / "above" / "mine").mkdir(parents=True)
    (tmp_path / "above" / place).chmod(mode)
    try:
        compiled.check_writers(tmp_path / "above" / "mine", Path(__file__))
    except PermissionError as error:
        assert is_refused and "others may write kernels there" in str(error)
    else:
        assert not is_refused


def test_a_folder_of_another_user_holds_no_kernels_but_the_source_s_owner_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    source = tmp_path / "kernel.py"
    source.write_text("")
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    compiled.check_writers(tmp_path, source)
    real = Path.stat
    moved = tmp_path / "cache"
    moved.mkdir()
    name = str(moved.resolve())

    def stat(self: Path, **given: bool) -> os.stat_result:
        found = real(self, **given)
        return os.stat_result([*found[:4], owner + 7, *found[5:]]) if str(self) == name else found

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(PermissionError, match="others may write"):
        compiled.check_writers(moved, source)


@pytest.mark.slow
def test_a_kernel_that_another_user_could_have_left_is_never_loaded(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(package, NUMBA_CACHE_DIR=str(cache)) == ["20", "0"]
    (kept,) = cache.iterdir()
    made = tmp_path / "made"
    evil = f"c__builtin__\nopen\n(S'{made}'\nS'w'\ntR.".encode()
    for index in kept.glob("*.nbi"):
        index.write_bytes(evil)
    kept.chmod(0o777)
    assert run(package, NUMBA_CACHE_DIR=str(cache)) == ["20", "0"]
    assert not made.exists()
    kept.chmod(0o755)
    subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=package,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        check=False,
    )
    assert made.exists(), "the index is no pickle that opens a file: the test proves nothing"


@pytest.mark.slow
def test_a_cache_of_a_class_that_is_gone_is_compiled_anew(package: Path) -> None:
    caller = package / "stages" / "kernels" / "caller.py"
    given = """
from typing import NamedTuple
from stages.kernels.compiled import kernel

class {name}(NamedTuple):
    x: int

@kernel
def of_pair(pair):
    return pair.x * 10

def caller(x):
    return of_pair({name}(x))

caller.stats = of_pair.stats
"""
    caller.write_text(given.format(name="Pair"))
    assert run(package) == ["10", "0"]
    assert run(package) == ["10", "1"]
    caller.write_text(given.format(name="Couple"))
    assert run(package) == ["10", "0"]
    assert run(package) == ["10", "1"]
