"""What a run did in, its report as one HTML file out: no request leaves it, and without its script the tables still say all.

Plotly's script is read out of its package and stands in the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import orjson

from pipeline.report.charts import Figure
from pipeline.report.gather import RunFacts
from pipeline.report.markup import escaped, escaped_text, folded, html_table, script_json
from pipeline.report.sections import SECTIONS
from stages.core.errors import UserError

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Of the page: whatever a document says, a browser loads nothing for it."""


def chart_script() -> str:
    """Plotly's script; a UserError where the package is not there."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise UserError("report: needs plotly, which draws the charts: pip install plotly")
    return (Path(found.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def report_page(facts: RunFacts, script: str) -> Iterator[str]:
    """The page in pieces; `script` is Plotly's."""
    here = files("pipeline.report")
    name = facts.places.record.name
    figures: list[Figure] = []
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escaped(name)}: report of a run</title>"
    yield f"<style>{here.joinpath('page.css').read_text(encoding='utf-8')}</style></head><body>"
    yield '<a class="skip" href="#content">To the content</a>'
    yield f'<header><h1>{escaped(name)}</h1><p class="soft">Report of the run in {escaped(facts.run)}</p></header>'
    shown = [(anchor, title, body) for anchor, title, body in _sections(facts, figures) if body]
    yield '<nav aria-label="Sections">'
    for anchor, title, _ in shown:
        yield f'<a href="#{anchor}">{escaped(title)}</a>'
    yield '</nav><main id="content">'
    for anchor, title, body in shown:
        yield f'<section id="{anchor}"><h2>{escaped(title)}</h2>{body}</section>'
    yield "</main>"
    yield f'<script type="application/json" id="figures">{script_json([one.record() for one in figures])}</script>'
    yield f"<script>{script}</script>"
    yield f"<script>{here.joinpath('page.js').read_text(encoding='utf-8')}</script></body></html>\n"


def _sections(facts: RunFacts, figures: list[Figure]) -> Iterator[tuple[str, str, str]]:
    for anchor, (title, make) in SECTIONS.items():
        yield anchor, title, make(facts, figures)
    yield "config", "Config and fingerprints", _config(facts)


def _config(facts: RunFacts) -> str:
    rows = [
        (
            node,
            one.stage,
            one.version,
            one.fingerprint,
            f"{one.documents_in + one.created:,}",
            f"{one.documents_out:,}",
        )
        for node, one in facts.places.manifests.items()
    ]
    heads = ("stage", "kind", "version", "fingerprint", "in", "out")
    parts = [html_table(heads, rows, "Finished stages, in the order of the run", 2)]
    for node, manifest in facts.places.manifests.items():
        config = orjson.dumps(manifest.config, option=orjson.OPT_INDENT_2).decode()
        parts.append(folded(f"{node}: its options", f"<pre>{escaped_text(config)}</pre>"))
    return "".join(parts)
