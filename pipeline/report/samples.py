"""A run in, what its report shows of single documents out: examples by rule and source, histograms of values, clusters.

All of it is drawn by ids and a seed, and no more than a part of a sample's texts is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.look.kept import kept_sample
from pipeline.look.places import Places
from pipeline.look.rows import Draw, chance_of, rows_by_id
from pipeline.look.sample import Looked, Wanted, looked_at
from pipeline.look.values import remade_filter
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.errors import UserError
from stages.core.ledger import DROP, EDIT, LEDGER_SCHEMA
from stages.core.manifest import LEDGER, VALUES, Manifest
from stages.core.parquet import read_batches
from stages.core.values import FIXED
from stages.filter.verdict import AT_LEAST, AT_MOST

NUM_BINS = 40
SAMPLE_DOCUMENTS = 1000
"""Of each filter that wrote no values down: documents that its rules judge again for the histograms."""

SAMPLE_VALUES = 20_000
"""Values of a rule, out of a table or a ledger, that a histogram is made of."""

MAX_THRESHOLDS = 3
"""Of one value; where every document has another one, as in a record that ends early, none is drawn."""

_AT_A_TIME = 50
TAIL = 0.005
"""Share of the values at either end that is counted into the last bins, so that one odd document does not flatten all."""


@dataclass(frozen=True)
class RuleExamples:
    """Examples of what a rule dropped or edited, and of what was kept of the same sources."""

    rule: str
    dropped: tuple[Looked, ...]
    kept: tuple[Looked, ...]


def rule_examples(run: str, places: Places, count: int, seed: int) -> list[RuleExamples]:
    """A few examples of every rule, in one pass over the ledgers, rules in the order of the run."""
    draws: dict[str, Draw] = {}
    for node, manifest in places.manifests.items():
        for batch in read_batches(manifest.uris(LEDGER), LEDGER_SCHEMA.names):
            lost = batch.filter(pc.is_in(batch.column("action"), value_set=pa.array([DROP, EDIT])))
            for rule in pc.unique(lost.column("rule")).to_pylist():
                own = lost.filter(pc.equal(lost.column("rule"), rule))
                named = own.append_column("node", pa.array([node] * own.num_rows, pa.string()))
                draw = draws.setdefault(rule, Draw(count))
                draw.add(named, np.zeros(own.num_rows), chance_of(own.column("id"), seed))
    kept: dict[str, list[Looked]] = {}
    found = []
    for rule, draw in draws.items():
        dropped = looked_at(places, draw.rows())
        for source in {one.source for one in dropped} - kept.keys():
            kept[source] = _kept_of(run, source, count, seed)
        beside = [one for source in dict.fromkeys(one.source for one in dropped) for one in kept[source]]
        found.append(RuleExamples(rule, tuple(dropped), tuple(beside[:count])))
    return found


def _kept_of(run: str, source: str, count: int, seed: int) -> list[Looked]:
    try:
        return kept_sample(run, Wanted(source=source, count=count, seed=seed))
    except UserError:  # nothing of it was kept
        return []


@dataclass(frozen=True)
class ValueHistogram:
    """How often a value is in which bin (`edges` has one more), and the thresholds that it is held against, by side.

    `rows` values were counted; `what` says of what.
    """

    node: str
    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    thresholds: tuple[tuple[str, float], ...]
    rows: int
    what: str


def value_histograms(places: Places, seed: int) -> Iterator[ValueHistogram]:
    """Of every value of every filter, then of every value that a ledger holds of what other stages dropped."""
    for node, manifest in places.manifests.items():
        if manifest.of_kind(VALUES):
            yield from _written(node, manifest, seed)
        elif manifest.stage == "filter" and (remade := remade_filter(places, node)) is not None:
            ids = _sampled_ids(places.texts_before(node), seed)
            columns: dict[str, list[npt.NDArray[np.float64]]] = {}
            for start in range(0, len(ids), _AT_A_TIME):
                texts = rows_by_id(places.texts_before(node), ids[start : start + _AT_A_TIME])
                batch = pa.RecordBatch.from_pylist(list(texts.values()), schema=DOCUMENT_SCHEMA)
                for name, values in remade.values(batch).items():
                    columns.setdefault(name, []).append(values)
            whole = {name: np.concatenate(parts) for name, parts in columns.items()}
            yield from _histograms(node, whole, f"a sample of {len(ids):,} of its documents, measured again")
        elif manifest.of_kind(LEDGER):
            yield from _of_ledger(node, manifest, seed)


def _written(node: str, manifest: Manifest, seed: int) -> Iterator[ValueHistogram]:
    draw = Draw(SAMPLE_VALUES)
    total = 0
    for batch in read_batches(manifest.uris(VALUES)):
        total += batch.num_rows
        draw.add(batch, np.zeros(batch.num_rows), chance_of(batch.column("id"), seed))
    rows = draw.rows()
    fixed = {one.name for one in FIXED}
    columns = {
        name: _floats(row[name] for row in rows) for name in (rows[0] if rows else {}) if name not in fixed
    }
    what = f"all {total:,} documents" if total <= SAMPLE_VALUES else f"{len(rows):,} of {total:,} documents"
    yield from _histograms(node, columns, what)


def _of_ledger(node: str, manifest: Manifest, seed: int) -> Iterator[ValueHistogram]:
    draws: dict[str, Draw] = {}
    for batch in read_batches(manifest.uris(LEDGER), ["id", "rule", "value", "threshold"]):
        valued = batch.filter(pc.is_valid(batch.column("value")))
        for rule in pc.unique(valued.column("rule")).to_pylist():
            own = valued.filter(pc.equal(valued.column("rule"), rule))
            draw = draws.setdefault(rule, Draw(SAMPLE_VALUES))
            draw.add(own, np.zeros(own.num_rows), chance_of(own.column("id"), seed))
    for rule, draw in draws.items():
        rows = draw.rows()
        columns = {rule: _floats(row["value"] for row in rows)}
        thresholds = _floats(row["threshold"] for row in rows)
        if not np.isnan(thresholds).all():
            columns[f"{rule}:threshold"] = thresholds
        yield from _histograms(
            node, columns, f"{len(rows):,} rows of its ledger: what the rule dropped or edited"
        )


def _floats(values: Iterator[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _sampled_ids(uris: Sequence[str], seed: int) -> list[str]:
    draw = Draw(SAMPLE_DOCUMENTS)
    for batch in read_batches(uris, ["id"]):
        draw.add(batch, np.zeros(batch.num_rows), chance_of(batch.column("id"), seed))
    return [row["id"] for row in draw.rows()]


def _histograms(
    node: str, columns: dict[str, npt.NDArray[np.float64]], what: str
) -> Iterator[ValueHistogram]:
    for name, values in columns.items():
        there = values[np.isfinite(values)]
        if ":" in name or len(np.unique(there)) < 2:  # a bar of equal values shows nothing
            continue
        thresholds = []
        for part in (AT_LEAST, AT_MOST, "threshold"):
            bound = columns.get(f"{name}:{part}", np.empty(0))
            distinct = np.unique(bound[np.isfinite(bound)])
            thresholds += [(part, float(one)) for one in distinct] if len(distinct) <= MAX_THRESHOLDS else []
        low, high = np.quantile(there, [TAIL, 1 - TAIL])
        low, high = min([low, *(one for _, one in thresholds)]), max([high, *(one for _, one in thresholds)])
        edges = np.linspace(low, high if high > low else low + 1, NUM_BINS + 1)
        counts, _ = np.histogram(np.clip(there, edges[0], edges[-1]), edges)
        yield ValueHistogram(
            node, name, tuple(edges.tolist()), tuple(counts.tolist()), tuple(thresholds), len(there), what
        )


@dataclass(frozen=True)
class PartnerClusters:
    """Documents that stand for others: how many clusters have how many members, and the largest with their kept one."""

    node: str
    sizes: dict[int, int]
    largest: tuple[tuple[str, int], ...]


_SIZES = """
SELECT size, count(*) FROM (SELECT count(*) + 1 AS size FROM read_parquet(?) WHERE partner IS NOT NULL
AND action = 'drop' GROUP BY partner) GROUP BY size ORDER BY size
"""
_LARGEST = """
SELECT partner, count(*) + 1 AS size FROM read_parquet(?) WHERE partner IS NOT NULL AND action = 'drop'
GROUP BY partner ORDER BY size DESC, partner LIMIT 10
"""


def duplicate_clusters(places: Places) -> list[PartnerClusters]:
    """Of every stage of a local run whose drops name partners; DuckDB counts in bounded memory."""
    found = []
    for node, manifest in places.manifests.items():
        uris = manifest.uris(LEDGER)
        if not uris or "://" in uris[0]:
            continue
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            sizes = dict(connection.execute(_SIZES, [uris]).fetchall())
            if sizes:
                found.append(
                    PartnerClusters(node, sizes, tuple(connection.execute(_LARGEST, [uris]).fetchall()))
                )
    return found
