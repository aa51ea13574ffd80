"""Documents in, nothing out but a clear error when two of them have one id: the keeper of duplicates is chosen by id.

hash (shard -> hashes of ids by range) -> check (range -> an error that names repeated ids and their files).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.errors import UserError
from stages.core.exchange import destination_of, num_destinations, read_destination
from stages.core.parquet import read_rows
from stages.core.stage import DOCUMENTS, EXCHANGE, Manifest, ShardReport, Stage, Task
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    SpillingExchange,
    node_ids,
    range_tasks,
    shard_tasks,
    split_nodes,
)
from stages.kernels.hash.hashing import hash_strings

IDS_SCHEMA = pa.schema([("hash", pa.uint64()), ("node", pa.uint64())])
ROW_BYTES = 16
MAX_NAMED = 3


def _destinations(documents: Manifest) -> int:
    return num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)


class HashIds(Stage):
    """Shard -> hashes of its ids, by range."""

    stage_name: ClassVar[str] = "ids_hash"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        return shard_tasks(documents, destinations=_destinations(documents))

    def run(self, task: Task) -> ShardReport:
        """Only the column of ids is read."""
        count, start = task.params["destinations"], 0
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, IDS_SCHEMA, count)
            for batch in out.read(task.inputs, ["id"]):
                hashes = hash_strings(batch.column("id"))
                nodes = node_ids(task.params["shard"], start, batch.num_rows)
                rows = pa.RecordBatch.from_arrays([pa.array(hashes), pa.array(nodes)], schema=IDS_SCHEMA)
                exchange.write(rows, destination_of(hashes, count))
                start += batch.num_rows
                out.pass_on(batch.num_rows)
            exchange.finish()
        return out.report


class CheckIds(Stage):
    """Range of hashes -> nothing, or a UserError that names ids which repeat. Inputs: hashes, documents."""

    stage_name: ClassVar[str] = "ids_check"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        hashes, documents = inputs
        uris = documents.uris(DOCUMENTS)
        return range_tasks(hashes.uris(EXCHANGE), _destinations(documents), documents=uris)

    def run(self, task: Task) -> ShardReport:
        """Equal hashes are looked up: only equal ids are a mistake."""
        with TaskWriter(task, self.stage_name) as out:
            batches = read_destination(task.inputs, task.params["destination"])
            rows = pa.Table.from_batches(batches, IDS_SCHEMA)
            repeated = list(_repeated(rows, task.params["documents"]))
            if repeated:
                raise UserError(
                    f"ids that are there more than once: {'; '.join(repeated)}; every document needs an id of its "
                    "own, so give each dump once, and name raw files of one source differently"
                )
        return out.report


def _repeated(rows: pa.Table, uris: Sequence[str]) -> Iterator[str]:
    """At most MAX_NAMED ids that repeat, with the files of two documents that have them."""
    hashes, nodes = rows.column("hash").to_numpy(), rows.column("node").to_numpy()
    order = np.lexsort((nodes, hashes))
    hashes, nodes = hashes[order], nodes[order]
    named = 0
    for place in np.flatnonzero(hashes[1:] == hashes[:-1]):
        one, other = (_id_of(nodes[at], uris) for at in (place, place + 1))
        if one[0] == other[0]:
            yield (
                f"{one[0]!r} in {one[1]} and {other[1]}" if one[1] != other[1] else f"{one[0]!r} in {one[1]}"
            )
            named += 1
        if named == MAX_NAMED:
            return


def _id_of(node: np.uint64, uris: Sequence[str]) -> tuple[str, str]:
    shards, rows = split_nodes(np.array([node], np.uint64))
    uri = uris[int(shards[0])]
    return _first(uri, rows), uri


def _first(uri: str, rows: npt.NDArray[np.uint32]) -> str:
    found: str = next(read_rows(uri, rows, ["id"])).column("id")[0].as_py()
    return found


def unique_ids() -> list[Step]:
    """hash -> check; the check gives no documents."""
    return [Step(HashIds(), (0,)), Step(CheckIds(), (1, 0))]
