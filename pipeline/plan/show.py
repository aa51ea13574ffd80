"""An estimate in, the lines of its tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.plan.cluster import ClusterOptions
from pipeline.plan.estimate import Estimate, SourceTokens
from pipeline.plan.rates import Rates
from pipeline.plan.raw import SourceSize
from pipeline.plan.units import shown_bytes, shown_hours, shown_seconds, shown_tokens
from stages.core.groups import Groups
from stages.core.manifest import EXCHANGE

LONG_TASK_SECONDS = 600.0


def size_lines(sizes: Mapping[str, SourceSize | None]) -> list[str]:
    """Raw input by source."""
    return ["raw input:", *(f"  {source}: {_size_text(size)}" for source, size in sizes.items())]


def _size_text(size: SourceSize | None) -> str:
    if size is None:
        return "no raw files here, and no `raw` size in the recipe"
    files = "" if size.num_files is None else f"{size.num_files:,} files, "
    if not size.is_there:
        return f"no raw files here; {files}{shown_bytes(size.num_bytes)} by the recipe"
    return f"{files}{shown_bytes(size.num_bytes)}"


def estimate_lines(found: Estimate, rates: Rates, cluster: ClusterOptions, groups: Groups) -> list[str]:
    """The whole estimate: what it rests on, stages, totals, tokens, cost."""
    lines = [*rates.origin, "stages:", *stage_table(found)]
    spread = "" if rates.core_spread is None else f" (95% interval +-{rates.core_spread:.0%})"
    start = f", and {shown_hours(found.start_seconds)} to start workers" if found.start_seconds else ""
    machines = "1 node" if cluster.nodes == 1 else f"{cluster.nodes:,} nodes"
    lines += [
        f"data stages: about {shown_hours(found.core_seconds)} core-hours{spread}{start}",
        f"memory: {shown_bytes(found.memory_bytes)} for the task that takes most",
        f"disk: {shown_bytes(found.disk_bytes)} written; {shown_bytes(found.disk_peak_bytes)} at most at once where"
        " intermediates are deleted when nothing needs them",
        f"exchange: {shown_bytes(found.exchange_bytes)}, in {found.requests.exchange_reads:,} reads",
        f"requests, of a store that holds raw files and run: {found.requests.gets:,} GET, {found.requests.puts:,} PUT",
        f"wall time on {machines} of {cluster.cores_per_node} cores: about {shown_seconds(found.timetable.seconds)},"
        f" cores busy {found.busy_share:.0%} of it",
        "critical path:",
        *_path(found),
        *_long_tasks(found),
    ]
    if found.cores > cluster.cores_per_node and found.cores - cluster.cores_per_node >= found.most_tasks:
        enough = -(-found.most_tasks // cluster.cores_per_node)
        lines.append(
            f"warning: {machines} have {found.cores:,} cores, and no stage has more than {found.most_tasks:,} tasks;"
            f" --nodes {enough:,} takes as long"
        )
    lines += [f"cost of {what}: {price:,.2f}" for what, price in found.cost.items()]
    return [*lines, "tokens:", *paper_token_table(found.tokens, groups)]


def stage_table(found: Estimate) -> list[str]:
    """A row for every stage that takes time or place."""
    rows = [
        (
            "stage",
            "given",
            "text out",
            "core-hours",
            "tasks",
            "memory",
            "disk",
            "exchange",
            "reads",
            "requests",
        )
    ]
    for one in found.stages:
        exchange = one.written.get(EXCHANGE, 0)
        rows.append(
            (
                one.node,
                shown_bytes(one.given_bytes),
                "" if one.text_bytes is None else shown_bytes(one.text_bytes),
                shown_hours(one.core_seconds),
                f"{one.tasks:,}",
                shown_bytes(one.memory_bytes),
                shown_bytes(one.written_bytes),
                shown_bytes(exchange) if exchange else "",
                f"{one.requests.exchange_reads:,}" if one.requests.exchange_reads else "",
                f"{one.requests.gets + one.requests.puts:,}",
            )
        )
    return aligned(rows)


def _path(found: Estimate) -> list[str]:
    spans = found.timetable.spans
    rows = [
        (
            name,
            shown_seconds(spans[name].end - spans[name].start),
            f"ends at {shown_seconds(spans[name].end)}",
        )
        for name in found.timetable.critical
        if spans[name].end - spans[name].start > found.timetable.seconds / 1000
    ]
    return aligned(rows)


def _long_tasks(found: Estimate) -> list[str]:
    """The stages whose longest task takes more than LONG_TASK_SECONDS of a core."""
    rows = [
        (one.node, shown_seconds(one.longest_seconds))
        for one in found.stages
        if one.longest_seconds > LONG_TASK_SECONDS
    ]
    return ["longest tasks, of more than ten minutes of a core:", *aligned(rows)] if rows else []


def paper_token_table(tokens: Sequence[SourceTokens], groups: Groups) -> list[str]:
    """A row for every source, then for every group, then for all."""
    rows: list[tuple[str, ...]] = [("source", "text", "tokens", "from", "to", "the paper", "of it")]
    rows += [_token_row(one.source, [one]) for one in tokens]
    for name, members in groups.items():
        if own := [one for one in tokens if one.source in members]:
            rows.append(_token_row(name, own))
    return aligned([*rows, _token_row("total", tokens)])


def _token_row(name: str, own: Sequence[SourceTokens]) -> tuple[str, ...]:
    tokens, text = sum(one.tokens for one in own), sum(one.text_bytes for one in own)
    low, high = sum(one.low for one in own), sum(one.high for one in own)
    known = [one.expected for one in own if one.expected is not None]
    expected = sum(known) if known and len(known) == len(own) else None
    paper = ("", "") if expected is None else (shown_tokens(expected), f"{tokens / expected:.0%}")
    return (name, shown_bytes(text), shown_tokens(tokens), shown_tokens(low), shown_tokens(high), *paper)


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
