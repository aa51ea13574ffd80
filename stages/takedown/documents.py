"""Finished documents and lists of what must go in, the other documents out; shards that hold none of it are reused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.finished import FinishedFiles
from stages.core.ledger import DROP, MERGE
from stages.core.manifest import DOCUMENTS, LEDGER, TABLE, FileInfo, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.stored import read_stored_table
from stages.core.writer import TaskWriter
from stages.takedown.requests import RequestLists, Requests

RULE = "removed_on_request"
"""The ledger's rule of what was taken out; `detail` names the request."""

HOLDERS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("goes", pa.bool_(), nullable=False),
    ]
)
"""A document that holds what was asked for under another id, what it holds, and whether it goes for that."""


class TextHolder(NamedTuple):
    """Why a document holds what was asked for; whether it is only the kept one of duplicates, and no part of it is the
    other's own text."""

    detail: str
    is_duplicate: bool


class FindHoldersParams(Record):
    """The ledgers of a run, stage by stage in its order."""

    ledgers: tuple[FinishedFiles, ...]


class FindHolders(RequestLists, Stage[FindHoldersParams]):
    """What a run's ledgers say of the requests -> documents that hold their text under another id. Inputs: all its stages.

    An answer that became part of its thread is in the thread's document, which goes; of what was dropped as a duplicate
    the kept one goes where `with_duplicates` says so, and what that one was dropped for later on.
    """

    stage_name: ClassVar[str] = "takedown_holders"

    with_duplicates: bool = Field(
        False, description="the one that was kept of duplicates goes too where one of the others is asked for"
    )

    def dependencies(self) -> list[str]:
        """What the lists hold."""
        return self.contents()

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[FindHoldersParams]]:
        """One task, which streams four columns: whose partner is whose is known only after the stages before."""
        ledgers = tuple(
            files for one in inputs if one.of_kind(LEDGER) for files in FinishedFiles.of(one, LEDGER)
        )
        return [Task(task_id(0), (), FindHoldersParams(ledgers=ledgers))]

    def run(self, task: Task[FindHoldersParams]) -> ShardReport:
        """Follow partners from stage to stage, until a pass over the ledgers finds no more."""
        requests, holders = self.read(), dict[str, TextHolder]()
        with TaskWriter(task, self.stage_name) as out:
            while _follow(task.params.ledgers, requests, holders):
                pass
            rows = {
                "id": list(holders),
                "detail": [holder.detail for holder in holders.values()],
                "goes": [self.with_duplicates or not holder.is_duplicate for holder in holders.values()],
            }
            out.write_table("holders", HOLDERS_SCHEMA, [pa.table(rows, schema=HOLDERS_SCHEMA)])
        return out.report


def _follow(ledgers: Sequence[FinishedFiles], requests: Requests, holders: dict[str, TextHolder]) -> bool:
    """Add the partners of what is asked for, or holds what is, by the rows of the ledgers; whether there were new ones."""
    grown = False
    uris = (file.uri for files in ledgers for file in files.read())
    for batch in read_batches(uris, ["id", "action", "partner", "url"]):
        rows = batch.filter(batch.column("partner").is_valid())
        asked = requests.reasons(rows.column("id"), rows.column("url"))
        names, actions, partners = (rows.column(name).to_pylist() for name in ("id", "action", "partner"))
        for row, (name, action, partner) in enumerate(zip(names, actions, partners, strict=True)):
            through = TextHolder(asked[row], False) if row in asked else holders.get(name)
            if through is None or action not in (DROP, MERGE):
                continue
            is_duplicate = through.is_duplicate or action == DROP
            known = holders.get(partner)
            if known is None or (known.is_duplicate and not is_duplicate):
                how = "kept for its duplicate" if action == DROP else "holds"
                holders[partner] = TextHolder(f"{how} {name}; {through.detail}", is_duplicate)
                grown = True
    return grown


class TakedownParams(Record):
    """A document shard, the stage (fingerprint) that it is of, and where the table of holders lies."""

    file: FileInfo
    stage: str
    holders: str


class TakenShard(Record):
    """What became of a shard: taken over from a stage (fingerprint) byte for byte, or made anew (None).

    `duplicates_left` are its documents that were kept for a duplicate which is asked for, and stay.
    """

    file: str
    reused_from: str | None
    duplicates_left: int


class Takedown(RequestLists, Stage[TakedownParams]):
    """Shard -> the same shard, or one without what was asked for. Inputs: documents, holders."""

    stage_name: ClassVar[str] = "takedown"

    def dependencies(self) -> list[str]:
        """What the lists hold."""
        return self.contents()

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[TakedownParams]]:
        """One task per document shard."""
        documents, holders = inputs
        (table,) = holders.uris(TABLE)
        shards = zip(documents.uris(DOCUMENTS), documents.of_kind(DOCUMENTS), strict=True)
        return [
            Task(task_id(i), (uri,), TakedownParams(file=file, stage=documents.fingerprint, holders=table))
            for i, (uri, file) in enumerate(shards)
        ]

    def run(self, task: Task[TakedownParams]) -> ShardReport:
        """Look at ids and URLs; only a shard that holds something that must go is read whole."""
        params = task.params
        holders = read_stored_table(params.holders, HOLDERS_SCHEMA.names)
        gone, left = _gone(task.inputs[0], self.read(), holders)
        with TaskWriter(task, self.stage_name) as out:
            if gone:
                _remove(out, task.inputs, gone)
            else:
                out.reuse_documents(task.inputs[0], params.file)
            out.facts = TakenShard(
                file=params.file.name, reused_from=None if gone else params.stage, duplicates_left=left
            )
        return out.report


def _gone(uri: str, requests: Requests, holders: pa.Table) -> tuple[dict[int, str], int]:
    """Rows of a shard that must go, ascending, and why; how many of the others are kept ones of duplicates."""
    found: dict[int, str] = {}
    start = left = 0
    names = holders.column("id").combine_chunks()
    goes, details = holders.column("goes").to_pylist(), holders.column("detail").to_pylist()
    for batch in read_batches([uri], ["id", "url"]):
        reasons = requests.reasons(batch.column("id"), batch.column("url"))
        places = pc.index_in(batch.column("id").cast(pa.string()), value_set=names)
        held = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False)).tolist()
        for row in held:
            if row not in reasons:
                place = places[row].as_py()
                left += not goes[place]
                if goes[place]:
                    reasons[row] = details[place]
        found |= {start + row: reasons[row] for row in sorted(reasons)}
        start += batch.num_rows
    return found, left


def _remove(out: TaskWriter, uris: Sequence[str], gone: Mapping[int, str]) -> None:
    """Copy a shard without some of its rows; those go to the ledger."""
    rows, why = np.array(list(gone), np.int64), list(gone.values())
    start = 0
    for batch in out.read(uris):
        begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
        keep = np.ones(batch.num_rows, dtype=bool)
        keep[rows[begin:end] - start] = False
        dropped = batch.filter(pa.array(~keep))
        out.ledger.rows(dropped, rule=RULE, detail=pa.array(why[begin:end], pa.string()))
        out.keep(batch.filter(pa.array(keep)) if end > begin else batch)
        start += batch.num_rows
