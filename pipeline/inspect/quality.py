"""What a quality model is worth in, the lines and tables that say so to a person out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.text_table import add_text_row, text_table
from quality_classifier.compare import Comparison
from quality_classifier.worth import Worth
from stages.core.printing import printable
from stages.models.trained_quality import TriedFit


def worth_lines(worth: Worth) -> Iterator[str]:
    """The verdict, and what warns of it."""
    yield worth.summary()
    yield f"{worth.pages:,} pages, {worth.positives:,} of them positives, of {worth.hosts:,} hosts"
    for line in worth.warnings:
        yield f"warning: {line}"
    if worth.calibration_error is not None:
        yield f"calibration error {worth.calibration_error:.3f}"
    for one in worth.mistakes:
        kind = "reference page scored low" if one.positive else "random page scored high"
        yield f"{kind}: {one.score:.3f} {one.host}: {one.snippet}"


def worth_tables(worth: Worth) -> Iterator[Any]:
    """Baselines, curve, calibration, slices and hosts, for a terminal; none where there are no figures."""
    for heads, rows in _tables(worth):
        table = text_table(tuple(heads[:1]), tuple(heads[1:]))
        for row in rows:
            add_text_row(table, *row)
        yield table


def _tables(worth: Worth) -> Iterator[tuple[Sequence[str], list[list[str]]]]:
    if worth.auc is None:
        return
    aucs = [("the model", worth.auc), *worth.baselines.items()]
    yield ["by", "AUC (95 of 100 draws of hosts)"], [[name, str(auc)] for name, auc in aucs]
    names = ["threshold", "precision", "recall", "kept"]
    yield names, [[f"{row[name]:.3f}" for name in names] for row in worth.curve]
    names = ["from", "pages", "mean_score", "positive"]
    yield names, [[f"{row[name]:g}" for name in names] for row in worth.calibration]
    yield (
        ["part", "pages", "hosts", "positives", "AUC"],
        [
            [
                one.name,
                f"{one.pages:,}",
                f"{one.hosts:,}",
                f"{one.positives:,}",
                str(one.auc or "too few to say"),
            ]
            for one in worth.slices
        ],
    )
    names = ["host", "pages", "positives", "mean_score"]
    yield names, [[str(row[name]) for name in names] for row in worth.by_host]


def worth_page(name: str, worths: Mapping[str, Worth], tries: Sequence[TriedFit] = ()) -> str:
    """A page in Markdown that says what a model is worth, by class where there are several, and what was tried for it.

    Nothing in it depends on where or when it was made.
    """
    lines = [f"# The quality classifier of {name}"]
    for label, worth in worths.items():
        lines += [""] if len(worths) == 1 else ["", f"## {markdown_escaped(label)}, against all others", ""]
        lines += [f"- {markdown_escaped(line)}" for line in worth_lines(worth)]
        for heads, rows in _tables(worth):
            lines += _markdown_table(heads, rows)
    if tries:
        lines += ["", "## Fits that were tried", "", "The best on the validation hosts is kept."]
        names = sorted(tries[0].options)
        rows = [
            [*(f"{one.options[name]:g}" for name in names), _try_auc(one), "yes" if one.chosen else ""]
            for one in tries
        ]
        lines += _markdown_table([*names, "AUC, validation hosts", "kept"], rows)
    return "\n".join(lines) + "\n"


def _try_auc(tried: TriedFit) -> str:
    return "could not train" if tried.auc is None else f"{tried.auc:.4f}"


def _markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return lines + [f"| {' | '.join(map(markdown_escaped, row))} |" for row in rows]


def markdown_escaped(text: str) -> str:
    """Text of data as Markdown shows it."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", printable(text))


def comparison_lines(compared: Comparison, one: str, other: str) -> Iterator[str]:
    """AUCs, the verdict, and the pages on which two models differ most."""
    yield f"{compared.pages:,} pages of {compared.hosts:,} hosts that neither was trained on, as far as is known"
    if compared.one is not None:
        yield f"first, {one}: AUC {compared.one}"
        yield f"second, {other}: AUC {compared.other}"
    yield compared.verdict()
    yield f"they agree on {compared.agree:.1%} of the pages; farthest apart are"
    for page in compared.disagreements:
        kind = "reference" if page.positive else "random"
        yield f"{kind}: {page.one:.3f} and {page.other:.3f} {page.host}: {page.snippet}"
