"""Another distribution that owns one of our packages' names is told in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import ROOT


def run(path: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from altiplano import main; sys.argv = ['altiplano', *sys.argv[1:]]; main()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=path[0],
    )


def test_our_own_packages_run(tmp_path: Path) -> None:
    done = run([tmp_path, ROOT], "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Raw public dumps" in done.stdout


@pytest.mark.parametrize("name", ["stages", "pipeline"])
def test_a_package_of_another_distribution_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    metadata = tmp_path / "other-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (metadata / "RECORD").write_text(f"{name}/__init__.py,,\n")
    done = run([tmp_path, ROOT], "--help")
    assert done.returncode == 2
    assert done.stderr == (
        f"altiplano: the package {name!r} that Python finds is another distribution's (other); "
        "install Altiplano into an environment of its own\n"
    )
