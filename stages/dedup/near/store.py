"""Finished near dedups in, their signatures as a store out, with which a later one compares new documents.

A near dedup leaves its band keys, its table of signed documents, and here which of these were kept. A later
one reads them as they are: nothing is signed again, and nothing that is published already is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from stages.core import storage
from stages.core.errors import UserError
from stages.core.exchange import read_destination
from stages.core.parquet import read_batches, write_table
from stages.core.stage import (
    EXCHANGE,
    MANIFEST_NAME,
    TABLE,
    Manifest,
    ShardReport,
    Stage,
    Task,
    read_manifest,
)
from stages.core.writer import TaskWriter
from stages.dedup.columns import shard_tasks, split_nodes

SIGN_STAGE = "near_sign"
KEPT_STAGE = "near_store"
KEPT_SCHEMA = pa.schema([("kept", pa.bool_())])
"""A row for each document of a shard, in order."""


class RecordKept(Stage):
    """Shard -> which of its documents are kept. Inputs: signed documents, removals, documents."""

    stage_name: ClassVar[str] = KEPT_STAGE

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        signed, removals, documents = inputs
        tasks = shard_tasks(documents, removals=removals.uris(EXCHANGE))
        rows = [file.rows for file in signed.of_kind(TABLE)]
        return [
            Task(task.id, (), {**task.params, "rows": count}) for task, count in zip(tasks, rows, strict=True)
        ]

    def run(self, task: Task) -> ShardReport:
        """All rows but those that are removed."""
        kept = np.ones(task.params["rows"], bool)
        for batch in read_destination(task.params["removals"], task.params["shard"]):
            kept[batch.column("row").to_numpy()] = False
        table = pa.table({"kept": kept}, schema=KEPT_SCHEMA)
        with TaskWriter(task, self.stage_name) as out:
            out.add_file(write_table(task.output, f"kept-{task.id}.parquet", [table], KEPT_SCHEMA, TABLE))
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
        if kept.stage == KEPT_STAGE:
            signed = manifests.get(kept.inputs[0])
            if signed is None or not _is_whole(signed) or not _is_whole(kept):
                raise UserError(f"{place}: signatures are missing; run its command again to make them")
            stores.append(SignatureStore(place, signed, kept))
    return stores


def _is_whole(manifest: Manifest) -> bool:
    names = set(storage.list_names(manifest.folder))
    return all(file.name in names for file in manifest.files)


class Against(Stage):
    """A stage that also reads the stores of earlier runs."""

    location_fields: ClassVar[Mapping[str, Any]] = {"against": True}

    against: tuple[str, ...] = ()

    def stores(self) -> list[SignatureStore]:
        """The stores, in the order in which they are given."""
        return open_stores(self.against)

    def dependencies(self) -> list[str]:
        """Fingerprints of the stores."""
        return [store.kept.fingerprint for store in self.stores()]


def stored_params(stores: Sequence[SignatureStore], first_shard: int) -> list[dict[str, Any]]:
    """What a task must know of stores whose shards are numbered from `first_shard` on."""
    params = []
    for store in stores:
        uris = {"bands": store.signed.uris(EXCHANGE), "kept": store.kept.uris(TABLE)}
        params.append({"first_shard": first_shard, **uris})
        first_shard += store.num_shards
    return params


def renumber_kept(
    batches: Iterator[pa.RecordBatch], first_shard: int, kept_uris: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Bands of one shard of a store: those of documents that were kept, with the shard's number here."""
    kept = None
    for batch in batches:
        if batch.num_rows == 0:
            continue
        nodes = batch.column("node").to_numpy()
        shards, rows = split_nodes(nodes)
        if kept is None:
            tables = [part.column("kept") for part in read_batches([kept_uris[shards[0]]])]
            kept = pa.chunked_array(tables).to_numpy()
        place = batch.schema.get_field_index("node")
        here = pa.array(nodes + np.uint64(first_shard << 32))
        yield batch.set_column(place, "node", here).filter(pa.array(kept[rows]))
