"""Documents in, documents without near duplicates out: MinHash LSH over word shingles (Broder 1997).

sign (shard -> band keys by key range, and a table of signed documents) -> match (range -> verified edges)
-> merge (edges -> fewer forests) -> cluster (edges -> components by shard) -> label (shard -> members by
component) -> decide (components -> removals by shard) -> store (which documents are kept) -> remove. The
keeper is chosen by source priority, then length, then id, never by arrival; every document that is removed
has a kept partner that is similar enough by its own sketch. With `against`, documents that earlier runs
kept are compared too, by the signatures that those runs left; they come before all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from stages.core.documents import SOURCES, text_lengths_bytes
from stages.core.exchange import destination_of, num_destinations, read_range
from stages.core.parquet import ParquetWriter
from stages.core.stage import DOCUMENTS, EXCHANGE, TABLE, Manifest, ShardReport, Stage, Task
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    SpillingExchange,
    check_priority,
    node_ids,
    pack_words,
    range_tasks,
    shard_tasks,
    source_places,
)
from stages.dedup.near.clusters import (
    EDGES_SCHEMA,
    SIGNED_SCHEMA,
    ClusterEdges,
    DecideClusters,
    LabelDocuments,
    MergeForests,
    edge_batch,
    sketches_of,
)
from stages.dedup.near.store import Against, RecordKept, renumber_kept, stored_params
from stages.dedup.remove import RemoveDocuments
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.sketch.buckets import link_buckets
from stages.kernels.sketch.minhash import BAND_BINS, band_keys, sign
from stages.kernels.sketch.union_find import forest

MAX_LEADERS = 16
UNVERIFIED = -1.0

BAND_MARGIN = 0.1
"""How far below the threshold a band's sketch may be: three times its error, so that it loses no pair that the
document's sketch would find."""


BANDS_SCHEMA = pa.schema(
    [
        ("key", pa.uint64()),
        ("order", pa.uint64()),
        ("node", pa.uint64()),
        ("sketch", pa.binary(BAND_BINS // 4)),
    ]
)
"""A band: its key, and the document's order among others (hash of the id), number and sketch."""

BAND_BYTES = 24 + BAND_BINS // 4


def _destinations(num_documents: int, bands: int) -> int:
    return num_destinations(num_documents * bands * BAND_BYTES, DESTINATION_BYTES)


class SignDocuments(Stage):
    """Shard -> band keys of its documents by key range, and the table of signed documents."""

    stage_name: ClassVar[str] = "near_sign"
    version: ClassVar[int] = 2

    shingle_words: int = Field(5, ge=1)
    bands: int = Field(14, ge=1)
    band_rows: int = Field(8, ge=1)
    priority: tuple[str, ...] = SOURCES
    seed: int = 1

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        (documents,) = inputs
        check_priority(self.priority, documents)
        count = _destinations(documents.documents_out, self.bands)
        return shard_tasks(documents, destinations=count)

    def run(self, task: Task) -> ShardReport:
        """Sign every document of the shard; one without words has no band and is never a duplicate."""
        num_hashes = self.bands * self.band_rows
        count, shard = task.params["destinations"], task.params["shard"]
        with TaskWriter(task, self.stage_name) as out:
            exchange = SpillingExchange(out, BANDS_SCHEMA, count)
            table = ParquetWriter(task.output, f"signed-{task.id}.parquet", SIGNED_SCHEMA)
            start = 0
            try:
                for batch in out.read(task.inputs, ["id", "source", "text"]):
                    signatures = sign(batch.column("text"), self.shingle_words, num_hashes, self.seed)
                    nodes = node_ids(shard, start, batch.num_rows)
                    columns = [
                        batch.column("id"),
                        source_places(batch.column("source"), self.priority),
                        text_lengths_bytes(batch.column("text")),
                        pack_words(signatures.documents),
                    ]
                    table.write(pa.Table.from_arrays(columns, schema=SIGNED_SCHEMA))
                    keys = band_keys(signatures.values, self.bands, self.band_rows)[signatures.any].ravel()
                    places = np.repeat(np.flatnonzero(signatures.any), self.bands)
                    order = hash_strings(batch.column("id"))
                    rows = [pa.array(keys), pa.array(order[places]), pa.array(nodes[places])]
                    rows.append(pack_words(signatures.bands[places]))
                    bands = pa.RecordBatch.from_arrays(rows, schema=BANDS_SCHEMA)
                    exchange.write(bands, destination_of(keys, count))
                    start += batch.num_rows
                    out.pass_on(batch.num_rows)
            except BaseException as error:
                table.abandon(error)
                raise
            exchange.finish()
            out.add_file(table.finish(TABLE))
        return out.report


class MatchBands(Against):
    """Range of band keys -> edges between similar documents that share one. Inputs: bands, documents."""

    stage_name: ClassVar[str] = "near_match"

    shingle_words: int = Field(5, ge=1)
    bands: int = Field(14, ge=1)
    band_rows: int = Field(8, ge=1)
    seed: int = 1
    threshold: float = UNVERIFIED

    def dependencies(self) -> list[str]:
        """The stores, whose signatures must have been made as these are."""
        for store in self.stores():
            store.require(
                SignDocuments.version,
                shingle_words=self.shingle_words,
                bands=self.bands,
                band_rows=self.band_rows,
                seed=self.seed,
            )
        return super().dependencies()

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per range."""
        bands, documents = inputs
        stores = self.stores()
        rows = documents.documents_out + sum(store.signed.documents_out for store in stores)
        parts = _destinations(rows, self.bands)
        shards = len(documents.of_kind(DOCUMENTS))
        stored = stored_params(stores, shards)
        return range_tasks(bands.uris(EXCHANGE), parts, parts=parts, shards=shards, stores=stored)

    def run(self, task: Task) -> ShardReport:
        """Sort the range into buckets and link what is similar inside each."""
        with TaskWriter(task, self.stage_name) as out:
            rows = shared_bands(pa.Table.from_batches(_bands_of(task), BANDS_SCHEMA), task.params["shards"])
            one, other = link_buckets(
                rows.column("key").to_numpy(),
                rows.column("node").to_numpy(),
                sketches_of(rows),
                self.threshold,
                MAX_LEADERS,
            )
            one, other = forest(one, other)
            exchange = out.exchange(EDGES_SCHEMA, 1)
            exchange.write(edge_batch(one, other), np.zeros(len(one), np.int64))
            out.facts = {"shared_bands": rows.num_rows, "edges": len(one)}
        return out.report


def _bands_of(task: Task) -> Iterator[pa.RecordBatch]:
    """The bands of the task's range: those of the documents, and those of stored documents that were kept."""
    part, parts = task.params["destination"], task.params["parts"]
    for uri in task.inputs:
        yield from _in_part(uri, part, parts)
    for store in task.params["stores"]:
        for uri in store["bands"]:
            yield from renumber_kept(_in_part(uri, part, parts), store["first_shard"], store["kept"])


def _in_part(uri: str, part: int, parts: int) -> Iterator[pa.RecordBatch]:
    for batch in read_range(uri, part, parts):
        inside = destination_of(batch.column("key").to_numpy(), parts) == part
        yield batch if inside.all() else batch.filter(pa.array(inside))


def shared_bands(rows: pa.Table, num_shards: int) -> pa.Table:
    """The bands of buckets (equal key) of several documents, at least one of them new: its shard is below `num_shards`.

    Sorted by key; inside, stored documents come first, then by the documents' order.
    """
    keys = rows.column("key").to_numpy()
    places = np.argsort(keys, kind="stable")
    ordered = keys[places]
    is_new = rows.column("node").to_numpy()[places] < np.uint64(num_shards << 32)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(keys)])
    sizes = np.diff(starts, append=len(keys))
    wanted = (sizes > 1) & np.logical_or.reduceat(is_new, starts) if len(keys) else sizes > 1
    shared = np.repeat(wanted, sizes)
    rows = rows.take(pa.array(places[shared])).append_column("is_new", pa.array(is_new[shared]))
    by = [(name, "ascending") for name in ("key", "is_new", "order")]
    return rows.take(pc.sort_indices(rows, by)).combine_chunks()


