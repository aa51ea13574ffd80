"""What a run did in, its report as one HTML file out, section by section."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from pipeline.report.charts import Figure
from pipeline.report.gather import RunFacts
from pipeline.report.markup import escaped, escaped_text, folded, html_table
from pipeline.report.sections import SECTIONS
from pipeline.report.shell import page_end, page_start


def report_page(facts: RunFacts, script: str) -> Iterator[str]:
    """The page in pieces; `script` is Plotly's."""
    name = facts.places.record.name
    figures: list[Figure] = []
    yield from page_start(f"{name}: report of a run")
    yield f'<header><h1>{escaped(name)}</h1><p class="soft">Report of the run in {escaped(facts.run)}</p></header>'
    shown = [(anchor, title, body) for anchor, title, body in _sections(facts, figures) if body]
    yield '<nav aria-label="Sections">'
    for anchor, title, _ in shown:
        yield f'<a href="#{anchor}">{escaped(title)}</a>'
    yield '</nav><main id="content">'
    for anchor, title, body in shown:
        yield f'<section id="{anchor}"><h2>{escaped(title)}</h2>{body}</section>'
    yield "</main>"
    yield from page_end(figures, script)


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
