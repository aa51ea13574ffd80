"""Documents and the filters that they passed in, what the rules measure of each out.

Where a filter wrote its values down they are read; else its rules judge the same texts again, by the config in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class RemadeFilter:
    """A filter as it judged: its options, and what its run found for it, as a model, a threshold, rules in a rule's place."""

    made: Filter
    params: FilterParams

    def values(self, batch: pa.RecordBatch) -> dict[str, npt.NDArray[np.float64]]:
        """The columns of values (`measures`) of a batch of documents by its rules; all see it as it is."""
        measuring = self.made.model_copy(update={"annotate_only": True})
        judging = measuring.judging(self.params)
        return measures([one for rule in judging for one in rule.judge(self.params.model)(batch)])


def remade_filter(places: Places, node: str) -> RemadeFilter | None:
    """The filter that a node ran, of its manifest; None where it is another one now, or what it read is gone.

    A manifest does not say where models and lists lie. The fingerprint, which holds their content, tells whether what is
    found without that is the same.
    """
    manifest, inputs = places.manifests[node], places.inputs(node)
    try:
        rules = [RULES.find(options["rule"]).model_validate(options) for options in manifest.config["rules"]]
        made = Filter(rules=tuple(rules), annotate_only=manifest.config["annotate_only"])
        if made.fingerprint(list(manifest.inputs)) != manifest.fingerprint:
            return None
        documents = [one for one in inputs if one.wrote_documents]
        beside = [one for one in inputs if not one.wrote_documents and not one.dropped]
        return RemadeFilter(made, made.params_of([*documents[:1], *beside]))
    except (
        UserError,
        ValueError,
        IndexError,
        FileNotFoundError,
    ):  # no such rule or model any more, or its place is not known
        return None


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
        for name, values in _judged(remade, texts).items():
            found[name] |= values
    return found, unknown


def _judged(remade: RemadeFilter, texts: Mapping[str, Row]) -> dict[str, dict[str, float]]:
    batch = pa.RecordBatch.from_pylist(list(texts.values()), schema=DOCUMENT_SCHEMA)
    columns = remade.values(batch)
    return {
        name: {column: float(values[number]) for column, values in columns.items()}
        for number, name in enumerate(texts)
    }


def scores_of(row: Row) -> dict[str, float]:
    """What a document itself says of its scores."""
    return {name: row[name] for name in SCORES if row.get(name) is not None}
