"""Finished near dedups in, their signatures as a store out, with which a later one compares new documents.

A near dedup leaves its band keys, its table of signed documents, and here which of these were kept. A later
one reads them as they are: nothing is signed again, and nothing that is published already is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from stages.core import storage
from stages.core.errors import UserError
from stages.core.exchange import Exchange
from stages.core.finished import FinishedFiles
from stages.core.location import Location
from stages.core.manifest import (
    MANIFEST_NAME,
    TABLE,
    Manifest,
    Record,
    ShardReport,
    is_whole,
    read_manifest,
)
from stages.core.parquet import read_batches
from stages.core.stage import Params, Stage, Task, is_made_by
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks, split_nodes

KEPT_SCHEMA = pa.schema([("kept", pa.bool_())])
"""A row for each document of a shard, in order."""


class KeptParams(ShardParams):
    """A shard of so many documents, and the removals of all."""

    rows: int
    removals: Exchange


class RecordKept(Stage[KeptParams]):
    """Shard -> which of its documents are kept. Inputs: signed documents, removals, documents."""

    stage_name: ClassVar[str] = "near_store"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[KeptParams]]:
        """One task per document shard."""
        signed, removals, documents = inputs[0], Exchange.of(inputs[1]), inputs[2]
        rows = [file.rows for file in signed.of_kind(TABLE)]
        return shard_tasks(
            documents, lambda shard: KeptParams(shard=shard, rows=rows[shard], removals=removals)
        )

    def run(self, task: Task[KeptParams]) -> ShardReport:
        """All rows but those that are removed."""
        with TaskWriter(task, self.stage_name) as out:
            kept = np.ones(task.params.rows, bool)
            for batch in out.receive(task.params.removals, task.params.shard):
                kept[batch.column("row").to_numpy()] = False
            table = pa.table({"kept": kept}, schema=KEPT_SCHEMA)
            out.write_table(f"kept-{task.id}", KEPT_SCHEMA, [table])
        return out.report


@dataclass(frozen=True)
class SignatureStore:
    """What a finished near dedup left in its run: the manifests of its signatures and of what it kept."""

    place: str
    signed: Manifest
    kept: Manifest

    @property
    def num_shards(self) -> int:
        """Shards of documents that were signed."""
        return len(self.signed.of_kind(TABLE))

    def require(self, version: int, **options: int) -> None:
        """A UserError unless the signatures were made by this version and with these options."""
        if self.signed.version != version:
            raise UserError(f"{self.place}: was signed by another version of Altiplano; run it again")
        for name, wanted in options.items():
            if (found := self.signed.config.get(name)) != wanted:
                raise UserError(
                    f"{self.place}: was signed with {name}={found}, here it is {wanted}; "
                    "signatures compare only when they are made alike"
                )


def open_stores(places: Sequence[str]) -> list[SignatureStore]:
    """The stores in runs of near dedup, in order; a UserError for a place without one or with an unfinished one."""
    found: dict[str, SignatureStore] = {}
    for place in places:
        stores = _stores_of(place)
        if not stores:
            raise UserError(
                f"{place}: holds no signatures; give the run of a finished near dedup (`altiplano dedup near`)"
            )
        for store in stores:
            if store.kept.fingerprint in found:
                raise UserError(f"{place}: is given twice; its documents would be compared twice")
            found[store.kept.fingerprint] = store
    return list(found.values())


def _stores_of(place: str) -> list[SignatureStore]:
    folders = [storage.join(place, name) for name in storage.list_names(place)]
    folders = [f for f in folders if storage.exists(storage.join(f, MANIFEST_NAME))]
    manifests = {m.fingerprint: m for m in map(read_manifest, sorted(folders))}
    stores = []
    for kept in manifests.values():
        if is_made_by(kept, RecordKept):
            signed = manifests.get(kept.inputs[0])
            if signed is None or not is_whole(signed) or not is_whole(kept):
                raise UserError(f"{place}: signatures are missing; run its command again to make them")
            stores.append(SignatureStore(place, signed, kept))
    return stores


class AgainstOptions(Record):
    """Earlier runs that documents are compared with too."""

    against: tuple[Location, ...] = Field(
        (), description="runs of earlier near dedups: what is like a document that they kept is removed"
    )


class Against(AgainstOptions, Stage[Params], Generic[Params]):
    """A stage that also reads the stores of earlier runs."""

    def stores(self) -> list[SignatureStore]:
        """The stores, in the order in which they are given."""
        return open_stores(self.against)

    def dependencies(self) -> list[str]:
        """Fingerprints of the stores."""
        return [store.kept.fingerprint for store in self.stores()]


class StoreParams(Record):
    """What a task must know of a store: its bands, which of its documents were kept, its first shard's number."""

    first_shard: int
    bands: Exchange
    kept: FinishedFiles


def stored_params(stores: Sequence[SignatureStore], first_shard: int) -> tuple[StoreParams, ...]:
    """The stores with their shards numbered from `first_shard` on."""
    params = []
    for store in stores:
        (kept,) = FinishedFiles.of(store.kept, TABLE)
        params.append(StoreParams(first_shard=first_shard, bands=Exchange.of(store.signed), kept=kept))
        first_shard += store.num_shards
    return tuple(params)


def renumber_kept(
    batches: Iterable[pa.RecordBatch], first_shard: int, kept_files: FinishedFiles
) -> Iterator[pa.RecordBatch]:
    """Bands of a store: those of documents that were kept, with the shard's number here.

    Neighbours are of the same shards, so what was kept is held for those of the last batch alone.
    """
    held: dict[int, npt.NDArray[np.bool_]] = {}
    for batch in batches:
        if batch.num_rows == 0:
            continue
        nodes = batch.column("node").to_numpy()
        shards, rows = split_nodes(nodes)
        stays = np.zeros(len(nodes), bool)
        wanted = np.unique(shards).tolist()
        held = {shard: held[shard] if shard in held else _kept(kept_files, shard) for shard in wanted}
        for shard, kept in held.items():
            of_shard = shards == shard
            stays[of_shard] = kept[rows[of_shard]]
        place = batch.schema.get_field_index("node")
        here = pa.array(nodes + np.uint64(first_shard << 32))
        yield batch.set_column(place, "node", here).filter(pa.array(stays))


def _kept(files: FinishedFiles, shard: int) -> npt.NDArray[np.bool_]:
    """Which documents of a shard were kept."""
    tables = [part.column("kept") for part in read_batches([files.read()[shard].uri])]
    kept: npt.NDArray[np.bool_] = pa.chunked_array(tables, pa.bool_()).to_numpy()
    return kept
