"""Pages of docs/ are true: their commands run as written, and what each stage drops is what the demo's ledger has."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pytest
import yaml

from stages.filter.rules.language import LanguageRule
from tests.demo import ROOT
from tests.page_files import blocks_of, files_of_page, lay_out, run_here, shell_lines

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


def test_packed_tokens_are_read_as_the_page_of_the_formats_says(
    demo_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = (demo_runs / "demo").glob("*-pack-*/tokens")
    monkeypatch.chdir(folder)
    (block,) = blocks_of((DOCS / "formats.md").read_text(encoding="utf-8"), "python")
    names: dict[str, Any] = {}
    exec(compile(block, "formats.md", "exec"), names)
    assert len(names["ids"]) == pc.sum(names["index"]["length"]).as_py() > 0


def test_the_rules_on_the_page_of_the_languages_are_ones_of_a_recipe() -> None:
    (block,) = blocks_of((DOCS / "languages.md").read_text(encoding="utf-8"), "yaml")
    (rule,) = yaml.safe_load(block)
    assert LanguageRule.model_validate(rule["language"]).per_source["wikipedia"].min_score == 0.2


RUN = {
    "sh": {"extending", "faq", "looking", "operations", "own_data", "publishing", "quickstart"},
    "python": {"extending", "formats", "library", "publishing", "quickstart", "trainers"},
    "yaml": {"extending", "languages", "operations", "own_data"},
    "toml": {"extending"},
    "console": {"quickstart", "scale"},  # what is installed; `plan`, which is compared
}
"""The pages with blocks that a test runs, or for a cluster's (operations) reads as the commands would: `test_deploy.py`,
`plan/test_training.py`. What else needs a cluster or a browser, or was measured elsewhere, is `text` or indented."""


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_block_of_code_is_run(page: Path) -> None:
    kinds = set(re.findall(r"^```([a-z]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)) - {"text"}
    assert [kind for kind in kinds if page.stem not in RUN.get(kind, ())] == []
