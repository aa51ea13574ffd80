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
from stages.core.exchange import Exchange, num_destinations
from stages.core.finished import FinishedFiles
from stages.core.manifest import DOCUMENTS, Manifest, ShardReport
from stages.core.parquet import read_rows
from stages.core.stage import Stage, Task
from stages.core.verb import Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    RangeParams,
    ShardParams,
    node_ids,
    num_shards,
    range_table,
    range_tasks,
    shard_tasks,
    split_nodes,
)
from stages.kernels.hash.hashing import hash_strings

IDS_SCHEMA = pa.schema([("hash", pa.uint64()), ("node", pa.uint64())])
ROW_BYTES = 16
MAX_NAMED = 3


class IdsParams(ShardParams):
    """A shard, and into how many ranges the hashes of its ids go."""

    destinations: int


class HashIds(Stage[IdsParams]):
    """Shard -> hashes of its ids, by range."""

    stage_name: ClassVar[str] = "ids_hash"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[IdsParams]]:
        """One task per document shard."""
        (documents,) = inputs
        count = num_destinations(documents.documents_out * ROW_BYTES, DESTINATION_BYTES)
        return shard_tasks(documents, lambda shard: IdsParams(shard=shard, destinations=count))

    def run(self, task: Task[IdsParams]) -> ShardReport:
        """Only the column of ids is read."""
        start = 0
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(IDS_SCHEMA, task.params.destinations)
            for batch in out.read(task.inputs, ["id"]):
                hashes = hash_strings(batch.column("id"))
                nodes = node_ids(task.params.shard, start, batch.num_rows)
                rows = pa.RecordBatch.from_arrays([pa.array(hashes), pa.array(nodes)], schema=IDS_SCHEMA)
                exchange.send(rows, hashes)
                start += batch.num_rows
                out.pass_on(batch.num_rows)
        return out.report


class CheckParams(RangeParams):
    """A range of hashes, and the document shards in which ids are looked up."""

    documents: tuple[FinishedFiles, ...]


class CheckIds(Stage[CheckParams]):
    """Range of hashes -> nothing, or a UserError that names ids which repeat. Inputs: hashes, documents."""

    stage_name: ClassVar[str] = "ids_check"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[CheckParams]]:
        """One task per range."""
        hashes, shards = Exchange.of(inputs[0]), num_shards(inputs[1])
        documents = FinishedFiles.of(inputs[1], DOCUMENTS)
        return range_tasks(
            hashes,
            lambda part: CheckParams(rows=hashes, destination=part, shards=shards, documents=documents),
        )

    def run(self, task: Task[CheckParams]) -> ShardReport:
        """Equal hashes are looked up: only equal ids are a mistake."""
        with TaskWriter(task, self.stage_name) as out:
            rows = range_table(out, task.params, IDS_SCHEMA)
            repeated = list(_repeated(rows, task.params.documents))
            if repeated:
                raise UserError(
                    f"ids that are there more than once: {'; '.join(repeated)}; every document needs an id of its "
                    "own, so give each dump once, and name raw files of one source differently"
                )
        return out.report


def _repeated(rows: pa.Table, documents: Sequence[FinishedFiles]) -> Iterator[str]:
    """At most MAX_NAMED ids that repeat, with the files of two documents that have them."""
    hashes, nodes = rows.column("hash").to_numpy(), rows.column("node").to_numpy()
    order = np.lexsort((nodes, hashes))
    hashes, nodes = hashes[order], nodes[order]
    places = np.flatnonzero(hashes[1:] == hashes[:-1])
    uris = [file.uri for files in documents for file in files.read()] if len(places) else []
    named = 0
    for place in places:
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


def check_unique_ids(wiring: Wiring, documents: str) -> None:
    """hash -> check; the check gives no documents."""
    wiring.add(CheckIds(), wiring.add(HashIds(), documents), documents)
