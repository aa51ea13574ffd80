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
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.documents import text_lengths_bytes
from stages.core.exchange import Exchange, destination_of, num_destinations
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Verb, Wiring
from stages.core.writer import TaskWriter
from stages.dedup.columns import (
    DESTINATION_BYTES,
    PriorityOptions,
    ShardParams,
    check_priority,
    node_ids,
    num_shards,
    pack_words,
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
    VerifyOptions,
    edge_batch,
    sketches_of,
)
from stages.dedup.near.store import (
    Against,
    AgainstOptions,
    RecordKept,
    StoreParams,
    renumber_kept,
    stored_params,
)
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


class SigningOptions(Record):
    """How a document is signed: signatures compare only when they are made alike."""

    shingle_words: int = Field(5, ge=1, description="words in a shingle")
    bands: int = Field(14, ge=1, description="bands of a signature")
    band_rows: int = Field(8, ge=1, description="hashes in a band")
    seed: int = Field(1, ge=0, description="seed of the hash permutations")


class SignParams(ShardParams):
    """A shard, and into how many ranges its bands go."""

    destinations: int


class SignDocuments(SigningOptions, PriorityOptions, Stage[SignParams]):
    """Shard -> band keys of its documents by key range, and the table of signed documents."""

    stage_name: ClassVar[str] = "near_sign"
    version: ClassVar[int] = 2
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[SignParams]]:
        """One task per document shard."""
        (documents,) = inputs
        check_priority(self.priority, documents)
        count = _destinations(documents.documents_out, self.bands)
        return shard_tasks(documents, lambda shard: SignParams(shard=shard, destinations=count))

    def run(self, task: Task[SignParams]) -> ShardReport:
        """Sign every document of the shard; one without words has no band and is never a duplicate."""
        num_hashes = self.bands * self.band_rows
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(BANDS_SCHEMA, task.params.destinations)
            table = out.table(f"signed-{task.id}", SIGNED_SCHEMA)
            start = 0
            for batch in out.read(task.inputs, ["id", "source", "text"]):
                signatures = sign(batch.column("text"), self.shingle_words, num_hashes, self.seed)
                nodes = node_ids(task.params.shard, start, batch.num_rows)
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
                exchange.send(pa.RecordBatch.from_arrays(rows, schema=BANDS_SCHEMA), keys)
                start += batch.num_rows
                out.pass_on(batch.num_rows)
        return out.report


class MatchBandsParams(Record):
    """Part `part` of `parts` of all bands, those of the stores among them; new documents are in the first `shards`."""

    bands: Exchange
    part: int
    parts: int
    shards: int
    stores: tuple[StoreParams, ...]


class MatchedBands(Record):
    """Bands that several documents share, and the edges between similar documents that came of them."""

    shared_bands: int
    edges: int


class MatchBands(SigningOptions, Against[MatchBandsParams]):
    """Range of band keys -> edges between similar documents that share one. Inputs: bands, documents."""

    stage_name: ClassVar[str] = "near_match"

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

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[MatchBandsParams]]:
        """One task per range: more of them than the bands were written for, where stores bring more."""
        bands, documents = Exchange.of(inputs[0]), inputs[1]
        if not bands.destinations:
            return []
        stores = self.stores()
        stored_rows = sum(store.signed.documents_out for store in stores)
        parts = bands.destinations
        if stored_rows:
            parts = _destinations(documents.documents_out + stored_rows, self.bands)
        shards = num_shards(documents)
        stored = stored_params(stores, shards)
        return [
            Task(
                task_id(part),
                (),
                MatchBandsParams(bands=bands, part=part, parts=parts, shards=shards, stores=stored),
            )
            for part in range(parts)
        ]

    def run(self, task: Task[MatchBandsParams]) -> ShardReport:
        """Sort the range into buckets and link what is similar inside each."""
        with TaskWriter(task, self.stage_name) as out:
            bands = pa.Table.from_batches(_bands_of(out, task.params), BANDS_SCHEMA)
            rows = shared_bands(bands, task.params.shards)
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
            out.facts = MatchedBands(shared_bands=rows.num_rows, edges=len(one))
        return out.report


def _bands_of(out: TaskWriter, params: MatchBandsParams) -> Iterator[pa.RecordBatch]:
    """The bands of the task's range: those of the documents, and those of stored documents that were kept."""
    part, parts = params.part, params.parts
    yield from out.received(params.bands, _in_part(params.bands, part, parts))
    for store in params.stores:
        yield from renumber_kept(_in_part(store.bands, part, parts), store.first_shard, store.kept)


def _in_part(bands: Exchange, part: int, parts: int) -> Iterator[pa.RecordBatch]:
    """The rows whose band key lies in the part, whatever number of parts they were written for."""
    for batch in bands.read_part(part, parts):
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


class DedupNear(SigningOptions, VerifyOptions, PriorityOptions, AgainstOptions, Verb):
    """Remove documents that are nearly equal to another one."""

    verb: ClassVar[str] = "dedup_near"

    threshold: float | None = Field(
        None, gt=0, lt=1, description="similarity to cut at: bands and rows are then chosen for it"
    )
    num_hashes: int = Field(112, ge=8, description="hashes of a signature, when `threshold` is given")

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

    def wire(self, wiring: Wiring, documents: str) -> str:
        """sign -> match -> merge -> cluster -> label -> decide -> store -> remove."""
        bands, rows = self.banding()
        cut = self.threshold or (1 / bands) ** (1 / rows)
        margin = cut - BAND_MARGIN if self.verify else UNVERIFIED
        banding = {"bands": bands, "band_rows": rows}
        signed = wiring.add(self.stage(SignDocuments, **banding), documents)
        edges = wiring.add(self.stage(MatchBands, threshold=margin, **banding), signed, documents)
        forests = wiring.add(MergeForests(), edges)
        labels = wiring.add(self.stage(ClusterEdges), forests, documents)
        members = wiring.add(self.stage(LabelDocuments), labels, signed, documents)
        removals = wiring.add(self.stage(DecideClusters, threshold=cut), members, documents)
        wiring.add(RecordKept(), signed, removals, documents)
        return wiring.add(RemoveDocuments(), documents, removals)
