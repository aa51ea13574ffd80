"""A newcomer's path, by the README alone: demo, documents of one's own, what was dropped, a rule changed, tokens out."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.demo import ROOT
from tests.page_files import blocks_of, run_here, shell_lines
from tests.test_readme import FIRST_STEPS, README

SECTION = README.partition(FIRST_STEPS)[2].partition("\n## ")[0]
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")


def test_the_quickstart_says_the_same_lines() -> None:
    said = [
        [shlex.split(line, comments=True) for line in shell_lines(page)] for page in (SECTION, QUICKSTART)
    ]
    assert said[0] == said[1]


def test_a_newcomers_path_ends_at_a_trainers_files(
    tmp_path: Path, demo_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("configs", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(demo_runs / "demo", tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    assert list(run_here(shell_lines(SECTION)))
    told = iter(capsys.readouterr().out.splitlines())
    for expected in (
        "runs/demo: nothing to do, every stage is finished",
        "runs/first: 143 documents, 7 dropped (ledger), 20 tasks run",
        "=== ours/long-again",
        "runs/stricter: 124 documents, 26 dropped (ledger), 20 tasks run",
        "rules.1.min_words",
        "ours.filter: dropped by rule gopher_quality.words; value",
        "work/stricter-megatron: ",
    ):
        assert any(expected in line for line in told), f"{expected} is not there, or out of its order"
    written = {path.name for path in (tmp_path / "work" / "stricter-megatron").iterdir()}
    assert written == {"ours.bin", "ours.idx", "blend.txt", "mixture.json", "dataset.json"}

    (block,) = blocks_of(QUICKSTART, "python")
    exec(compile(block, "quickstart.md", "exec"), {})
    assert capsys.readouterr().out == "(4, 257)\n"
