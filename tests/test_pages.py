"""Pages of docs/ are true: their commands run as written, and what each stage drops is what the demo's ledger has."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.demo import ROOT
from tests.page_files import files_of_page, lay_out, run_here, shell_lines

DOCS = ROOT / "docs"


def test_the_commands_of_your_own_data_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "own_data.md"
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    lay_out(files_of_page(page), tmp_path)
    lines = shell_lines(page.read_text(encoding="utf-8"))
    told = {line: capsys.readouterr().out for line in run_here(lines)}
    (dropped,) = (out for line, out in told.items() if "near_duplicate" in line)
    assert dropped.startswith("=== notes/long-again\n")
    (kept,) = (out for line, out in told.items() if "inspect kept" in line)
    assert "https://a.example/1" in kept and "A page of one line." in kept


def test_the_commands_of_the_questions_run_as_written(
    demo_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("configs", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(demo_runs / "demo", tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    lines = shell_lines((DOCS / "faq.md").read_text(encoding="utf-8"))
    assert len(lines) > 10
    told = {line: capsys.readouterr().out for line in run_here(lines)}
    assert "nothing to do" in told["altiplano run configs/demo.yaml --quiet"]
    (again,) = (out for line, out in told.items() if "--against" in line)
    assert "work/new-near: " in again and "3 dropped" in again


def test_what_the_demo_drops_stands_on_the_page_of_the_stages(demo_runs: Path) -> None:
    page = (DOCS / "stages.md").read_text(encoding="utf-8")
    ledgers = f"{demo_runs}/demo/*/ledger/*.parquet"
    rules = [rule for (rule,) in duckdb.sql(f"SELECT DISTINCT rule FROM '{ledgers}'").fetchall()]
    assert len(rules) > 30
    named = set(re.findall(r"`([\w.*]+)`", page))
    assert [rule for rule in rules if rule not in named and f"{rule.split('.')[0]}.*" not in named] == []


def test_every_block_of_commands_is_run_or_of_a_kind_that_cannot_be() -> None:
    """`sh` is run; `console` shows what needs a network, a cluster or apt; what is indented is a benchmark's command."""
    tested = {"faq", "looking", "own_data", "publishing", "quickstart", "extending"}
    with_commands = {page.stem for page in DOCS.glob("*.md") if "```sh\n" in page.read_text(encoding="utf-8")}
    assert with_commands <= tested
    kinds = {
        kind
        for page in DOCS.glob("*.md")
        for kind in re.findall(r"^```([^\n`]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    code = {kind for kind in kinds if not kind.startswith("{")}
    assert code <= {"sh", "console", "python", "yaml", "toml", "text"}
