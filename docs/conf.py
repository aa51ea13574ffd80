"""The pages of docs/, and the docstrings of the library, in; the site out (`make docs`)."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

_PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Altiplano"
author = "The authors of Altiplano"
release = version = _PROJECT["version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "site_reference"]
exclude_patterns = ["__pycache__"]

html_theme = "furo"
html_title = f"Altiplano {release}"
html_show_copyright = False

myst_heading_anchors = 3
# A test runs the notebook and compares what it prints with what it holds: here it is shown as it stands.
nb_execution_mode = "off"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# Docstrings are prose; what stands between single backticks is code.
default_role = "code"

OUTSIDE = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
"""Pages whose text lies beside docs/, where people look for it."""


def take_from_outside(_: Sphinx, page: str, source: list[str]) -> None:
    """Fill a page that lies elsewhere, and lead links to such pages to their place in the site."""
    if page in OUTSIDE:
        source[0] = (HERE.parent / OUTSIDE[page]).read_text(encoding="utf-8").replace("](docs/", "](")
    for name, file in OUTSIDE.items():
        source[0] = source[0].replace(f"](../{file})", f"]({name}.md)").replace(f"]({file})", f"]({name}.md)")


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("source-read", take_from_outside)
