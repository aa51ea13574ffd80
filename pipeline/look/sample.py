"""A run in, documents that it dropped or edited out, with their texts, values and partners: a seeded sample.

What a stage dropped is read where it was: among the documents that the stage read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.look.places import Places, places_of
from pipeline.look.rows import Draw, Row, chance_of, rows_by_id
from pipeline.look.values import scores_of, values_by_id
from stages.core.errors import UserError
from stages.core.ledger import DROP, EDIT, LEDGER_SCHEMA
from stages.core.manifest import DOCUMENTS, LEDGER
from stages.core.parquet import read_batches

KEPT = "kept"


@dataclass(frozen=True)
class Wanted:
    """Which documents to look at; `near` is a value of `rule`."""

    source: str | None = None
    rule: str | None = None
    language: str | None = None
    near: float | None = None
    count: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Looked:
    """A document to look at. `text` is what its stage read, `after` what an edit made of it, None where it is not known.

    `action` is `kept`, `drop` or `edit`; `why` says why there is no text.
    """

    id: str
    source: str
    node: str
    action: str
    url: str | None = None
    language: str | None = None
    rule: str | None = None
    value: float | None = None
    threshold: float | None = None
    detail: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    text: str | None = None
    after: str | None = None
    partner: str | None = None
    partner_text: str | None = None
    why: str | None = None


def dropped_sample(run: str, wanted: Wanted) -> list[Looked]:
    """A sample of what the stages of a run dropped or edited; a UserError where nothing fits."""
    places = places_of(run)
    draw = Draw(wanted.count)
    known: dict[str, set[str]] = {"rule": set(), "source": set()}
    for node, manifest in places.manifests.items():
        for batch in read_batches(manifest.uris(LEDGER), LEDGER_SCHEMA.names):
            lost = batch.filter(pc.is_in(batch.column("action"), value_set=pa.array([DROP, EDIT])))
            for name, names in known.items():
                names |= set(pc.unique(lost.column(name)).to_pylist())
            lost = of_language(places, node, _fitting(lost, wanted), wanted.language)
            named = lost.append_column("node", pa.array([node] * lost.num_rows, pa.string()))
            draw.add(
                named, _distance(lost.column("value"), wanted.near), chance_of(lost.column("id"), wanted.seed)
            )
    rows = draw.rows()
    if not rows:
        raise nothing_fits(run, "dropped", wanted, known)
    return looked_at(places, rows)


def _fitting(batch: pa.RecordBatch, wanted: Wanted) -> pa.RecordBatch:
    if wanted.source is not None:
        batch = batch.filter(pc.equal(batch.column("source"), wanted.source))
    if wanted.rule is not None:
        rules = batch.column("rule")
        below = [pc.starts_with(rules, f"{wanted.rule}{mark}") for mark in "._"]
        batch = batch.filter(pc.or_(pc.equal(rules, wanted.rule), pc.or_(*below)))
    if wanted.near is not None:
        batch = batch.filter(pc.is_valid(batch.column("value")))
    return batch


def is_below(rule: str, wanted: str) -> bool:
    """Whether a rule of a ledger is the wanted one, or a part of it, as `gopher_quality.words`."""
    return rule == wanted or rule.startswith((f"{wanted}.", f"{wanted}_"))


def of_language(places: Places, node: str, batch: pa.RecordBatch, language: str | None) -> pa.RecordBatch:
    """Rows of a ledger whose document has this language: it says it itself, or the rule found it."""
    if language is None or batch.num_rows == 0:
        return batch
    said = rows_by_id(places.texts_before(node), batch.column("id").to_pylist(), ["id", "language"])
    languages = pa.array(
        [said.get(name, {}).get("language") for name in batch.column("id").to_pylist()], pa.string()
    )
    found = pc.starts_with(batch.column("rule"), "language")
    own = pc.if_else(found, batch.column("detail"), languages)
    return batch.filter(pc.fill_null(pc.equal(own, language), False))


def _distance(values: pa.Array, near: float | None) -> npt.NDArray[np.float64]:
    """How far each value is from `near`; all are equally far from None."""
    if near is None:
        return np.zeros(len(values))
    far: npt.NDArray[np.float64] = np.abs(values.cast(pa.float64()).to_numpy(zero_copy_only=False) - near)
    return far


def nothing_fits(run: str, what: str, wanted: Wanted, known: Mapping[str, set[str]]) -> UserError:
    """The error where no document fits, with the names that there are."""
    asked = {"source": wanted.source, "rule": wanted.rule, "language": wanted.language}
    given = " ".join(f"--{name} {value}" for name, value in asked.items() if value is not None)
    there = "; ".join(f"{name}s there: {', '.join(sorted(names)) or 'none'}" for name, names in known.items())
    return UserError(f"{run}: nothing was {what}{' of ' + given if given else ''}; {there}")


def looked_at(places: Places, rows: Sequence[Row]) -> list[Looked]:
    """Rows of ledgers, each with its `node`, with the texts that they speak of."""
    made: dict[int, Looked] = {}
    for node in dict.fromkeys(row["node"] for row in rows):
        own = {number: row for number, row in enumerate(rows) if row["node"] == node}
        made |= _of_node(places, node, own)
    return [made[number] for number in range(len(rows))]


def _of_node(places: Places, node: str, rows: Mapping[int, Row]) -> dict[int, Looked]:
    before = places.texts_before(node)
    ids = [row["id"] for row in rows.values()]
    partners = [row["partner"] for row in rows.values() if row["partner"] is not None]
    texts = rows_by_id(before, [*ids, *partners])
    edited = [row["id"] for row in rows.values() if row["action"] == EDIT]
    after = rows_by_id(places.manifests[node].uris(DOCUMENTS), edited, ["id", "text"]) if before else {}
    own_filter = [(name, one) for name, one in places.filters_before(node) if name == node]
    values, _ = values_by_id(places, own_filter, ids)
    why = None if before else _why_no_text(places, node)
    found = {}
    for number, row in rows.items():
        text = texts.get(row["id"], {})
        partner = texts.get(row["partner"], {}).get("text")
        missing = None if text else why or "the stage before does not hold it any more"
        if row["partner"] is not None and partner is None and missing is None:
            missing = "its partner lies in another run, or with what the stage did not read"
        found[number] = Looked(
            **{
                name: row[name]
                for name in ("id", "source", "action", "url", "rule", "value", "threshold", "detail")
            },
            node=node,
            language=text.get("language"),
            values=scores_of(text) | values[row["id"]],
            text=text.get("text"),
            after=after.get(row["id"], {}).get("text"),
            partner=row["partner"],
            partner_text=partner,
            why=missing,
        )
    return found


def _why_no_text(places: Places, node: str) -> str:
    names = next((one.inputs for one in places.record.nodes if one.name == node), ())
    if any(places.record.given.get(name) == "" for name in names):
        return "what this stage read lies outside the run, which does not record where"
    if places.inputs(node):
        if any(one.wrote_documents for one in places.inputs(node)):
            return "the documents of the stage before are not kept (keep: outputs); a run with --keep all holds them"
        return "the stage before holds no documents yet"
    return "it was lost on reading, before it was a text; a run does not record where its raw files lie"
