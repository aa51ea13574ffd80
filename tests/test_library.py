"""The library: what docs/library.md says runs, importing it is cheap, and what checkers are told of it is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import altiplano
from pipeline.inspect.batch import batch_rows
from pipeline.library import OTHER_CLASSES
from tests.demo import ROOT
from tests.page_files import blocks_of
from tests.small_run import BATCH, NUM_DOCUMENTS, SEQUENCE_LENGTH, make_small_run

PAGE = ROOT / "docs" / "library.md"


def python(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_page_says_runs(tmp_path: Path, demo_runs: Path) -> None:
    """The demo's run is there already, and is found finished."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    shutil.copytree(demo_runs / "demo", tmp_path / "runs" / "demo")
    blocks = blocks_of(PAGE.read_text(encoding="utf-8"), "python")
    script = "\n".join(
        [*blocks, "assert finished.tasks_run == 0", "import sys", "assert 'ray' not in sys.modules"]
    )
    done = python(tmp_path, script)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "gopher_quality.words" in done.stdout


def test_importing_it_imports_nothing_else(tmp_path: Path) -> None:
    script = """
import sys
before = set(sys.modules)
import altiplano
dir(altiplano)
print({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))
"""
    assert python(tmp_path, script).stdout == "{'altiplano'}\n"


def test_a_run_its_documents_its_ledger_and_its_tokens(tmp_path: Path) -> None:
    make_small_run(tmp_path)
    recipe = tmp_path / "small.yaml"
    again = altiplano.run(recipe, workers=0)
    assert (again.folder, again.tasks_run, again.warnings) == (str(tmp_path / "run"), 0, ())
    documents = pa.Table.from_batches(again.documents(["id"]))
    assert documents.column("id").to_pylist() == [f"c4/c4.json.gz/{i}" for i in range(NUM_DOCUMENTS)]
    assert list(again.ledger()) == []

    packed = again.tokens
    ids = dict(packed.documents())
    assert (packed.sources, set(ids)) == (("c4",), set(documents.column("id").to_pylist()))
    assert ids.keys() == dict(packed.documents("c4")).keys()
    assert all((one[0], one[-1]) == (1, 2) for one in ids.values())
    (batch,) = packed.batches(BATCH, seed=1, stop=1)
    assert batch.shape == (BATCH, SEQUENCE_LENGTH + 1)
    rows = batch_rows(again.folder, 0, BATCH, 1)
    assert [
        packed.tokens.sequence("c4", row.sequence, SEQUENCE_LENGTH).tolist() for row in rows
    ] == batch.tolist()

    stage = packed.folder
    assert [len(one) for _, one in altiplano.Packed(stage).documents()] == [len(one) for one in ids.values()]
    with pytest.raises(altiplano.UserError, match="no mixture beside it; run `altiplano mix`"):
        next(altiplano.Packed(stage).batches(BATCH))


def test_a_recipe_is_a_file_a_name_or_a_dictionary(tmp_path: Path) -> None:
    (first, *_) = altiplano.plan("demo")
    assert (
        first
        == altiplano.plan(ROOT / "configs" / "demo.yaml", set={"data": str(ROOT / "samples" / "dumps")})[0]
    )
    recipe = {"name": "r", "sources": {"c4": {"input": str(tmp_path / "none.gz")}}, "sedd": 1}
    with pytest.raises(altiplano.UserError, match="sedd: unknown key; did you mean 'seed'?"):
        altiplano.plan(recipe)
    with pytest.raises(
        altiplano.UserError, match="demoo: no such file, and no such recipe is shipped; did you mean 'demo'?"
    ):
        altiplano.run("demoo")
    for read in (altiplano.read_ledger, altiplano.Packed):
        with pytest.raises(altiplano.UserError, match=r"not a run \(no run.json\)|neither a run nor"):
            read(tmp_path)


def test_every_class_is_there_by_its_name_and_a_wrong_name_is_none() -> None:
    groups = (altiplano.kinds(), altiplano.steps(), altiplano.rules())
    classes = [one for group in groups for one in group.values()] + list(OTHER_CLASSES)
    assert [getattr(altiplano, one.__name__) for one in classes] == classes
    assert len({one.__name__ for one in classes}) == len(classes)
    for name in altiplano.__all__:
        assert getattr(altiplano, name) is not None
    told = re.findall(r"import (\w+) as \1$", (ROOT / "altiplano.py").read_text(), re.MULTILINE)
    assert sorted(told) == altiplano.__all__
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchRule'"):
        _ = altiplano.NoSuchRule
