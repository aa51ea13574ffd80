"""No pickle from a file that is not ours: no call of ours unpickles, nor a library that foreign files go through."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.parquet import read_documents
from supply.code import all_findings, findings, sources
from supply.pins import ROOT

WATCHED = """
import sys

def watch(event, arguments):
    if event == "pickle.find_class":
        frame = sys._getframe()
        while frame is not None:
            if "/numba/" in frame.f_code.co_filename:
                return
            frame = frame.f_back
        print("UNPICKLED", *arguments[:2])

sys.addaudithook(watch)
from pathlib import Path
from tests.small_run import make_small_run
make_small_run(Path(sys.argv[1]))
"""


class Evil:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_nothing_of_ours_runs_what_a_file_says() -> None:
    assert all_findings(ROOT) == []
    assert {"stages", "pipeline", "quality_classifier", "benchmarks"} <= {
        path.relative_to(ROOT).parts[0] for path in sources(ROOT)
    }


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, joblib.memory",
        "from dill import loads",
        "from shelve import open",
        "import marshal as m",
        "import yaml\nyaml.load(x, Loader=yaml.SafeLoader)",
        "class L(yaml.FullLoader): pass",
        "from yaml import unsafe_load",
        "from numpy import load",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=given)",
        "pd.read_pickle(f)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "torch.jit.load(f)",
        "from torch import load",
        "eval(text)",
        "exec(text)",
    ],
)
def test_what_runs_a_file_is_found(source: str) -> None:
    assert len({line for line, _ in findings(source)}) == 1


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(f, weights_only=True)",
        "np.load(f)",
        "np.load(f, allow_pickle=False)",
        "class L(yaml.SafeLoader): pass",
        "yaml.safe_load(f)",
        "model.eval()",
        "re.compile(text)",
        "orjson.loads(text)",
        "from .pickle import x",
    ],
)
def test_what_does_not_is_let_be(source: str) -> None:
    assert list(findings(source)) == []


@pytest.mark.slow
def test_a_run_unpickles_nothing_but_its_own_compiled_kernels(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "UNPICKLED" not in done.stdout
    assert (tmp_path / "run" / "run.json").exists()


def test_a_parquet_file_whose_schema_carries_a_pickle_is_read_without_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Evil(made)),
    }
    schema = pa.schema([pa.field("id", pa.string()), pa.field("text", pa.string(), metadata=metadata)])
    path = tmp_path / "evil.parquet"
    pq.write_table(pa.table({"id": ["c4/a/0"], "text": ["a text"]}, schema=schema), path)
    try:
        list(read_documents([str(path)]))
    finally:
        assert not made.exists()
    pickle.loads(pickle.dumps(Evil(made)))
    assert made.exists()


def test_numpy_refuses_a_pickle_unless_it_is_asked_for(tmp_path: Path) -> None:
    made, path = tmp_path / "made", tmp_path / "evil.npy"
    np.save(path, np.array([Evil(made)], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        np.load(path)
    assert not made.exists()
