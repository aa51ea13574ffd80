"""A run with filters in, what each rule measured and dropped out, and what other thresholds would drop.

A filter run with `annotate_only` left a table with every value of every document: from it come quantiles, shares and
other thresholds. Any other filter left a ledger, which knows the values of what it dropped and nothing of what it kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.graph import run_manifests
from pipeline.sources import sources_in_order
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import LEDGER, VALUES, Manifest
from stages.core.parquet import read_batches
from stages.core.stage import is_made_by
from stages.core.values import FIXED
from stages.filter.stage import Filter
from stages.filter.values import PASSED
from stages.filter.verdict import AT_LEAST, AT_MOST

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MAX_QUANTILE_ROWS = 2_000_000
"""Values in memory at a time; of more documents every second, third, ... counts for the quantiles."""

FACTORS = (0.5, 0.8, 1.25, 2.0)
BESIDE_ZERO = (1.0, 2.0, 5.0, 10.0)
"""Thresholds that are shown besides the config's: these multiples of it, and these where it is 0."""

CONFIG, ASKED = "config", "asked"

ALL = "*"
"""Of all sources together: no source is called so."""


@dataclass
class Drops:
    """Documents and bytes of text that a threshold drops."""

    documents: int = 0
    text_bytes: int = 0

    def add(self, failed: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> None:
        """Count the rows that fail."""
        self.documents += int(failed.sum())
        self.text_bytes += int(lengths[failed].sum())


@dataclass
class Bound(Drops):
    """What one threshold drops; by source or language it may be several, from `lowest` to `highest`."""

    lowest: float = np.inf
    highest: float = -np.inf


@dataclass
class Measure:
    """One value of a rule over the documents of one source; `bounds` by (`at_least`..., `config` or what beside it)."""

    total: Drops = field(default_factory=Drops)
    quantiles: list[float] = field(default_factory=list)
    bounds: dict[tuple[str, str], Bound] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueTables:
    """The tables of values of one annotating filter of a run."""

    node: str
    uris: tuple[str, ...]
    rows: int
    names: tuple[str, ...]

    def parts(self, name: str) -> list[str]:
        """What stands beside a value: `at_least`, `at_most` (both, for a range) or `passed`."""
        return [part for part in (AT_LEAST, AT_MOST, PASSED) if f"{name}:{part}" in self.names]

    def measured(self) -> list[str]:
        """Names of the values."""
        return [name for name in self.names if ":" not in name]


def values_of(node: str, manifest: Manifest) -> ValueTables | None:
    """The tables of values of a filter, or None where it wrote none."""
    uris = manifest.uris(VALUES)
    if not uris:
        return None
    return ValueTables(node, tuple(uris), manifest.rows(VALUES), tuple(_columns(uris[0])))


def filters_of(run: str) -> dict[str, Manifest]:
    """The finished filters of a run."""
    filters = {n: m for n, m in run_manifests(run).items() if is_made_by(m, Filter)}
    if not filters:
        raise UserError(f"{run}: holds no finished filter")
    return filters


def _columns(uri: str) -> list[str]:
    with storage.open_arrow(uri) as raw:
        names: list[str] = pq.read_schema(raw).names
    return names[len(FIXED) :]


def measure_values(values: ValueTables, name: str, asked: float | None = None) -> dict[str, Measure]:
    """What one value is over every source, and over all where there are several, in one pass over its columns."""
    parts = values.parts(name)
    columns = ["source", "text_bytes", name, *(f"{name}:{part}" for part in parts)]
    step = max(1, -(-values.rows // MAX_QUANTILE_ROWS))
    measures: dict[str, Measure] = {}
    sampled: dict[str, list[npt.NDArray[np.float64]]] = {}
    passed_rows = 0
    for batch in read_batches(values.uris, columns):
        sources = batch.column("source").dictionary_encode()
        codes, names = sources.indices.to_numpy(), sources.dictionary.to_pylist()
        arrays = {c: batch.column(c).to_numpy(zero_copy_only=False) for c in columns[1:]}
        chosen = (np.arange(batch.num_rows) + passed_rows) % step == 0
        passed_rows += batch.num_rows
        for number, source in enumerate(names):
            rows = codes == number
            own = {c: array[rows] for c, array in arrays.items()}
            for key in (source, ALL):
                _add(measures.setdefault(key, Measure()), own, name, parts, asked)
            sampled.setdefault(source, []).append(own[name][chosen[rows]])
    if len(measures) == 2:
        del measures[ALL]
    for key, measured in measures.items():
        pieces = sampled[key] if key != ALL else [piece for some in sampled.values() for piece in some]
        measured.quantiles = _quantiles(np.concatenate(pieces))
    order = [*sources_in_order(set(measures) - {ALL}), ALL]
    return {key: measures[key] for key in order if key in measures}


def _quantiles(values: npt.NDArray[np.float64]) -> list[float]:
    """Each the smallest value that at least this share of the documents do not exceed; of those that have one."""
    values = values[~np.isnan(values)]
    if not len(values):
        return []
    return [float(q) for q in np.quantile(values, QUANTILES, method="inverted_cdf")]


def _add(
    measured: Measure,
    own: Mapping[str, npt.NDArray[np.float64]],
    name: str,
    parts: Sequence[str],
    asked: float | None,
) -> None:
    lengths = own["text_bytes"].astype(np.int64)
    value = own[name]
    measured.total.add(np.ones(len(value), bool), lengths)
    for part in parts:
        config = own[f"{name}:{part}"]
        if not len(config):
            continue
        for label, threshold in _thresholds(part, config, asked):
            bound = measured.bounds.setdefault((part, label), Bound())
            fails = threshold == 0 if part == PASSED else _fails(part, value, threshold)
            judged = ~np.isnan(config)  # a document that the rule cannot judge has no threshold, and passes
            bound.add(fails & judged, lengths)
            if judged.any():
                bound.lowest = min(bound.lowest, float(threshold[judged].min()))
                bound.highest = max(bound.highest, float(threshold[judged].max()))


def _fails(
    side: str, value: npt.NDArray[np.float64], threshold: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    # not `value < threshold`: what is no number does not pass
    return ~(value >= threshold) if side == AT_LEAST else ~(value <= threshold)


def _thresholds(
    part: str, config: npt.NDArray[np.float64], asked: float | None
) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """The config's threshold of each row, and beside it the one that was asked for or some around it."""
    yield CONFIG, config
    if part == PASSED:
        return
    if asked is not None:
        yield ASKED, np.full(len(config), asked)
        return
    for factor, beside_zero in zip(FACTORS, BESIDE_ZERO, strict=True):
        yield f"x {factor:g}", np.where(config == 0, beside_zero, config * factor)


def ledger_drops(manifest: Manifest) -> dict[tuple[str, str, str], Drops]:
    """Documents and bytes by (action, rule, source) of a filter's ledger."""
    found: dict[tuple[str, str, str], Drops] = {}
    keys = ["action", "rule", "source"]
    for batch in read_batches(manifest.uris(LEDGER), [*keys, "text_bytes"]):
        groups = pa.Table.from_batches([batch]).group_by(keys)
        for row in groups.aggregate([("text_bytes", "sum"), ("text_bytes", "count")]).to_pylist():
            drops = found.setdefault((row["action"], row["rule"], row["source"]), Drops())
            drops.documents += row["text_bytes_count"]
            drops.text_bytes += row["text_bytes_sum"]
    return dict(sorted(found.items()))


def chosen_names(known: Iterable[str], rule: str | None) -> list[str]:
    """The values that belong to a rule; a UserError when there is none."""
    listed = list(known)
    chosen = [n for n in listed if rule is None or n == rule or n.startswith((f"{rule}.", f"{rule}_"))]
    if not chosen:
        shown = ", ".join(listed) or "none"
        raise UserError(f"--rule {rule}: nothing of this name there; known: {shown}")
    return chosen


def asked_thresholds(given: Sequence[str], known: Iterable[str]) -> dict[str, float]:
    """`NAME=VALUE` of the command line; a UserError for an unknown name or what is no number."""
    listed = list(known)
    found = {}
    for pair in given:
        name, _, number = pair.partition("=")
        if name not in listed:
            raise UserError(f"--threshold {pair}: no value {name!r} there; known: {', '.join(listed)}")
        try:
            found[name] = float(number)
        except ValueError:
            raise UserError(f"--threshold {pair}: give NAME=NUMBER, as in {name}=1") from None
    return found
