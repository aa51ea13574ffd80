"""What a run did in, figures as Plotly draws them out: plain dictionaries, so nothing of Plotly but its script is loaded.

Colours are given by number and come from the page, which has them for light and dark.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.inspect.languages import LanguageRow
from pipeline.inspect.tokens import TokenRow
from pipeline.report.facts import TABLE_1, RuleLoss, SourceFunnel, StageSpeed
from pipeline.report.samples import PartnerClusters, ValueHistogram
from stages.core.ledger import DROP

MAX_BARS = 25
FEW_POINTS = 50
"""Of a curve whose points are drawn too; a held-out loss may have a single one."""


@dataclass(frozen=True)
class Figure:
    """A chart: its name, its traces and layout, and in words what it shows."""

    name: str
    alt: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]

    @property
    def anchor(self) -> str:
        """Its id in the page, where sections have theirs."""
        return f"chart-{self.name}"

    def record(self) -> dict[str, Any]:
        """What the page's script draws."""
        return {"name": self.anchor, "data": self.data, "layout": self.layout}


def label(text: str) -> str:
    """Text of data as a label: Plotly takes some markup, and no name is any."""
    return html.escape(text if len(text) <= 60 else f"{text[:28]}...{text[-28:]}", quote=False)


def _bars(
    names: Sequence[str], series: Mapping[str, Sequence[float | None]], title: str, log: bool = False
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Horizontal bars, the first name on top."""
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": what,
            "y": [label(name) for name in names],
            "x": list(values),
        }
        for what, values in series.items()
    ]
    layout: dict[str, Any] = {
        "barmode": "group",
        "height": 90 + len(names) * (14 + 12 * len(series)),
        "xaxis": {
            "title": {"text": title},
        }
        | ({"type": "log", "dtick": 1} if log else {"type": "linear"}),
        "yaxis": {"autorange": "reversed", "automargin": True},
        "showlegend": len(series) > 1,
    }
    return data, layout


def funnel_figure(funnels: Sequence[SourceFunnel], tokens: Mapping[str, int | None]) -> Figure:
    """Raw bytes, text read, text kept and tokens of every source."""
    series: dict[str, Sequence[float | None]] = {
        "raw bytes": [one.raw_bytes or None for one in funnels],
        "text as read": [one.steps[0].text_bytes or None if one.steps else None for one in funnels],
        "text kept": [one.steps[-1].text_bytes or None if one.steps else None for one in funnels],
    }
    if any(tokens.values()):
        series["tokens"] = [tokens.get(one.source) or None for one in funnels]
    data, layout = _bars([one.source for one in funnels], series, "bytes, and tokens (logarithmic)", log=True)
    return Figure("funnel", "bytes of raw files, text as read, text kept and tokens by source", data, layout)


def losses_figure(losses: Sequence[RuleLoss]) -> Figure:
    """Documents that each rule dropped."""
    by_rule: dict[str, int] = {}
    for one in losses:
        if one.action == DROP:
            by_rule[one.rule] = by_rule.get(one.rule, 0) + one.documents
    top = sorted(by_rule.items(), key=lambda rule: (-rule[1], rule[0]))[:MAX_BARS]
    data, layout = _bars(
        [rule for rule, _ in top],
        {"documents": [count for _, count in top]},
        "dropped (logarithmic)",
        log=True,
    )
    return Figure("losses", "documents dropped by rule", data, layout)


def histogram_figure(number: int, found: ValueHistogram) -> Figure:
    """A value's bins, with a line at each threshold."""
    middles = [(low + high) / 2 for low, high in zip(found.edges, found.edges[1:], strict=False)]
    data = [{"type": "bar", "x": middles, "y": list(found.counts), "width": found.edges[1] - found.edges[0]}]
    shapes = [
        {
            "type": "line",
            "x0": value,
            "x1": value,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"dash": "dash"},
        }
        for _, value in found.thresholds
    ]
    notes = [
        {
            "x": value,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "showarrow": False,
            "text": _sign(side, value),
        }
        for side, value in found.thresholds
    ]
    layout = {"height": 220, "bargap": 0, "showlegend": False, "shapes": shapes, "annotations": notes}
    return Figure(f"histogram-{number}", f"histogram of {found.name} in {found.node}", data, layout)


