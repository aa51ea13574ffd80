"""docs/publishing.md is true: its commands and its lines of Python run as written on the demo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.demo import ROOT

PAGE = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_what_the_page_says_runs(demo_runs: Path, tmp_path: Path) -> None:
    """Two processes: a shell for the commands, one for `load_dataset`."""
    (tmp_path / "runs").symlink_to(demo_runs)
    (tmp_path / "work").mkdir()
    here = 'case $1 in remove) set -- "$@" --workers 0;; esac'
    altiplano = f'altiplano() {{ {here}; "{sys.executable}" -m pipeline.cli "$@"; }}'
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    shell = ["bash", "-c", "\n".join(["set -e", altiplano, *blocks("sh")])]
    told = [
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        for command in (shell, [sys.executable, "-c", "\n".join(blocks("python"))])
    ]
    assert [done.returncode for done in told] == [0, 0], [done.stderr[-3000:] for done in told]
    assert "nothing of the 2 lines of work/all.txt is in its documents and tokens" in told[0].stdout
    assert "dropped by rule removed_on_request" in told[0].stdout
    assert told[1].stdout.splitlines()[1].startswith("arxiv/")
