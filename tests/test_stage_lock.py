"""No stage gives other bytes under an old version: the lock holds code and output of every stage on the samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.code_digest import closure, code_digest, imports_library
from tests.demo import ROOT
from tests.stage_lock import NOT_RUN, Lock, Locked, faults, measure, read_lock, run_probe, stages

WITHOUT_TEXT = {
    *("books_match", "books_select", "books_decide"),
    *("lines_match",),
    *("near_match", "near_merge", "near_cluster", "near_label", "near_decide"),
    *("overlaps_total",),
    *("choose_threshold", "select_pages"),
    *("sentences_match", "sentences_span", "sentences_name"),
    *("substrings_anchors", "substrings_match", "substrings_span", "substrings_name"),
}
"""Stages of files that import Unicode's tables which read no text themselves: their inputs' fingerprints know the version."""


@pytest.fixture(scope="module")
def measured(demo_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Lock:
    probe = tmp_path_factory.mktemp("probe")
    run_probe(probe)
    return measure(demo_runs / "demo", probe)


def test_the_lock_is_up_to_date(measured: Lock) -> None:
    old = read_lock()
    assert faults(old, measured) == []
    stale = [name for name in {*old, *measured} if old.get(name) != measured.get(name)]
    assert not stale, f"run `make lock`: {sorted(stale)} changed since it was run"


def test_the_samples_reach_every_stage_or_it_is_said_why_not(measured: Lock) -> None:
    assert {name for name, locked in measured.items() if locked.output is None} == set(NOT_RUN)


def test_an_output_that_moves_needs_a_new_version() -> None:
    old = {"a": Locked(version=1, code="x", output="1"), "b": Locked(version=1, code="x", output="1")}
    moved = Locked(version=1, code="y", output="2")
    assert faults(old, {"a": moved, "b": old["b"].model_copy(update={"code": "y"})}) == [
        "a: gives another output than before, and its version is still 1; raise `version` of the stage"
    ]
    assert faults(old, {"a": moved.model_copy(update={"version": 2}), "c": moved}) == []
    assert faults(old, {"a": moved.model_copy(update={"inputs": "other"})}) == [], "its inputs moved"


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (("b.py", "x = 1  # why\n"), False),
        (("b.py", '"""Another text."""\n\nx = 1\n'), False),
        (("b.py", "x = 2\n"), True),
        (("rules/one.py", "y = 3\n"), True),
        (("rules/two.py", "z = 3\n"), True),
        (("other.py", "x = 2\n"), False),
    ],
)
def test_a_digest_of_code_follows_imports_and_rooms_but_no_comments(
    tmp_path: Path, change: tuple[str, str], moves: bool
) -> None:
    def digest(name: str, *changes: tuple[str, str]) -> str:
        files = {
            "__init__.py": "",
            "a.py": 'ROOM = "stages.rules"\n\ndef f():\n    from stages import b\n    return b.x\n',
            "b.py": "x = 1\n",
            "other.py": "x = 1\n",
            "rules/__init__.py": "",
            "rules/one.py": "y = 1\n",
        }
        root = tmp_path / name
        for path, text in {**files, **dict(changes)}.items():
            target = root / "stages" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return code_digest(root, "stages.a")

    assert (digest("new", change) != digest("old")) is moves


def test_a_stage_whose_kernels_have_unicodes_tables_follows_its_version() -> None:
    for name, stage in stages().items():
        reached = closure(ROOT, stage.__module__) - {"stages.core.stage", "stages.kernels.compiled"}
        tables = [module for module in sorted(reached) if imports_library(ROOT, module, "unicodedata")]
        expected = bool(tables) and name not in WITHOUT_TEXT
        assert stage.follows_unicode is expected, f"{name}: set follows_unicode; it imports {tables}"