def _sign(side: str, value: float) -> str:
    return {"at_least": f"≥ {value:g}", "at_most": f"≤ {value:g}"}.get(side, f"{value:g}")


def languages_figure(rows: Sequence[LanguageRow]) -> Figure:
    """Bytes of text by language, of all sources."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.language] = totals.get(row.language, 0) + row.text_bytes
    top = sorted(totals.items(), key=lambda one: (-one[1], one[0]))[:MAX_BARS]
    names = [name if name != "-" else "not told" for name, _ in top]
    data, layout = _bars(
        names, {"bytes": [count for _, count in top]}, "bytes of text (logarithmic)", log=True
    )
    return Figure("languages", "bytes of text by language", data, layout)


def clusters_figure(found: Sequence[PartnerClusters]) -> Figure:
    """How many clusters have how many members."""
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(one.node),
            "x": list(one.sizes),
            "y": list(one.sizes.values()),
        }
        for one in found
    ]
    layout = {
        "height": 320,
        "showlegend": True,
        "xaxis": {"title": {"text": "documents in a cluster"}, "type": "log"},
        "yaxis": {"title": {"text": "clusters"}, "type": "log"},
    }
    return Figure("clusters", "sizes of clusters of duplicates", data, layout)


def mixture_figure(rows: Sequence[TokenRow], kinds: Mapping[str, str]) -> Figure:
    """Share of the drawn tokens (of the packed ones, before there is a mixture) beside the paper's."""
    sources = [row for row in rows if not row.members]
    total = sum(row.tokens or 0 for row in sources) or 1
    ours = [100 * (row.share if row.share is not None else (row.tokens or 0) / total) for row in sources]
    papers = [TABLE_1.get(kinds.get(row.source, row.source)) for row in sources]
    theirs = [None if one is None else 100 * one.share for one in papers]
    data, layout = _bars(
        [row.source for row in sources], {"this run": ours, "LLaMA": theirs}, "% of the tokens"
    )
    return Figure("mixture", "share of tokens by source, beside LLaMA's Table 1", data, layout)


def speed_figure(found: Sequence[StageSpeed]) -> Figure:
    """Seconds of all tasks of the stages that took longest."""
    top = sorted(found, key=lambda one: -one.seconds)[:MAX_BARS]
    data, layout = _bars(
        [one.node for one in top], {"seconds": [one.seconds for one in top]}, "seconds of all tasks"
    )
    return Figure("speed", "seconds by stage", data, layout)


def rate_figure(found: Sequence[StageSpeed]) -> Figure:
    """MB of input per second of a task, of the stages that took longest and read something."""
    rates = [(one, rate) for one in found if (rate := one.mb_per_second) is not None]
    top = sorted(rates, key=lambda one: -one[0].seconds)[:MAX_BARS]
    data, layout = _bars(
        [one.node for one, _ in top],
        {"MB/s": [rate for _, rate in top]},
        "MB/s of a task (logarithmic)",
        log=True,
    )
    return Figure("rate", "MB of input per second of a task, by stage", data, layout)


def held_out_figure(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """The last loss on what each source holds out; dots, since what differs is far from 0."""
    top = sorted(curves.items(), key=lambda one: one[1][-1][1])[:MAX_BARS]
    names = [name for name, _ in top]
    _, layout = _bars(names, {"last": [points[-1][1] for _, points in top]}, "loss (nats a token)")
    dots = {"type": "scatter", "mode": "markers", "marker": {"size": 10}}
    data = [dots | {"y": [label(name) for name in names], "x": [points[-1][1] for _, points in top]}]
    return Figure("held-out", "last held-out loss by source", data, layout)


def training_figure(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Loss by step, each curve in its colour."""
    data = [
        {
            "type": "scatter",
            "mode": "lines" if len(points) > FEW_POINTS else "lines+markers",
            "name": label(name),
            "x": [step for step, _ in points],
            "y": [loss for _, loss in points],
        }
        for name, points in curves.items()
    ]
    layout = {
        "height": 360,
        "showlegend": len(data) > 1,
        "xaxis": {"title": {"text": "step"}},
        "yaxis": {"title": {"text": "loss (nats a token)"}},
    }
    return Figure("training", "loss by training step", data, layout)
