"""Sections and figures in, one HTML file out: no request leaves it, and without its script the tables still say all.

Plotly's script is read out of its package and stands in the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from pipeline.report.charts import Figure
from pipeline.report.markup import escaped, script_json
from stages.core.errors import UserError

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Of the page: whatever a document says, a browser loads nothing for it."""


def chart_script() -> str:
    """Plotly's script; a UserError where the package is not there."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise UserError("report: needs plotly, which draws the charts: pip install plotly")
    return (Path(found.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def chart_place(figure: Figure, caption: str = "") -> str:
    """Where the page's script draws a figure, and what it shows in words."""
    height = int(figure.layout.get("height", 300))
    return (
        f'<figure><div id="{figure.anchor}" data-chart role="img" aria-label="{escaped(figure.alt)}"'
        f' style="min-height:{height}px"></div><figcaption>{escaped(caption or figure.alt)}</figcaption></figure>'
    )


def page_start(title: str) -> Iterator[str]:
    """Up to the beginning of the body."""
    style = files("pipeline.report").joinpath("page.css").read_text(encoding="utf-8")
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escaped(title)}</title>"
    yield f"<style>{style}</style></head><body>"
    yield '<a class="skip" href="#content">To the content</a>'


def page_end(figures: Sequence[Figure], script: str) -> Iterator[str]:
    """The figures and what draws them; `script` is Plotly's."""
    own = files("pipeline.report").joinpath("page.js").read_text(encoding="utf-8")
    yield f'<script type="application/json" id="figures">{script_json([one.record() for one in figures])}</script>'
    yield f"<script>{script}</script>"
    yield f"<script>{own}</script></body></html>\n"
