"""The notebook of docs/ in, the same with what its cells print now out: `python -m tests.notebook` writes it."""

from __future__ import annotations

from typing import Any

import nbclient
import nbformat

from tests.demo import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def read_notebook() -> Any:
    """As it stands there."""
    return nbformat.read(NOTEBOOK, as_version=4)


def run_notebook() -> Any:
    """Run in its folder by a kernel of its own; no times of cells, which are never the same."""
    notebook = read_notebook()
    here = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=here, record_timing=False).execute()
    return notebook


if __name__ == "__main__":
    nbformat.write(run_notebook(), NOTEBOOK)
