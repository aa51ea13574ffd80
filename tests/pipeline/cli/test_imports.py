"""What answers at once imports nothing but the command line: no help and no mistake waits for numba, Arrow or Ray."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.demo import ROOT

COMMAND_LINE = {
    "altiplano",
    "attr",
    "attrs",
    "cyclopts",
    "docstring_parser",
    "markdown_it",
    "mdurl",
    "pipeline",
}
COMMAND_LINE |= {"pygments", "rich", "stages"}
OWN = {
    "pipeline.cli.main",
    "pipeline.cli.options",
    "pipeline.cli.output",
    "pipeline.machine",
    "stages.core.errors",
    "stages.core.mistakes",
    "stages.core.printing",
    "stages.core.secrets",
}
SCRIPT = """
import sys
before = set(sys.modules)
import altiplano
try:
    sys.argv[0] = "altiplano"
    altiplano.main()
except SystemExit:
    pass
sys.stderr.write("\\n" + " ".join(set(sys.modules) - before))
"""


@pytest.mark.parametrize("line", ["--help", "--version", "", "rnu", "--vesion"])
def test_what_needs_no_command_imports_nothing_but_the_command_line(line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *line.split()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(done.stderr.splitlines()[-1].split())
    assert {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) <= COMMAND_LINE
    own = {name for name in modules if name.startswith(("pipeline.", "stages.")) and name.count(".") > 1}
    assert own - {"pipeline.cli", "stages.core"} <= OWN


def told() -> str:
    try:
        return f"altiplano {version('altiplano')}\n"
    except PackageNotFoundError:
        return "altiplano, not installed\n"


def test_the_version_is_that_of_the_distribution() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == told()
