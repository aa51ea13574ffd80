"""A run in, documents that it kept out, with their texts and values: a seeded sample, or the nearest to a value in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.look.places import Places, ends_of, places_of
from pipeline.look.rows import Draw, Row, chance_of, rows_by_id
from pipeline.look.sample import KEPT, Looked, Wanted, nothing_fits
from pipeline.look.values import SCORES, scores_of, values_by_id
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents

NEAR_SAMPLE = 1000
"""Documents of which a value is looked up, or measured again, to find those near to one."""

_AT_A_TIME = 50
"""Documents whose texts are in memory together."""

RULES_OF_SCORES = {"language": "language_score", "reference": "quality"}
"""Rules by whose name their score is meant."""


def kept_sample(run: str, wanted: Wanted) -> list[Looked]:
    """A sample of the documents that a run ended with; a UserError where nothing fits.

    With `rule` it is those of a sample of `NEAR_SAMPLE` that have a value of it; with `near` the nearest of them first.
    """
    if wanted.near is not None and wanted.rule is None:
        raise UserError("--near: near to which value? give its name by --rule, as in --rule language_score")
    places = places_of(run)
    draw = Draw(wanted.count if wanted.rule is None else max(wanted.count, NEAR_SAMPLE))
    known: dict[str, set[str]] = {"source": set(), "language": set()}
    for node, manifest in ends_of(places).items():
        for batch in read_documents(manifest.uris(DOCUMENTS), ["id", "source", "language"]):
            for name, names in known.items():
                names |= set(pc.unique(batch.column(name)).to_pylist()) - {None}
            for name, value in (("source", wanted.source), ("language", wanted.language)):
                if value is not None:
                    batch = batch.filter(pc.fill_null(pc.equal(batch.column(name), value), False))
            named = batch.append_column("node", pa.array([node] * batch.num_rows, pa.string()))
            draw.add(named, np.zeros(batch.num_rows), chance_of(batch.column("id"), wanted.seed))
    rows = draw.rows()
    if not rows:
        raise nothing_fits(run, KEPT, wanted, known)
    if wanted.rule is not None:
        rows = _nearest(places, rows, wanted)
    return [one for part in _parts(rows) for one in _looked(places, part, wanted)]


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows of one node, some at a time, in their order."""
    start = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or place - start == _AT_A_TIME or rows[place]["node"] != rows[start]["node"]:
            yield rows[start:place]
            start = place


def _nearest(places: Places, rows: Sequence[Row], wanted: Wanted) -> list[Row]:
    """The rows whose value of the rule is nearest to what was asked, or all that have one; a UserError where none has."""
    by_node = sorted(rows, key=lambda row: str(row["node"]))
    measured: dict[str, float] = {}
    names: set[str] = set()
    for part in _parts(by_node):
        for name, values in _values(places, part).items():
            names |= {one for one in values if ":" not in one}
            if (value := _value_of(values, wanted.rule)) is not None:
                measured[name] = value
    if not measured:
        raise UserError(
            f"--rule {wanted.rule}: no document here has a value of it; known: {', '.join(sorted(names))}"
        )
    having = [row | {"value": measured[row["id"]]} for row in rows if row["id"] in measured]
    if wanted.near is not None:
        near = wanted.near
        having.sort(key=lambda row: abs(float(row["value"]) - near))
    return having[: wanted.count]


def _values(places: Places, part: Sequence[Row]) -> dict[str, dict[str, float]]:
    node, ids = part[0]["node"], [row["id"] for row in part]
    found, _ = values_by_id(places, places.filters_before(node), ids)
    for name, row in rows_by_id(places.manifests[node].uris(DOCUMENTS), ids, ["id", *SCORES]).items():
        found[name] |= scores_of(row)
    return found


def _value_of(values: dict[str, float], rule: str | None) -> float | None:
    """The value of this name, or the score, or the first value, of the rule of this name."""
    if rule is None:
        return None
    score = RULES_OF_SCORES.get(rule, rule)
    named = [score] if score in values else []
    named += [name for name in values if name.startswith((f"{rule}.", f"{rule}_")) and ":" not in name]
    return next((values[name] for name in named if not np.isnan(values[name])), None)


def _looked(places: Places, part: Sequence[Row], wanted: Wanted) -> list[Looked]:
    node = part[0]["node"]
    texts = rows_by_id(places.manifests[node].uris(DOCUMENTS), [row["id"] for row in part])
    values = _values(places, part)
    return [
        Looked(
            id=row["id"],
            source=row["source"],
            node=node,
            action=KEPT,
            url=texts[row["id"]]["url"],
            language=row["language"],
            rule=wanted.rule,
            value=row.get("value"),
            values=values[row["id"]],
            text=texts[row["id"]]["text"],
        )
        for row in part
    ]
