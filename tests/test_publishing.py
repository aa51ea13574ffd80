"""docs/publishing.md is true: its commands and its lines of Python run as written on the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.documents import SOURCES
from tests.demo import ROOT
from tests.page_files import blocks_of, run_here, shell_lines

PAGE = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")


def test_what_the_page_says_runs(
    demo_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands in this process, `load_dataset` in one of its own, since it keeps where its cache is."""
    (tmp_path / "runs").symlink_to(demo_runs)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    assert list(run_here(shell_lines(PAGE), inline=("remove",)))
    told = capsys.readouterr().out
    assert "nothing of the 2 lines of work/all.txt is in its documents and tokens" in told
    assert "dropped by rule removed_on_request" in told
    loaded = subprocess.run(
        [sys.executable, "-c", "".join(blocks_of(PAGE, "python"))],
        env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr[-3000:]
    url, *ids = loaded.stdout.splitlines()
    assert "wikipedia.org/wiki/" in url
    assert {name.split("/")[0] for name in ids} == set(SOURCES)
