"""Documents and the filters that they passed in, what the rules measure of each out.

Where a filter wrote its values down they are read; else its rules judge the same texts again, by the config in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.look.places import Places
from pipeline.look.rows import Row, rows_by_id
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.errors import UserError
from stages.core.manifest import VALUES, Manifest
from stages.filter.rule import RULES
from stages.filter.stage import Filter, FilterParams
from stages.filter.values import measures

SCORES = ("language_score", "perplexity", "quality")
"""Columns of documents that rules fill."""


def remade_filter(places: Places, node: str) -> tuple[Filter, FilterParams] | None:
    """The filter of a node, of its config, and what the run trained for it; None where it is another one now.

    A manifest does not say where models and lists lie. The fingerprint, which holds their content, tells whether what is
    found without that is the same.
    """
    manifest, inputs = places.manifests[node], places.inputs(node)
    if len(inputs) != len(manifest.inputs):  # a run that it read is gone
        return None
    try:
        rules = [RULES.find(options["rule"]).model_validate(options) for options in manifest.config["rules"]]
        made = Filter(rules=tuple(rules), annotate_only=manifest.config["annotate_only"])
        same = made.fingerprint(list(manifest.inputs)) == manifest.fingerprint
    except (
        UserError,
        ValueError,
        FileNotFoundError,
    ):  # no such rule or model any more, or its place is not known
        return None
    return (made, made.params_of(inputs)) if same else None


def judged_values(
    made: Filter, params: FilterParams, batch: pa.RecordBatch
) -> dict[str, npt.NDArray[np.float64]]:
    """The columns of values (`measures`) of a batch of documents by the rules of a filter; all see it as it is."""
    measuring = made.model_copy(update={"annotate_only": True})
    verdicts = [one for rule in measuring.judging(params) for one in rule.judge(params.model)(batch)]
    return measures(verdicts)


def values_by_id(
    places: Places, filters: Iterable[tuple[str, Manifest]], ids: Sequence[str]
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Values by id and name, thresholds among them (`<rule>:at_least`), and the filters that could not measure again."""
    found: dict[str, dict[str, float]] = {name: {} for name in ids}
    unknown = []
    for node, manifest in filters:
        if manifest.of_kind(VALUES):
            rows = rows_by_id(manifest.uris(VALUES), ids)
            for name, row in rows.items():
                found[name] |= {k: v for k, v in row.items() if isinstance(v, float)}
            continue
        texts = rows_by_id(places.texts_before(node), ids)
        if not texts:
            continue
        remade = remade_filter(places, node)
        if remade is None:
            unknown.append(node)
            continue
        for name, values in _judged(*remade, texts).items():
            found[name] |= values
    return found, unknown


def _judged(made: Filter, params: FilterParams, texts: Mapping[str, Row]) -> dict[str, dict[str, float]]:
    batch = pa.RecordBatch.from_pylist(list(texts.values()), schema=DOCUMENT_SCHEMA)
    columns = judged_values(made, params, batch)
    return {
        name: {column: float(values[number]) for column, values in columns.items()}
        for number, name in enumerate(texts)
    }


def scores_of(row: Row) -> dict[str, float]:
    """What a document itself says of its scores."""
    return {name: row[name] for name in SCORES if row.get(name) is not None}
