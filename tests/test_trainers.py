"""docs/trainers.md is true: each of its examples runs on the demo's tokens where its packages are installed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.demo import ROOT, TIMEOUT_SECONDS
from tests.page_files import files_of_page, lay_out

FILES = files_of_page(ROOT / "docs" / "trainers.md")
NEEDED = {
    "train_torch.py": ("torch",),
    "train_hf.py": ("torch", "transformers", "accelerate"),
    "train_litgpt.py": ("torch", "lightning", "litgpt"),
    "titan.py": ("torch", "torchdata", "torchtitan", "triton"),
    "train_nanotron.py": ("torch", "nanotron", "flash_attn"),
}
ONLY_IMPORTED = ("titan.py", "train_nanotron.py")
"""What runs on GPUs only."""


def test_every_example_is_known_and_is_python() -> None:
    assert FILES.keys() == NEEDED.keys()
    for content in FILES.values():
        ast.parse(content)


@pytest.mark.parametrize("name", NEEDED)
def test_the_pages_examples_run_as_written(name: str, tmp_path: Path, demo_runs: Path) -> None:
    if missing := [package for package in NEEDED[name] if find_spec(package) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    lay_out(FILES, tmp_path)
    shutil.copytree(demo_runs / "demo", tmp_path / "runs" / "demo")
    command = ["-c", f"import {name.removesuffix('.py')}"] if name in ONLY_IMPORTED else [name, "tiny"]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "TORCH_COMPILE_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
