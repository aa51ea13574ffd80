"""The README is true: its commands run, in order, on a copy of nothing but configs and samples; every command is in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docstring_parser
import pytest
from cyclopts import App

from pipeline.cli.main import main, make_app
from tests.command_server import run_lines
from tests.page_files import blocks_of, shell_lines

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


FIRST_STEPS = "## First steps"
"""A newcomer's path, which `test_newcomer.py` runs."""

INLINE = (
    'case $1 in ingest|dedup|filter|tokenize|mix) set -- "$@" --workers 0;; '
    'quality) case $2 in references|train) set -- "$@" --workers 0;; esac;; esac'
)
"""Whole recipes run as written; of the single stages each would start a Ray of its own, for seconds of work."""

README_COLUMNS = 115
"""Longer lines of output end in dots there."""


def without_first_steps() -> str:
    """The README, but for the section that a test of its own runs."""
    before, _, behind = README.partition(FIRST_STEPS)
    return before + behind[behind.index("\n## ") :]


def command_names(group: App, prefix: str = "altiplano") -> Iterator[str]:
    """The full name of every command, groups walked through."""
    for name in group:
        if name.startswith("-"):
            continue
        below = group[name]
        full = f"{prefix} {name}"
        children = [child for child in below if not child.startswith("-")]
        if children:
            yield from command_names(below, full)
        else:
            yield full


def test_the_readmes_commands_run_as_written(tmp_path: Path, demo_runs: Path) -> None:
    """The run of the demo is there already: that command finds every stage finished, if the copy's content is the same."""
    for name in ("configs", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(demo_runs / "demo", tmp_path / "runs" / "demo")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_lines(shell_lines(without_first_steps()), tmp_path, environment, INLINE)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert "runs/demo: nothing to do, every stage is finished" in done.stdout
    assert "dropped by rule near_duplicate" in done.stdout
    assert (tmp_path / "work" / "model" / "run.json").is_file()
    assert "kept partner ours/long" in done.stdout
    blocks = blocks_of(README, "python")
    assert len(blocks) == 2
    for block in blocks:
        shown = subprocess.run(
            [sys.executable, "-c", block],
            cwd=tmp_path,
            env=environment | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr[-3000:]
        if said := re.findall(r"print\(.*\)  # (.*)", block):
            assert shown.stdout.splitlines() == said


def test_the_story_in_the_readme_is_the_demos(demo_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = next(line for line in shell_lines(README) if line.startswith("altiplano explain runs/demo "))
    main(["explain", str(demo_runs / "demo"), command.split()[3]])
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("      ")]
    (shown,) = re.findall(r"^```text\n(c4\.ingest_c4: .*?)^```", README, re.MULTILINE | re.DOTALL)
    assert [line.removesuffix("...") for line in shown.splitlines()] == [
        line if len(line) <= README_COLUMNS else line[: README_COLUMNS - 3] for line in told
    ]


def test_every_command_is_in_the_readme_and_has_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # every help reads the source of pydantic's BaseModel again, which takes longer than all else
    monkeypatch.setattr(docstring_parser, "parse_from_object", cache(docstring_parser.parse_from_object))
    names = list(command_names(make_app()))
    assert len(names) >= 20
    missing = [name for name in names if name not in README]
    assert missing == []
    for name in names:
        main([*name.split()[1:], "--help"])
        shown = capsys.readouterr().out
        assert f"Usage: {name}" in shown
        assert len(shown.splitlines()) > 5


def test_links_in_the_documents_lead_somewhere() -> None:
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "samples/README.md")]
    for page in [*own, *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