class DedupNear(BaseModel):
    """Remove documents that are nearly equal to another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shingle_words: int = Field(5, ge=1, description="words in a shingle")
    bands: int = Field(14, ge=1, description="bands of a signature")
    band_rows: int = Field(8, ge=1, description="hashes in a band")
    threshold: float | None = Field(
        None, gt=0, lt=1, description="similarity to cut at: bands and rows are then chosen for it"
    )
    num_hashes: int = Field(112, ge=8, description="hashes of a signature, when `threshold` is given")
    verify: bool = Field(
        True, description="compare candidates by their signatures, so that clusters do not chain"
    )
    priority: tuple[str, ...] = Field(SOURCES, description="the source whose copy is kept comes first")
    seed: int = Field(1, ge=0, description="seed of the hash permutations")
    against: tuple[str, ...] = Field(
        (), description="runs of earlier near dedups: what is like a document that they kept is removed"
    )

    def banding(self) -> tuple[int, int]:
        """(bands, rows in a band): as given, or what datasketch's optimiser finds for `threshold`.

        Verification takes out what is not similar enough, so with it a missed pair counts nineteen times a
        false one.
        """
        if self.threshold is None:
            return self.bands, self.band_rows
        from datasketch import MinHashLSH  # imported on use: it pulls in SciPy

        weights = (0.05, 0.95) if self.verify else (0.5, 0.5)
        chosen = MinHashLSH(threshold=self.threshold, num_perm=self.num_hashes, weights=weights)
        return chosen.b, chosen.r

    def steps(self) -> list[Step]:
        """sign -> match -> merge -> cluster -> label -> decide -> store -> remove."""
        bands, rows = self.banding()
        cut = self.threshold or (1 / bands) ** (1 / rows)
        made: dict[str, Any] = {
            "shingle_words": self.shingle_words,
            "bands": bands,
            "band_rows": rows,
            "seed": self.seed,
        }
        match = MatchBands(
            threshold=cut - BAND_MARGIN if self.verify else UNVERIFIED, against=self.against, **made
        )
        return [
            Step(SignDocuments(priority=self.priority, **made), (0,)),
            Step(match, (1, 0)),
            Step(MergeForests(), (2,)),
            Step(ClusterEdges(against=self.against), (3, 0)),
            Step(LabelDocuments(against=self.against), (4, 1, 0)),
            Step(DecideClusters(threshold=cut, verify=self.verify), (5, 0)),
            Step(RecordKept(), (1, 6, 0)),
            Step(RemoveDocuments(), (0, 6)),
        ]
