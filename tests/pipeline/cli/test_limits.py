"""Runs on machines that give little: few open files, little shared memory."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.small_run import bytes_of, make_small_run

pytestmark = pytest.mark.slow
FEW_FILES = 24


def command(folder: Path, workers: int) -> list[str]:
    recipe = ["run", str(folder / "small.yaml"), "--run", str(folder / "small"), "--quiet"]
    return [sys.executable, "-m", "pipeline.cli", *recipe, "--workers", str(workers)]


def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, **options
    )  # type: ignore[call-overload,no-any-return]


def with_few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))


def test_with_few_open_files_a_run_goes_on_without_ray_and_says_so_with_it(tmp_path: Path) -> None:
    make_small_run(tmp_path)
    done = run(command(tmp_path, 2), preexec_fn=with_few_files)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"altiplano: a process may have {FEW_FILES} open files here, and Ray needs ")
    assert "or run with --workers 0" in line
    done = run(command(tmp_path, 0), preexec_fn=with_few_files)
    assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "small") == bytes_of(tmp_path / "run")


def test_a_run_with_workers_needs_no_more_than_16_mb_of_shared_memory(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    mount = "mount -t tmpfs -o size=16m none /dev/shm"
    if unshare is None or run([unshare, "-m", "sh", "-c", mount]).returncode != 0:
        pytest.skip("no mount namespace can be made here")
    make_small_run(tmp_path)
    script = 'shift; "$@"'
    done = run([unshare, "-m", "sh", "-c", f"{mount} && {script}", "sh", "", *command(tmp_path, 2)])
    assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "small") == bytes_of(tmp_path / "run")
