"""What the filters of a run measured or dropped in, tables for a reader out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from pipeline.inspect.filter import (
    ASKED,
    CONFIG,
    MAX_QUANTILE_ROWS,
    QUANTILES,
    Bound,
    Drops,
    Measure,
    ValueTables,
    asked_thresholds,
    chosen_names,
    filters_of,
    ledger_drops,
    measure_values,
    values_of,
)
from pipeline.text_table import add_text_row, text_table
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.filter.values import PASSED

ANNOTATE_HINT = (
    "values of documents that were kept need a filter with --annotate-only (in a recipe: the step `annotate`)"
)


def filter_report(run: str, rule: str | None, thresholds: Sequence[str]) -> Iterator[str | Table]:
    """Lines and tables: every value of the annotating filters of a run; of the others, drops and edits by rule."""
    filters = filters_of(run)
    annotated = [found for node, manifest in filters.items() if (found := values_of(node, manifest))]
    if not annotated:
        if thresholds:
            raise UserError(f"{run}: --threshold: {ANNOTATE_HINT}")
        yield from _ledgers(filters, rule)
        yield ANNOTATE_HINT
        return
    known = list(dict.fromkeys(name for values in annotated for name in values.measured()))
    chosen = chosen_names(known, rule)
    asked = asked_thresholds(thresholds, known)
    for values in annotated:
        for name in values.measured():
            if name in chosen and (not asked or rule is not None or name in asked):
                yield from _value(values, name, asked.get(name))
        if values.rows > MAX_QUANTILE_ROWS:
            every = -(-values.rows // MAX_QUANTILE_ROWS)
            yield f"{values.node}: quantiles are of one in {every} documents; what is dropped, of all"
    others = {node: manifest for node, manifest in filters.items() if values_of(node, manifest) is None}
    if others and rule is None and not asked:
        yield from _ledgers(others, None)


def filter_records(run: str, rule: str | None, thresholds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The same as records: `kind` `value` with quantiles and bounds by source, or `drops` by rule and source."""
    filters = filters_of(run)
    tables = {node: found for node, manifest in filters.items() if (found := values_of(node, manifest))}
    if thresholds and not tables:
        raise UserError(f"{run}: --threshold: {ANNOTATE_HINT}")
    known = list(dict.fromkeys(name for values in tables.values() for name in values.measured()))
    asked = asked_thresholds(thresholds, known)
    chosen = chosen_names(known, rule) if tables else []
    for node, values in tables.items():
        for name in values.measured():
            if name in chosen and (not asked or rule is not None or name in asked):
                for source, measured in measure_values(values, name, asked.get(name)).items():
                    yield _value_record(node, name, source, measured)
    lost = {node: ledger_drops(one) for node, one in filters.items() if node not in tables}
    names = sorted({name for drops in lost.values() for _, name, _ in drops})
    wanted = set(names if rule is None else [] if tables else chosen_names(names, rule))
    for node, drops in lost.items():
        for (action, name, source), total in drops.items():
            if name in wanted:
                own = {"node": node, "action": action, "rule": name, "source": source}
                yield {"kind": "drops"} | own | {"documents": total.documents, "text_bytes": total.text_bytes}


def _value_record(node: str, name: str, source: str, measured: Measure) -> dict[str, Any]:
    """What `_value` shows of one source."""
    shares = [f"{share:g}" for share in QUANTILES]
    bounds = [
        {"keeps": part, "which": label, "lowest": bound.lowest, "highest": bound.highest}
        | {"documents": bound.documents, "text_bytes": bound.text_bytes}
        for (part, label), bound in measured.bounds.items()
    ]
    own = {"node": node, "value": name, "source": source}
    total = {"documents": measured.total.documents, "text_bytes": measured.total.text_bytes}
    return (
        {"kind": "value"}
        | own
        | total
        | {"quantiles": dict(zip(shares, measured.quantiles, strict=False)), "bounds": bounds}
    )


def _value(values: ValueTables, name: str, asked: float | None) -> Iterator[str | Table]:
    measures = measure_values(values, name, asked)
    yield f"{values.node}: {name}"
    yield _quantile_table(measures)
    if any(measured.bounds for measured in measures.values()):
        yield _bound_table(measures)


def _quantile_table(measures: Mapping[str, Measure]) -> Table:
    table = text_table(("source",), ("documents", "bytes", *(f"{share:.0%}" for share in QUANTILES)))
    for source, measured in measures.items():
        total = measured.total
        cells = [f"{total.documents:,}", f"{total.text_bytes:,}"]
        add_text_row(table, source, *cells, *(_number(value) for value in measured.quantiles))
    return table


def _bound_table(measures: Mapping[str, Measure]) -> Table:
    table = text_table(("source", "keeps", ""), ("drops documents", "share", "drops bytes", "share"))
    for source, measured in measures.items():
        for (part, label), bound in measured.bounds.items():
            shown = {CONFIG: "config", ASKED: "asked"}.get(label, "")
            add_text_row(table, source, _condition(part, label, bound), shown, *_cells(bound, measured.total))
    return table


def _condition(part: str, label: str, bound: Bound) -> str:
    if part == PASSED:
        return "what the rule keeps"
    if bound.lowest > bound.highest:
        return f"{part.replace('_', ' ')} nothing: no document was judged"
    if bound.lowest == bound.highest:
        return f"{part.replace('_', ' ')} {_number(bound.lowest)}"
    span = f"{_number(bound.lowest)} to {_number(bound.highest)}"
    return f"{part.replace('_', ' ')} {span}" + ("" if label in (CONFIG, ASKED) else f" ({label})")


def _cells(drops: Drops, total: Drops) -> list[str]:
    return [
        f"{drops.documents:,}",
        f"{drops.documents / max(1, total.documents):.2%}",
        f"{drops.text_bytes:,}",
        f"{drops.text_bytes / max(1, total.text_bytes):.2%}",
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) < 1e15 and value == int(value) else f"{value:.4g}"


def _ledgers(filters: Mapping[str, Manifest], rule: str | None) -> Iterator[str | Table]:
    drops = {node: ledger_drops(manifest) for node, manifest in filters.items()}
    known = sorted({name for found in drops.values() for _, name, _ in found})
    chosen = chosen_names(known, rule) if rule is not None else known
    for node, found in drops.items():
        manifest = filters[node]
        yield f"{node}: {manifest.documents_in:,} documents in, {manifest.documents_out:,} kept"
        rows = {key: value for key, value in found.items() if key[1] in chosen}
        if not rows:
            continue
        table = text_table(("action", "rule", "source"), ("documents", "of those in", "bytes", "of those in"))
        total = Drops(manifest.documents_in, manifest.bytes_in)
        for key, value in rows.items():
            add_text_row(table, *key, *_cells(value, total))
        yield table
