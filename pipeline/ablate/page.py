"""A comparison in, one HTML file with its picture and table out, that opens offline, as `altiplano report` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.ablate.compare import ArmComparison, table_rows
from pipeline.report.charts import Figure, label
from pipeline.report.markup import escaped, html_table
from pipeline.report.shell import chart_place, page_end, page_start


def ablation_page(
    arms: Sequence[str], rows: Sequence[ArmComparison], lines: Sequence[str], script: str
) -> Iterator[str]:
    """The page in pieces; `lines` say what was compared, `script` is Plotly's."""
    figures = [figure for is_bits in (True, False) if (figure := _figure(arms, rows, is_bits)) is not None]
    yield from page_start("Ablation")
    yield f'<header><h1>{escaped(", ".join(arms))}</h1></header><main id="content">'
    yield from (f"<p>{escaped(line)}</p>" for line in lines)
    yield from map(chart_place, figures)
    caption = "Mean ± standard deviation over the seeds, and the difference from the first arm"
    yield html_table(("figure", "chance", *arms), table_rows(rows), caption, 1 + len(arms))
    yield "</main>"
    yield from page_end(figures, script)


def _figure(arms: Sequence[str], rows: Sequence[ArmComparison], is_bits: bool) -> Figure | None:
    """A dot with its spread for each arm in each row."""
    shown = [row for row in rows if row.less_is_better == is_bits]
    if not shown:
        return None
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": label(arm),
            "y": [label(row.figure) for row in shown],
            "x": [row.cells[number].mean for row in shown],
            "error_x": {"type": "data", "array": [row.cells[number].deviation or 0 for row in shown]},
        }
        for number, arm in enumerate(arms)
    ]
    title = "bits a byte of held-out text (less is better)" if is_bits else "right answers, of all"
    layout = {
        "height": 120 + 44 * len(shown),
        "showlegend": True,
        "scattermode": "group",
        "xaxis": {"title": {"text": title}},
        "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
    }
    return Figure(
        "bits" if is_bits else "scores", f"{title} by arm, with the spread over seeds", data, layout
    )
