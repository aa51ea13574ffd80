"""What a run did in, the sections of its report as HTML out; each adds the figures that its charts draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipeline.look.lines import clipped, diff_lines
from pipeline.look.sample import Looked
from pipeline.report.charts import (
    Figure,
    clusters_figure,
    funnel_figure,
    held_out_figure,
    histogram_figure,
    languages_figure,
    losses_figure,
    mixture_figure,
    rate_figure,
    speed_figure,
    training_figure,
)
from pipeline.report.facts import TABLE_1
from pipeline.report.gather import RunFacts
from pipeline.report.markup import escaped, escaped_text, folded, html_table, marked_lines
from pipeline.report.shell import chart_place
from stages.core.ledger import DROP

MAX_TEXT_CHARS = 3000
MAX_TABLE_ROWS = 200
MAX_VALUES_SHOWN = 8
MAX_CURVES = 6
"""In one chart, which has as many colours; of more held-out losses only the last are drawn."""

Section = Callable[[RunFacts, list[Figure]], str]


def _chart(figures: list[Figure], figure: Figure, caption: str = "") -> str:
    figures.append(figure)
    return chart_place(figure, caption)


def _size(number: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "B" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def _overview(facts: RunFacts, figures: list[Figure]) -> str:
    raw = sum(one.raw_bytes for one in facts.funnels)
    kept = sum(one.steps[-1].documents for one in facts.funnels if one.steps)
    text = sum(one.steps[-1].text_bytes for one in facts.funnels if one.steps)
    tokens = sum(row.tokens or 0 for row in facts.tokens if not row.members)
    dropped = sum(one.documents for one in facts.losses if one.action == DROP)
    numbers = {
        "sources": f"{len(facts.funnels):,}",
        "raw bytes": _size(raw),
        "documents kept": f"{kept:,}",
        "bytes of text kept": _size(text),
        "dropped": f"{dropped:,}",
    } | ({"tokens": f"{tokens:,}"} if tokens else {})
    cells = "".join(
        f"<div><dt>{escaped(what)}</dt><dd>{escaped(value)}</dd></div>" for what, value in numbers.items()
    )
    lines = "".join(f"<li>{escaped(line)}</li>" for line in facts.warnings)
    return f'<dl class="numbers">{cells}</dl>' + (f'<ul class="warnings">{lines}</ul>' if lines else "")


def _funnel(facts: RunFacts, figures: list[Figure]) -> str:
    if not facts.funnels:
        return ""
    tokens = {row.source: row.tokens for row in facts.tokens}
    body = "<p>Raw files are compressed, most of them, so text can be more than they are.</p>"
    body += _chart(figures, funnel_figure(facts.funnels, tokens))
    for one in facts.funnels:
        rows = [(step.node, f"{step.documents:,}", f"{step.text_bytes:,}") for step in one.steps]
        raw = [("raw records", f"{one.raw_records:,}", "")] if one.raw_records else []
        table = html_table(
            ("after", "documents", "bytes of text"), [*raw, *rows], f"What each stage left of {one.source}", 2
        )
        left = f"{one.steps[-1].documents:,} documents" if one.steps else "nothing yet"
        body += folded(f"{one.source}: {_size(one.raw_bytes)} of raw files, {left}", table)
    return body


def _drops(facts: RunFacts, figures: list[Figure]) -> str:
    if not facts.losses:
        return ""
    rows = [
        (one.node, one.action, one.rule, one.source, f"{one.documents:,}", f"{one.text_bytes:,}")
        for one in facts.losses[:MAX_TABLE_ROWS]
    ]
    heads = ("stage", "action", "rule", "source", "documents", "bytes lost")
    body = _chart(figures, losses_figure(facts.losses))
    body += folded("All rules, by stage and source", html_table(heads, rows, "Rows of the ledger", 2))
    counts: dict[str, int] = {}
    for loss in facts.losses:
        counts[loss.rule] = counts.get(loss.rule, 0) + loss.documents
    for one in sorted(facts.examples, key=lambda example: -counts[example.rule]):
        gone = "".join(_document(document) for document in one.dropped)
        kept = (
            "".join(_document(document) for document in one.kept)
            or '<p class="soft">nothing of these sources</p>'
        )
        pair = f'<div class="pair"><div><h3>dropped or edited</h3>{gone}</div><div><h3>kept</h3>{kept}</div></div>'
        body += folded(f"{one.rule}: {len(one.dropped)} of {counts[one.rule]:,}, beside what was kept", pair)
    return body


def _document(one: Looked) -> str:
    parts = [f"<h4>{escaped(one.id)}</h4>"]
    said = [one.node, one.action]
    if one.value is not None:
        said.append(f"value {one.value:g}" + ("" if one.threshold is None else f" against {one.threshold:g}"))
    said += [text for text in (one.detail, one.language) if text]
    parts.append(f'<p class="soft">{escaped("; ".join(said))}</p>')
    if one.url:
        parts.append(f"<p>{escaped(one.url)}</p>")
    values = [f"{name} {value:g}" for name, value in one.values.items() if ":" not in name][:MAX_VALUES_SHOWN]
    if values:
        parts.append(f'<p class="soft">{escaped(", ".join(values))}</p>')
    if one.partner:
        parts.append(f"<p>kept in its place: {escaped(one.partner)}</p>")
    if one.why:
        parts.append(f'<p class="soft">{escaped(one.why)}</p>')
    if one.text is not None:
        parts.append(f'<pre tabindex="0">{_text(one)}</pre>')
    return f'<div class="document">{"".join(parts)}</div>'


def _text(one: Looked) -> str:
    other, sign = (one.after, "+") if one.after is not None else (one.partner_text, "~")
    if other is None:
        text = one.text or ""
        return escaped_text(text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]} ...")
    lines = clipped(diff_lines(one.text or "", other, sign), full=False)
    return marked_lines(line[:MAX_TEXT_CHARS] for line in lines)


def _values(facts: RunFacts, figures: list[Figure]) -> str:
    charts = []
    for number, one in enumerate(facts.histograms):
        bounds = ", ".join(f"{side.replace('_', ' ')} {value:g}" for side, value in one.thresholds)
        caption = f"{one.name} in {one.node}{': ' + bounds if bounds else ''} ({one.what})"
        charts.append(_chart(figures, histogram_figure(number, one), caption))
    return f'<div class="grid">{"".join(charts)}</div>' if charts else ""


def _languages(facts: RunFacts, figures: list[Figure]) -> str:
    if not facts.languages:
        return ""
    rows = [
        (
            row.source,
            row.language,
            f"{row.documents:,}",
            f"{row.text_bytes:,}",
            "" if row.tokens is None else f"{row.tokens:,}",
        )
        for row in facts.languages[:MAX_TABLE_ROWS]
    ]
    heads = ("source", "language", "documents", "bytes", "tokens")
    table = html_table(heads, rows, "Languages by source; - where no stage told it", 3)
    return _chart(figures, languages_figure(facts.languages)) + folded("Languages by source", table)


def _clusters(facts: RunFacts, figures: list[Figure]) -> str:
    if not facts.clusters:
        return ""
    body = _chart(figures, clusters_figure(facts.clusters))
    for one in facts.clusters:
        rows = [(name, f"{size:,}") for name, size in one.largest]
        caption = f"The largest clusters of {one.node}, by the document that was kept"
        body += folded(
            f"{one.node}: the largest clusters", html_table(("kept", "documents"), rows, caption, 1)
        )
    return body


def _tokens(facts: RunFacts, figures: list[Figure]) -> str:
    if not any(row.tokens for row in facts.tokens):
        return ""
    rows = []
    for row in facts.tokens:
        paper = None if row.members else TABLE_1.get(facts.kinds.get(row.source, row.source))
        own = (f"{row.tokens or 0:,}", _percent(row.share), _number(row.epochs))
        theirs = (
            ("", "", "")
            if paper is None
            else (_percent(paper.share), _number(paper.epochs), _size(paper.disk_bytes))
        )
        rows.append((row.source, f"{row.documents:,}", f"{row.text_bytes:,}", *own, *theirs))
    heads = ("source", "documents", "bytes", "tokens", "share", "epochs", "LLaMA: share", "epochs", "on disk")
    return _chart(figures, mixture_figure(facts.tokens, facts.kinds)) + html_table(
        heads, rows, "Tokens by source, beside Table 1 of the LLaMA paper", 8
    )


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _speed(facts: RunFacts, figures: list[Figure]) -> str:
    rows = [
        (
            one.node,
            f"{one.tasks:,}",
            f"{one.seconds:,.1f}",
            _rate(one.mb_per_second),
            _size(one.peak_memory_bytes),
        )
        for one in facts.speeds
    ]
    heads = ("stage", "tasks", "seconds", "MB/s a task", "peak memory")
    table = html_table(heads, rows, "Seconds of all tasks together; MB of input per second of a task", 4)
    charts = _chart(figures, speed_figure(facts.speeds)) + _chart(figures, rate_figure(facts.speeds))
    return f'<div class="wide">{charts}</div>' + folded("All stages", table)


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _training(facts: RunFacts, figures: list[Figure]) -> str:
    if not facts.curves:
        return ""
    rows = [
        (name, f"{len(points):,}", f"{points[0][1]:.4f}", f"{points[-1][1]:.4f}")
        for name, points in facts.curves.items()
    ]
    table = html_table(("curve", "points", "first", "last"), rows, "Losses in nats a token", 3)
    held = {name: points for name, points in facts.curves.items() if name != "loss"}
    shown = facts.curves if len(held) < MAX_CURVES else {"loss": facts.curves["loss"]}
    body = _chart(figures, training_figure(shown))
    if held:
        body += _chart(figures, held_out_figure(held))
    return body + (folded("All losses", table) if held else table)


SECTIONS: Mapping[str, tuple[str, Section]] = MappingProxyType(
    {
        "overview": ("Overview", _overview),
        "funnel": ("From raw bytes to tokens", _funnel),
        "drops": ("What each rule dropped", _drops),
        "values": ("Values and thresholds", _values),
        "languages": ("Languages", _languages),
        "duplicates": ("Duplicate clusters", _clusters),
        "tokens": ("Tokens and mixture", _tokens),
        "throughput": ("Throughput", _speed),
        "training": ("Training", _training),
    }
)
"""Title and maker of each section by its anchor; one that makes nothing is left out."""
